// Rows of bias, GELU, dropout and residual in one pass, and in one pass each.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "bench/register.h"
#include "bench/row.h"
#include "fallow/dropout.h"
#include "fallow/fused.h"
#include "kernels/parallel.h"

namespace fallow::bench {
namespace {

constexpr std::size_t kSizes[] = {65536, 64 << 20};
constexpr std::size_t kCols = 1024;

Array Rows(const Array& all) { return {all.data(), all.type(), all.size() / kCols, kCols, kCols}; }
ConstArray Rows(const ConstArray& all) { return {all.data(), all.type(), all.size() / kCols, kCols, kCols}; }

std::vector<float>& Bias() {
  static std::vector<float> bias(kCols, 0.25f);
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

// Of f32: some thousand elements against the formula.
bool IsForward(const Case& c, Buffers& b) {
  if (c.type != DType::kF32) return true;
  const MaskKey key = c.MaskOf(0).key();
  const auto* residual = static_cast<const float*>(b.z().data());
  for (std::size_t i = 0; i < c.n; i += c.n / 4096 + 1) {
    const double x = double{b.x_f32()[i]} + Bias()[i % kCols];
    const double gelu = 0.5 * x * std::erfc(-x * std::sqrt(0.5));
    const bool keep = MaskUniform(key, i) < c.rate.threshold();
    const double expected = (keep ? gelu * c.rate.scale() : 0) + residual[i];
    // The residual may be what other rows left behind.
    if (!(std::abs(b.y_f32()[i] - expected) <= 2e-6 * std::max(1.0, std::abs(expected)))) return false;
  }
  return true;
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
  RegisterRow("BiasGeluDropoutBackward", c, 3 * size, Backward);
  if (c.type == DType::kF32) RegisterRow("BiasGeluDropoutBackwardUnfused", c, 6 * size, BackwardUnfused);
}

}  // namespace

void RegisterFused() {
  for (const std::size_t n : kSizes) {
    for (const int threads : {1, 2}) {
      for (const Target target : SupportedTargets()) {
        for (const char* rate : {"0.1", "0.5"}) {
          for (const DType type : {DType::kF32, DType::kBF16, DType::kF16}) {
            RegisterCase({n, {.max_threads = threads, .target = target}, rate, type});
          }
        }
      }
    }
  }
}

}  // namespace fallow::bench
