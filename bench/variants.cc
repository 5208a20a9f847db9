// Rows of the variants of dropout. Feature alpha dropout is AlphaDropoutForward with another mask, DropConnect is
// DropoutForward on weights.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "bench/check.h"
#include "bench/grid.h"
#include "bench/register.h"
#include "bench/row.h"
#include "fallow/alpha_dropout.h"
#include "fallow/drop_block.h"
#include "fallow/monte_carlo.h"
#include "fallow/zoneout.h"
#include "tests/support/variants_oracle.h"

namespace fallow::bench {
namespace {

Status Alpha(const Case& c, Buffers& b, std::uint64_t iteration) {
  return AlphaDropoutForward(b.x(), c.MaskOf(iteration), b.y(), c.execution);
}

bool IsAlpha(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    return Same(
        b.y(), first,
        oracle::AlphaDropout(test::ToOracle(c.type), Part(b.x(), first, count), OracleMask(c, first, count), c.p()));
  });
}

Status AlphaBackward(const Case& c, Buffers& b, std::uint64_t iteration) {
  return AlphaDropoutBackward(b.x(), c.MaskOf(iteration), b.y(), c.execution);
}

bool IsAlphaBackward(const Case& c, Buffers& b) {
  const double a = oracle::AlphaOf(c.p()).a;
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    return Same(b.y(), first,
                oracle::Dropout(test::ToOracle(c.type), Part(b.x(), first, count), OracleMask(c, first, count),
                                {static_cast<float>(a), a}));
  });
}

// The previous state is z.
Status Zoneout(const Case& c, Buffers& b, std::uint64_t iteration) {
  return ZoneoutForward(b.x(), b.z(), c.MaskOf(iteration), b.y(), c.execution);
}

Status ZoneoutOfGradients(const Case& c, Buffers& b, std::uint64_t iteration) {
  return ZoneoutBackward(b.x(), c.MaskOf(iteration), b.y(), b.z(), c.execution);
}

Status ZoneoutOfInference(const Case& c, Buffers& b, std::uint64_t) {
  return ZoneoutInference(b.x(), b.z(), c.rate, b.y(), c.execution);
}

bool IsZoneout(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    return Same(b.y(), first,
                oracle::Select(test::ToOracle(c.type), OracleMask(c, first, count), Part(b.x(), first, count),
                               Part(b.z(), first, count)));
  });
}

bool IsZoneoutBackward(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    const oracle::Elements zeros(count * SizeOf(c.type));
    const oracle::ElementView dy = Part(b.x(), first, count);
    const std::vector<std::uint8_t> mask = OracleMask(c, first, count);
    return Same(b.y(), first, oracle::Select(test::ToOracle(c.type), mask, dy, zeros)) &&
           Same(b.z(), first, oracle::Select(test::ToOracle(c.type), mask, zeros, dy));
  });
}

bool IsZoneoutInference(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    return Same(
        b.y(), first,
        oracle::Expectation(test::ToOracle(c.type), Part(b.x(), first, count), Part(b.z(), first, count), c.p()));
  });
}

// Maps of 14 x 14 and blocks of 7 x 7, as in the last stages of a residual network; a few elements are left over.
DropBlockShape Maps(std::size_t n) {
  return {.samples = n / 14 / 14, .height = 14, .width = 14, .block_height = 7, .block_width = 7};
}

// A sequence a row.
DropBlockShape Sequences(std::size_t n) { return {.samples = n / 1024, .width = 1024, .block_width = 7}; }

using ShapeOf = DropBlockShape (*)(std::size_t n);

template <ShapeOf kShapeOf>
Status DropBlock(const Case& c, Buffers& b, std::uint64_t iteration) {
  const DropBlockShape shape = kShapeOf(c.n);
  return DropBlockForward({b.x().data(), c.type, shape.size()}, shape, c.rate, c.KeyOf(iteration),
                          {b.y().data(), c.type, shape.size()}, c.execution);
}

// Of what is left in y, which is x at first.
Status DropBlockInPlace(const Case& c, Buffers& b, std::uint64_t iteration) {
  const DropBlockShape shape = Maps(c.n);
  const Array y(b.y().data(), c.type, shape.size());
  if (iteration == 0) std::memcpy(y.data(), b.x().data(), shape.size() * SizeOf(c.type));
  return DropBlockForward(y, shape, c.rate, c.KeyOf(iteration), y, c.execution);
}

std::vector<std::uint8_t> OracleDropBlock(const DropBlockShape& s, const Case& c) {
  const oracle::BlockShape shape = {s.samples, s.channels, s.height, s.width, s.block_height, s.block_width};
  return oracle::DropBlockMask(shape, c.p(), OracleKey(c, 0));
}

