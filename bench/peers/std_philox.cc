// The standard library's Philox, C++26.
#include <benchmark/benchmark.h>

#include <random>

#include "bench/grid.h"
#include "bench/peers/peers.h"
#include "fallow/philox.h"

namespace fallow::bench {
namespace {

std::philox4x32 EngineOf(std::uint64_t stream) {
  std::philox4x32 engine(1);
  const auto lo = [](std::uint64_t v) { return static_cast<std::philox4x32::result_type>(v & 0xFFFFFFFF); };
  engine.set_counter({lo(stream >> 32), lo(stream), 0, 0});  // The most significant word first.
  return engine;
}

Status Words(const Case& c, Buffers& b, std::uint64_t iteration) {
  std::philox4x32 engine = EngineOf(iteration);
  auto* words = reinterpret_cast<std::uint32_t*>(b.y_f32());
  for (std::size_t i = 0; i < c.n; ++i) words[i] = static_cast<std::uint32_t>(engine());
  return {};
}

// Against the scalar specification of Fallow's Philox.
bool AreWords(const Case& c, Buffers& b) {
  const auto* words = reinterpret_cast<const std::uint32_t*>(b.y_f32());
  for (std::uint32_t i = 0; i < c.n; i += 4 * static_cast<std::uint32_t>(c.n / 4096)) {
    const auto block = Philox4x32({i / 4, 0, 0, 0}, {1, 0}, Rounds::k10);
    for (std::size_t w = 0; w < 4; ++w) {
      if (words[i + w] != block[w]) return false;
    }
  }
  return true;
}

Status MaskBits(const Case& c, Buffers& b, std::uint64_t iteration) {
  std::philox4x32 engine = EngineOf(iteration);
  for (std::uint8_t& byte : b.mask()) {
    std::uint32_t bits = 0;
    for (std::uint32_t bit = 0; bit < 8; ++bit) bits |= std::uint32_t{engine() < c.rate.threshold()} << bit;
    byte = static_cast<std::uint8_t>(bits);
  }
  return {};
}

}  // namespace

void RegisterStdPhilox() {
  benchmark::AddCustomContext("peer_StdPhilox", std::to_string(__cpp_lib_philox_engine));
  const Execution alone{.max_threads = 1};
  for (const std::size_t n : kSizes) {
    RegisterPeerRow("StdPhilox", "GenerateUniformBits", {n, alone, ""}, 4, Words, AreWords);
    for (const char* rate : kRates) {
      RegisterPeerRow("StdPhilox", "GenerateMask", {n, alone, rate}, 0.125, MaskBits, IsSomeMask);
    }
  }
}

}  // namespace fallow::bench
