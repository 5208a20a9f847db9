// Rows of the operations over whole rows, of 512 columns: SoftmaxDropout, DropoutLayerNorm, DropoutRmsNorm.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "bench/register.h"
#include "bench/row.h"
#include "fallow/dropout_norm.h"
#include "fallow/softmax_dropout.h"

namespace fallow::bench {
namespace {

constexpr std::size_t kCols = 512;
constexpr std::size_t kSizes[] = {65536, 1 << 20, 16 << 20};

Array InRows(Array array) { return {array.data(), array.type(), array.size() / kCols, kCols, kCols}; }
ConstArray InRows(ConstArray array) { return {array.data(), array.type(), array.size() / kCols, kCols, kCols}; }

// A fourth buffer.
Array Fourth(const Case& c) {
  static std::vector<std::byte> bytes;
  bytes.resize(c.n * SizeOf(c.type));
  return InRows(Array(bytes.data(), c.type, c.n));
}

struct Parameters {
  std::vector<float> gamma = std::vector<float>(kCols, 1.25f), beta = std::vector<float>(kCols, 0.5f);
  std::vector<float> dgamma = std::vector<float>(kCols), dbeta = std::vector<float>(kCols);
};

Parameters& Shared() {
  static Parameters parameters;
  return parameters;
}

Status Softmax(const Case& c, Buffers& b, std::uint64_t iteration) {
  return SoftmaxDropoutForward(InRows(b.x()), {.scale = 0.125f}, c.MaskOf(iteration), InRows(b.y()), c.execution);
}

Status SoftmaxBackward(const Case& c, Buffers& b, std::uint64_t iteration) {
  return SoftmaxDropoutBackward(InRows(b.x()), InRows(b.z()), {.scale = 0.125f}, c.MaskOf(iteration), InRows(b.y()),
                                c.execution);
}

// Of f32: some rows against the formula.
bool IsSoftmaxDropout(const Case& c, Buffers& b) {
  const MaskKey key = c.MaskOf(0).key();
  for (std::size_t first = 0; first < c.n; first += c.n / kCols / 8 * kCols) {
    double sum = 0.0;
    for (std::size_t i = first; i < first + kCols; ++i) sum += std::exp(0.125 * b.x_f32()[i]);
    for (std::size_t i = first; i < first + kCols; ++i) {
      const bool keep = MaskUniform(key, i) < c.rate.threshold();
      const double expected = keep ? std::exp(0.125 * b.x_f32()[i]) / sum * c.rate.scale() : 0.0;
      if (std::abs(b.y_f32()[i] - expected) > 1e-5 * expected) return false;
    }
  }
  return true;
}

// The residual stream is z, in place.
Status LayerNorm(const Case& c, Buffers& b, std::uint64_t iteration) {
  const Parameters& p = Shared();
  const Array z = InRows(b.z());
  return DropoutLayerNormForward(InRows(b.x()), z, c.MaskOf(iteration), p.gamma, p.beta, kNormEps, z, InRows(b.y()),
                                 c.execution);
}

Status RmsNorm(const Case& c, Buffers& b, std::uint64_t iteration) {
  const Array z = InRows(b.z());
  return DropoutRmsNormForward(InRows(b.x()), z, c.MaskOf(iteration), Shared().gamma, kNormEps, z, InRows(b.y()),
                               c.execution);
}

Status LayerNormBackward(const Case& c, Buffers& b, std::uint64_t iteration) {
  Parameters& p = Shared();
  return DropoutLayerNormBackward(InRows(b.x()), {}, InRows(b.z()), c.MaskOf(iteration), p.gamma, kNormEps,
                                  InRows(b.y()), Fourth(c), p.dgamma, p.dbeta, c.execution);
}

Status RmsNormBackward(const Case& c, Buffers& b, std::uint64_t iteration) {
  Parameters& p = Shared();
  return DropoutRmsNormBackward(InRows(b.x()), {}, InRows(b.z()), c.MaskOf(iteration), p.gamma, kNormEps, InRows(b.y()),
                                Fourth(c), p.dgamma, c.execution);
}

void Register(const Case& c) {
  const auto size = static_cast<double>(SizeOf(c.type));
  RegisterRow("SoftmaxDropout", c, 2 * size, Softmax, c.type == DType::kF32 ? IsSoftmaxDropout : Verify());
  RegisterRow("SoftmaxDropoutBackward", c, 3 * size, SoftmaxBackward);
  RegisterRow("DropoutLayerNorm", c, 4 * size, LayerNorm);
  RegisterRow("DropoutLayerNormBackward", c, 4 * size, LayerNormBackward);
  RegisterRow("DropoutRmsNorm", c, 4 * size, RmsNorm);
  RegisterRow("DropoutRmsNormBackward", c, 4 * size, RmsNormBackward);
}

}  // namespace

void RegisterRows() {
  for (const std::size_t n : kSizes) {
    for (const int threads : {1, 2}) {
      for (const Target target : SupportedTargets()) {
        for (const char* rate : {"0", "0.1", "0.5"}) {
          for (const DType type : {DType::kF32, DType::kBF16, DType::kF16}) {
            Register({n, {.max_threads = threads, .target = target}, rate, type});
          }
        }
      }
    }
  }
}

}  // namespace fallow::bench
