#include "runtime/initial_values.h"

#include <algorithm>
#include <cassert>

#include "fallow/mask.h"
#include "fallow/philox.h"
#include "fallow/random.h"

namespace fallow::nn {
namespace {

// The stream of initial parameters: a layer index that no model reaches keeps it apart from all dropout masks.
constexpr std::uint64_t kInitialStream = 0xFFFFFF;

// Element i from word i % 4 of Philox block i / 4, counted from `first_block`.
void Fill(std::uint64_t seed, std::size_t index, std::uint64_t first_block, double limit, std::span<float> values) {
  const std::uint64_t stream = StreamOf(kInitialStream, index);
  const auto lo = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
  const auto hi = [](std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); };
  for (std::size_t i = 0; i < values.size(); i += 4) {
    const std::uint64_t block = first_block + i / 4;
    const auto words = Philox4x32({lo(block), hi(block), lo(stream), hi(stream)}, {lo(seed), hi(seed)}, Rounds::k10);
    for (std::size_t j = i; j < std::min(i + 4, values.size()); ++j) {
      const double unit = (words[j % 4] + 0.5) * 0x1p-31 - 1.0;
      values[j] = static_cast<float>(limit * unit);
    }
  }
}

}  // namespace

void FillUniform(std::uint64_t seed, std::size_t index, double limit, std::span<Parameter> parameters) {
  std::uint64_t block = 0;
  for (Parameter& parameter : parameters) {
    Fill(seed, index, block, limit, parameter.value.values());
    block += std::uint64_t{1} << 62;  // No array is as long.
  }
}

void FillNormal(std::uint64_t seed, std::size_t index, std::span<float> values) {
  [[maybe_unused]] const Status status =
      GenerateNormals({.seed = seed, .stream = StreamOf(kInitialStream, index)}, values);
  assert(status.ok());
}

}  // namespace fallow::nn
