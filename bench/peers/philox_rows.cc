#include "bench/peers/philox_rows.h"

#include <cstring>

#include "bench/check.h"
#include "bench/grid.h"
#include "bench/some_dropout.h"

namespace fallow::bench {
namespace {

// Those of stream 0.
bool AreWords(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    for (std::size_t i = first; i < first + count; i += 4) {
      const auto block = oracle::Philox4x32({static_cast<std::uint32_t>(i / 4), 0, 0, 0}, {1, 0}, 10);
      if (std::memcmp(b.y_f32() + i, block.data(), sizeof(block)) != 0) return false;
    }
    return true;
  });
}

}  // namespace

void RegisterPhilox(const std::string& peer, Operation words, Operation mask) {
  const Execution alone{.max_threads = 1};
  for (const std::size_t n : kSizes) {
    RegisterPeerRow(peer, "GenerateUniformBits", {n, alone, ""}, 4, words, AreWords);
    for (const char* rate : kRates) {
      RegisterPeerRow(peer, "GenerateMask", {n, alone, rate}, 0.125, mask, IsSomeMask);
    }
  }
}

}  // namespace fallow::bench
