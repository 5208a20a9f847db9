// Rows of bias, GELU, dropout and residual in one pass, and in one pass each.
#include <algorithm>
#include <string>
#include <vector>

#include "bench/check.h"
#include "bench/grid.h"
#include "bench/register.h"
#include "bench/row.h"
#include "fallow/dropout.h"
#include "fallow/fused.h"
#include "kernels/parallel.h"
#include "tests/support/fused_oracle.h"

namespace fallow::bench {
namespace {

constexpr std::size_t kCols = 1024;

Array Rows(const Array& all) { return {all.data(), all.type(), all.size() / kCols, kCols, kCols}; }
ConstArray Rows(const ConstArray& all) { return {all.data(), all.type(), all.size() / kCols, kCols, kCols}; }

constexpr float kBias = 0.25f;

std::vector<float>& Bias() {
  static std::vector<float> bias(kCols, kBias);
  return bias;
}

std::vector<float>& BiasGradient() {
  static std::vector<float> gradient(kCols);
  return gradient;
}

const Mask kAll(Rate(0.0), MaskKey{});

Status Forward(const Case& c, Buffers& b, std::uint64_t iteration) {
  return BiasActivationDropoutForward(Rows(b.x()), Bias(), Activation::kGELU, c.MaskOf(iteration), Rows(b.z()),
                                      Rows(b.y()), c.execution);
}

// y = x + bias; the others in place, which is the least that memory can do.
Status ForwardUnfused(const Case& c, Buffers& b, std::uint64_t iteration) {
  const Array y = Rows(b.y());
  const auto pass = [&](ConstArray from, ConstArray bias, Activation activation, ConstArray residual) {
    return BiasActivationDropoutForward(from, bias, activation, kAll, residual, y, c.execution).ok();
  };
  const bool ok = pass(Rows(b.x()), Bias(), Activation::kLinear, {}) && pass(y, {}, Activation::kGELU, {}) &&
                  DropoutForward(y, c.MaskOf(iteration), y, c.execution).ok() &&
                  pass(y, {}, Activation::kLinear, Rows(b.z()));
  return ok ? Status() : Status::Invalid("pass", 0, "success");
}

oracle::Fused OracleOf(const Case& c, std::size_t first, std::size_t count) {
  return {.activation = oracle::Activation::kGELU,
          .slope = 0,
          .cols = count,
          .bias = std::vector<float>(count, kBias),
          .mask_bytes = OracleMask(c, first, count),
          .scale = oracle::TrainingFactor(c.p()).f32};
}

std::vector<float> Floats(const ConstArray& array, std::size_t first, std::size_t count) {
  return oracle::ToFloats(test::ToOracle(array.type()), Part(array, first, count));
}

bool AreNear(const ConstArray& array, std::size_t first, const std::vector<float>& expected, double tolerance) {
  return Near(array, first, std::vector<double>(expected.begin(), expected.end()), tolerance);
}

// Four passes in place round a 16-bit result four times.
bool IsForward(const Case& c, Buffers& b) {
  const double tolerance = c.type == DType::kF32 ? 4e-6 : 0.04;
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    const std::vector<float> expected =
        OracleOf(c, first, count).Forward(Floats(b.x(), first, count), Floats(b.z(), first, count));
    return AreNear(b.y(), first, expected, tolerance);
  });
}

// dx; and dbias, a sum over all rows, for the smaller sizes.
bool IsBackward(const Case& c, Buffers& b) {
  const double tolerance = c.type == DType::kF32 ? 1e-5 : 0.04;
  const auto expected = [&](std::size_t first, std::size_t count) {
    return OracleOf(c, first, count).Backward(Floats(b.z(), first, count), Floats(b.x(), first, count));
  };
  const bool rows_are_right = InWindows(c.n, [&](std::size_t first, std::size_t count) {
    return AreNear(b.y(), first, expected(first, count), tolerance);
  });
  if (!rows_are_right || c.n > 65536) return rows_are_right;
  const std::vector<float> dx = expected(0, c.n);
  std::vector<double> dbias(kCols);
  for (std::size_t i = 0; i < c.n; ++i) dbias[i % kCols] += dx[i];
  return Near(BiasGradient(), 0, dbias, 1e-3);
}

// The gradient of y is z.
Status Backward(const Case& c, Buffers& b, std::uint64_t iteration) {
  return BiasActivationDropoutBackward(Rows(b.z()), Rows(b.x()), Bias(), Activation::kGELU, c.MaskOf(iteration),
                                       Rows(b.y()), BiasGradient(), c.execution);
}

// The sums that a pass of its own takes, as many parts as threads.
void SumRows(const Case& c, const float* dx) {
  const auto parts = static_cast<std::size_t>(c.execution.max_threads);
  const std::size_t rows = c.n / kCols / parts;
  std::vector<float> partial(parts * kCols);
  ParallelFor(parts, c.execution.max_threads, [&](std::size_t part) {
    float* sums = partial.data() + part * kCols;
    const float* row = dx + part * rows * kCols;
    for (std::size_t r = 0; r < rows; ++r, row += kCols) {
      for (std::size_t i = 0; i < kCols; ++i) sums[i] += row[i];
    }
  });
  std::fill(BiasGradient().begin(), BiasGradient().end(), 0.0f);
  for (std::size_t i = 0; i < partial.size(); ++i) BiasGradient()[i % kCols] += partial[i];
}

// Dropout, activation, sums; x + bias is not saved but added again.
Status BackwardUnfused(const Case& c, Buffers& b, std::uint64_t iteration) {
  const Array dx = Rows(b.y());
  const bool ok =
      DropoutBackward(Rows(b.z()), c.MaskOf(iteration), dx, c.execution).ok() &&
      BiasActivationDropoutBackward(dx, Rows(b.x()), Bias(), Activation::kGELU, kAll, dx, {}, c.execution).ok();
  SumRows(c, b.y_f32());
  return ok ? Status() : Status::Invalid("pass", 0, "success");
}

void RegisterCase(const Case& c) {
  const auto size = static_cast<double>(SizeOf(c.type));
  RegisterRow("BiasGeluDropoutResidual", c, 3 * size, Forward, IsForward);
  RegisterRow("BiasGeluDropoutResidualUnfused", c, 9 * size, ForwardUnfused, IsForward);
  RegisterRow("BiasGeluDropoutBackward", c, 3 * size, Backward, IsBackward);
  if (c.type == DType::kF32) RegisterRow("BiasGeluDropoutBackwardUnfused", c, 6 * size, BackwardUnfused, IsBackward);
}

}  // namespace

void RegisterFused() { ForEachCase(kRates, kComputedInFloat, RegisterCase); }

}  // namespace fallow::bench
