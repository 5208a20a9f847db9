// The standard library's Philox, C++26.
#include <benchmark/benchmark.h>

#include <random>

#include "bench/peers/peers.h"
#include "bench/peers/philox_rows.h"

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
  RegisterPhilox("StdPhilox", Words, MaskBits);
}

}  // namespace fallow::bench