// All of it, as its factor depends on all; and so of the smaller sizes alone.
template <ShapeOf kShapeOf, auto kOperation>
bool IsDropBlock(const Case& c, Buffers& b) {
  if (c.n > 1 << 20) {
    Case smaller = c;
    smaller.n = 1 << 20;
    Buffers& buffers = Buffers::For(c.type, smaller.n);
    buffers.Refill();
    return kOperation(smaller, buffers, 0).ok() && IsDropBlock<kShapeOf, kOperation>(smaller, buffers);
  }
  const std::vector<std::uint8_t> mask = OracleDropBlock(kShapeOf(c.n), c);
  return Same(
      b.y(), 0,
      oracle::Dropout(test::ToOracle(c.type), Part(b.x(), 0, mask.size()), mask, oracle::Renormalisation(mask)));
}

// Eight samples of an eighth of the elements: y is as large as elsewhere.
constexpr std::size_t kSamples = 8;

Status Samples(const Case& c, Buffers& b, std::uint64_t iteration) {
  const std::size_t cols = c.n / kSamples;
  return MonteCarloForward({b.x().data(), c.type, cols}, c.MaskOf(iteration * kSamples), kSamples,
                           {b.y().data(), c.type, kSamples, cols, cols}, c.execution);
}

bool AreSamples(const Case& c, Buffers& b) {
  const std::size_t cols = c.n / kSamples;
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    const std::vector<std::uint8_t> mask = oracle::MaskBytes(c.p(), OracleKey(c, first % cols, first / cols), count);
    return Same(
        b.y(), first,
        oracle::Dropout(test::ToOracle(c.type), Part(b.x(), first % cols, count), mask, oracle::TrainingFactor(c.p())));
  });
}

Status Welford(const Case& c, Buffers& b, std::uint64_t iteration) {
  return WelfordUpdate(b.x(), iteration + 1, b.y(), b.z(), c.execution);
}

// As the second sample, from a mean of 0 and an m2 of x with its halves swapped.
bool IsWelford(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    const float* old_m2 = b.x_f32() + (first + c.n / 2) % c.n;
    std::vector<float> mean(count), m2(old_m2, old_m2 + count);
    oracle::WelfordUpdate(test::ToOracle(c.type), Part(b.x(), first, count), 2, mean, m2);
    return std::equal(mean.begin(), mean.end(), b.y_f32() + first) &&
           std::equal(m2.begin(), m2.end(), static_cast<const float*>(b.z().data()) + first);
  });
}

Status Variance(const Case& c, Buffers& b, std::uint64_t) { return WelfordVariance(b.x(), 3, b.y(), c.execution); }

bool IsVariance(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    return std::equal(b.y_f32() + first, b.y_f32() + first + count, b.x_f32() + first,
                      [](float variance, float m2) { return variance == m2 / 3.0f; });
  });
}

void RegisterTyped(const Case& c) {
  const auto size = static_cast<double>(SizeOf(c.type));
  RegisterRow("AlphaDropoutForward", c, 2 * size, Alpha, IsAlpha);
  RegisterRow("AlphaDropoutBackward", c, 2 * size, AlphaBackward, IsAlphaBackward);
  RegisterRow("ZoneoutForward", c, 3 * size, Zoneout, IsZoneout);
  RegisterRow("ZoneoutBackward", c, 3 * size, ZoneoutOfGradients, IsZoneoutBackward);
  RegisterRow("ZoneoutInference", c, 3 * size, ZoneoutOfInference, IsZoneoutInference);
  RegisterRow("MonteCarloForward", c, 1.125 * size, Samples, AreSamples);
  RegisterRow("DropBlock2d", c, 2 * size, DropBlock<Maps>, IsDropBlock<Maps, DropBlock<Maps>>);
  RegisterRow("DropBlock2dInPlace", c, 2 * size, DropBlockInPlace, IsDropBlock<Maps, DropBlockInPlace>);
  RegisterRow("DropBlock1d", c, 2 * size, DropBlock<Sequences>, IsDropBlock<Sequences, DropBlock<Sequences>>);
}

}  // namespace

void RegisterVariants() {
  ForEachCase(kRates, kComputedInFloat, RegisterTyped);
  ForEachCase(kNoRate, kF32, [](const Case& c) {
    RegisterRow("WelfordUpdate", c, 20, Welford, IsWelford);
    RegisterRow("WelfordVariance", c, 8, Variance, IsVariance);
  });
}

}  // namespace fallow::bench
