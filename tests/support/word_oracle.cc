#include "tests/support/word_oracle.h"

#include <algorithm>
#include <limits>

namespace fallow::oracle {
namespace {

constexpr std::uint64_t kTwoTo32 = std::uint64_t{1} << 32;

std::uint32_t Low(std::uint64_t v) { return static_cast<std::uint32_t>(v % kTwoTo32); }
std::uint32_t High(std::uint64_t v) { return static_cast<std::uint32_t>(v / kTwoTo32); }

std::uint32_t RotatedLeft(std::uint32_t v, int bits) { return v << bits | v >> (32 - bits); }

// A 128-bit counter, least significant word first, `n` further on.
std::array<std::uint32_t, 4> Advanced(std::array<std::uint32_t, 4> counter, std::uint64_t n) {
  const std::uint32_t steps[] = {Low(n), High(n), 0, 0};
  std::uint64_t carry = 0;
  for (std::size_t k = 0; k < 4; ++k) {
    const std::uint64_t sum = std::uint64_t{counter[k]} + steps[k] + carry;
    counter[k] = Low(sum);
    carry = High(sum);
  }
  return counter;
}

// A float in [1, 2) with these 23 bits after the point, less 1.
float OnePointBitsLessOne(std::uint32_t bits) { return (1.0f + static_cast<float>(bits) * 0x1p-23f) - 1.0f; }

// Python computes 1 - p in double; the arrays it is compared with are float.
float KeepProbability(double p) { return static_cast<float>(1.0 - p); }

}  // namespace

std::array<std::uint32_t, 2> Threefry2x32(const std::array<std::uint32_t, 2>& counter,
                                          const std::array<std::uint32_t, 2>& key, int rounds) {
  // The paper's form: rounds d = 0, 1, ..., and key number s injected before round 4s and after the last one.
  constexpr int kRotations[] = {13, 15, 26, 6, 17, 29, 16, 24};
  const std::array<std::uint32_t, 3> k = {key[0], key[1], key[0] ^ key[1] ^ 0x1BD11BDA};
  auto [y0, y1] = counter;
  for (int d = 0; d <= rounds; ++d) {
    if (d % 4 == 0) {
      const auto s = static_cast<std::uint32_t>(d / 4);
      y0 += k[s % 3];
      y1 += k[(s + 1) % 3] + s;
    }
    if (d == rounds) break;
    y0 += y1;
    y1 = RotatedLeft(y1, kRotations[d % 8]) ^ y0;
  }
  return {y0, y1};
}

std::uint32_t NativeWord(std::uint64_t seed, std::uint64_t stream, int rounds, std::uint64_t index) {
  const std::uint64_t block = index / 4;
  return Philox4x32({Low(block), High(block) + 0x80000000, Low(stream), High(stream)}, {Low(seed), High(seed)},
                    rounds)[index % 4];
}

std::uint32_t CurandWord(std::uint64_t seed, std::uint64_t subsequence, std::uint64_t index) {
  const auto counter = Advanced({0, 0, Low(subsequence), High(subsequence)}, index / 4);
  return Philox4x32(counter, {Low(seed), High(seed)}, 10)[index % 4];
}

std::uint32_t PyTorchStatelessWord(std::uint64_t seed, std::uint64_t offset, std::uint64_t index) {
  const std::uint64_t call = offset + index / 4;
  return Philox4x32({Low(call), High(call), 0, 0}, {Low(seed), High(seed)}, 10)[index % 4];
}

std::uint32_t OneDnnWord(std::uint64_t seed, std::uint64_t offset, std::uint64_t index) {
  const std::uint64_t aligned = index - index % 4;
  return Philox4x32({Low(offset), High(offset), Low(aligned), High(aligned)}, {Low(seed), High(seed)}, 10)[index % 4];
}

std::uint32_t OneDnn36Word(std::uint32_t seed, std::uint64_t index) {
  const std::uint32_t aligned = Low(index) - Low(index) % 4;
  return Philox4x32({aligned, aligned + 1, aligned + 2, aligned + 3}, {seed, seed}, 10)[index % 4];
}

std::uint32_t TensorFlowWord(std::uint64_t seed0, std::uint64_t seed1, std::uint64_t index) {
  const auto mixed = Philox4x32({Low(seed0), High(seed0), Low(seed1), High(seed1)}, {0x3EC8F720, 0x02461E29}, 10);
  return Philox4x32(Advanced({0, 0, mixed[2], mixed[3]}, index / 4), {mixed[0], mixed[1]}, 10)[index % 4];
}

std::uint32_t JaxWord(std::uint64_t key, std::uint64_t index) {
  const auto [a, b] = Threefry2x32({High(index), Low(index)}, {High(key), Low(key)}, 20);
  return a ^ b;
}

bool CurandKeeps(std::uint32_t word, double p) {
  if (p == 0.0) return true;
  // As one multiplication and one addition, or as a fused one: the product is exact.
  const float uniform = static_cast<float>(word) * 0x1p-32f + 0x1p-33f;
  return uniform < static_cast<float>(1.0 - p);
}

bool PyTorchStatelessKeeps(std::uint32_t word, double p) {
  const float uniform = static_cast<float>(word & ((1u << 24) - 1)) * (1.0f / (1u << 24));
  return uniform < KeepProbability(p);
}

bool OneDnnKeeps(std::uint32_t word, double p) {
  const float probability = std::max(std::min(static_cast<float>(p), 1.0f), 0.0f);
  return word > double{std::numeric_limits<std::uint32_t>::max()} * probability;
}

bool TensorFlowKeeps(std::uint32_t word, double p) {
  return OnePointBitsLessOne(word & 0x7FFFFF) >= static_cast<float>(p);
}

bool JaxKeeps(std::uint32_t word, double p) { return OnePointBitsLessOne(word >> 9) < KeepProbability(p); }

}  // namespace fallow::oracle
