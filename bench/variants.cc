// Rows of the variants of dropout. Feature alpha dropout is AlphaDropoutForward with another mask, DropConnect is
// DropoutForward on weights.
#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/register.h"
#include "bench/row.h"
#include "fallow/alpha_dropout.h"
#include "fallow/drop_block.h"
#include "fallow/monte_carlo.h"
#include "fallow/zoneout.h"

namespace fallow::bench {
namespace {

constexpr std::size_t kSizes[] = {65536, 64 << 20};

// Some thousand elements against the scalar specification.
bool IsZoneout(const Case& c, Buffers& b) {
  const MaskKey key = c.MaskOf(0).key();
  const auto* previous = static_cast<const float*>(b.z().data());
  for (std::size_t i = 0; i < c.n; i += c.n / 4096 + 1) {
    const bool keep = MaskUniform(key, i) < c.rate.threshold();
    if (b.y_f32()[i] != (keep ? b.x_f32()[i] : previous[i])) return false;
  }
  return true;
}

// Maps of 14 x 14 and blocks of 7 x 7, as in the last stages of a residual network; a few elements are left over.
DropBlockShape Maps(std::size_t n) {
  return {.samples = n / 14 / 14, .height = 14, .width = 14, .block_height = 7, .block_width = 7};
}

// A sequence a row.
DropBlockShape Sequences(std::size_t n) { return {.samples = n / 1024, .width = 1024, .block_width = 7}; }

Operation DropBlockOf(DropBlockShape (*shape_of)(std::size_t), bool in_place) {
  return [=](const Case& c, Buffers& b, std::uint64_t iteration) {
    const DropBlockShape shape = shape_of(c.n);
    const ConstArray x((in_place ? b.y() : b.x()).data(), c.type, shape.size());
    return DropBlockForward(x, shape, c.rate, c.MaskOf(iteration).key(), {b.y().data(), c.type, shape.size()},
                            c.execution);
  };
}

// Eight samples of an eighth of the elements: y is as large as elsewhere.
Status Samples(const Case& c, Buffers& b, std::uint64_t iteration) {
  constexpr std::size_t kSamples = 8;
  const std::size_t cols = c.n / kSamples;
  return MonteCarloForward({b.x().data(), c.type, cols}, c.MaskOf(iteration * kSamples), kSamples,
                           {b.y().data(), c.type, kSamples, cols, cols}, c.execution);
}

void RegisterTyped(const Case& c) {
  const auto size = static_cast<double>(SizeOf(c.type));
  RegisterRow("AlphaDropoutForward", c, 2 * size, [](const Case& k, Buffers& b, std::uint64_t iteration) {
    return AlphaDropoutForward(b.x(), k.MaskOf(iteration), b.y(), k.execution);
  });
  RegisterRow("ZoneoutBackward", c, 3 * size, [](const Case& k, Buffers& b, std::uint64_t iteration) {
    return ZoneoutBackward(b.x(), k.MaskOf(iteration), b.y(), b.z(), k.execution);
  });
  RegisterRow("MonteCarloForward", c, 1.125 * size, Samples);
  RegisterRow("DropBlock2d", c, 2 * size, DropBlockOf(Maps, false));
  RegisterRow("DropBlock2dInPlace", c, 2 * size, DropBlockOf(Maps, true));
  RegisterRow("DropBlock1d", c, 2 * size, DropBlockOf(Sequences, false));
}

void RegisterF32(const Case& c) {
  RegisterRow(
      "ZoneoutForward", c, 12,
      [](const Case& k, Buffers& b, std::uint64_t iteration) {
        return ZoneoutForward(b.x(), b.z(), k.MaskOf(iteration), b.y(), k.execution);
      },
      IsZoneout);
  RegisterRow("ZoneoutInference", c, 12, [](const Case& k, Buffers& b, std::uint64_t) {
    return ZoneoutInference(b.x(), b.z(), k.rate, b.y(), k.execution);
  });
}

}  // namespace

void RegisterVariants() {
  for (const std::size_t n : kSizes) {
    for (const int threads : {1, 2}) {
      const Execution execution{.max_threads = threads, .target = DefaultTarget()};
      RegisterRow("WelfordUpdate", {n, execution, ""}, 20, [](const Case& k, Buffers& b, std::uint64_t iteration) {
        return WelfordUpdate(b.x(), iteration + 1, b.y(), b.z(), k.execution);
      });
      for (const char* rate : {"0.1", "0.5"}) {
        RegisterF32({n, execution, rate});
        for (const DType type : {DType::kF32, DType::kBF16, DType::kF16}) RegisterTyped({n, execution, rate, type});
      }
    }
  }
}

}  // namespace fallow::bench
