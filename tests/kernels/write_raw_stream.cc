// Writes the random bits under the masks to standard output, without end, for a test battery (dieharder_test.sh).
//
// Usage: write_raw_stream ORDER ROUNDS
//   ORDER    in which Philox outputs follow each other, 16 bytes each:
//     blocks   plane 0 of consecutive blocks: down a tensor, as p = 0.5 sees it
//     planes   all 32 planes of a block, then the next block: the uniforms that other rates are compared with
//     steps    the first block of consecutive streams: one element from training step to training step
//     seeds    the first block of consecutive seeds
//   ROUNDS   7 or 10
#include <array>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "fallow/mask.h"
#include "fallow/philox.h"

namespace {

using fallow::Rounds;
using Words = std::array<std::uint32_t, 4>;

constexpr std::uint64_t kSeed = 2026;
constexpr std::uint64_t kStream = fallow::StreamOf(1, 1);

std::uint32_t Low(std::uint64_t v) { return static_cast<std::uint32_t>(v); }
std::uint32_t High(std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); }

// As the mask contract puts them into counter and key.
Words Output(std::uint64_t block, std::uint32_t plane, std::uint64_t stream, std::uint64_t seed, Rounds rounds) {
  return fallow::Philox4x32({Low(block), High(block) | plane << 26, Low(stream), High(stream)}, {Low(seed), High(seed)},
                            rounds);
}

Words OfBlocks(std::uint64_t i, Rounds rounds) { return Output(i, 0, kStream, kSeed, rounds); }
Words OfPlanes(std::uint64_t i, Rounds rounds) { return Output(i / 32, i % 32, kStream, kSeed, rounds); }
Words OfSteps(std::uint64_t i, Rounds rounds) { return Output(0, 0, kStream + i, kSeed, rounds); }
Words OfSeeds(std::uint64_t i, Rounds rounds) { return Output(0, 0, kStream, i, rounds); }

using Order = Words (*)(std::uint64_t i, Rounds rounds);

Order FindOrder(std::string_view name) {
  if (name == "blocks") return OfBlocks;
  if (name == "planes") return OfPlanes;
  if (name == "steps") return OfSteps;
  if (name == "seeds") return OfSeeds;
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  const Order order = argc == 3 ? FindOrder(argv[1]) : nullptr;
  const std::string_view rounds = argc == 3 ? argv[2] : "";
  if (order == nullptr || (rounds != "7" && rounds != "10")) {
    std::fputs("Usage: write_raw_stream blocks|planes|steps|seeds 7|10\n", stderr);
    return 2;
  }
  std::array<Words, 4096> buffer;
  for (std::uint64_t i = 0;; i += buffer.size()) {
    for (std::uint64_t j = 0; j < buffer.size(); ++j) {
      buffer[j] = order(i + j, rounds == "7" ? Rounds::k7 : Rounds::k10);
    }
    // Until the reader has had enough.
    if (std::fwrite(buffer.data(), sizeof(buffer), 1, stdout) != 1) return 0;
  }
}
