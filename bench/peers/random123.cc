// Random123's Philox, one block after the other: the same generator as Fallow's, as its own authors wrote it.
#include <Random123/philox.h>
#include <benchmark/benchmark.h>

#include <cstring>

#include "bench/peers/peers.h"
#include "bench/peers/philox_rows.h"

namespace fallow::bench {
namespace {

using Philox = r123::Philox4x32;

// Block i of a stream.
Philox::ctr_type Block(std::uint64_t i, std::uint64_t stream) {
  const auto lo = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
  return Philox()({{lo(i), lo(i >> 32), lo(stream), lo(stream >> 32)}}, {{1, 0}});
}

Status Words(const Case& c, Buffers& b, std::uint64_t iteration) {
  for (std::size_t i = 0; i < c.n; i += 4) {
    const Philox::ctr_type block = Block(i / 4, iteration);
    std::memcpy(b.y_f32() + i, block.v, sizeof(block.v));
  }
  return {};
}

// A word an element against the threshold.
Status MaskBits(const Case& c, Buffers& b, std::uint64_t iteration) {
  const auto threshold = static_cast<std::uint32_t>(c.rate.threshold());
  for (std::size_t i = 0; i < c.n; i += 8) {
    std::uint32_t bits = 0;
    for (std::size_t half = 0; half < 2; ++half) {
      const Philox::ctr_type block = Block(i / 4 + half, iteration);
      for (std::size_t w = 0; w < 4; ++w) bits |= std::uint32_t{block[w] < threshold} << (4 * half + w);
    }
    b.mask()[i / 8] = static_cast<std::uint8_t>(bits);
  }
  return {};
}

}  // namespace

void RegisterRandom123() {
  benchmark::AddCustomContext("peer_Random123", "found; its headers name no version");
  RegisterPhilox("Random123", Words, MaskBits);
}

}  // namespace fallow::bench
