// Rows of the operations over whole rows, of 512 columns: SoftmaxDropout, DropoutLayerNorm, DropoutRmsNorm.
#include <string>
#include <vector>

#include "bench/check.h"
#include "bench/grid.h"
#include "bench/register.h"
#include "bench/row.h"
#include "fallow/dropout_norm.h"
#include "fallow/softmax_dropout.h"
#include "tests/support/rows_oracle.h"

namespace fallow::bench {
namespace {

constexpr std::size_t kCols = kWindow;
constexpr float kScale = 0.125f;

Array InRows(Array array) { return {array.data(), array.type(), array.size() / kCols, kCols, kCols}; }
ConstArray InRows(ConstArray array) { return {array.data(), array.type(), array.size() / kCols, kCols, kCols}; }

struct Parameters {
  std::vector<float> gamma = std::vector<float>(kCols, 1.25f), beta = std::vector<float>(kCols, 0.5f);
  std::vector<float> dgamma = std::vector<float>(kCols), dbeta = std::vector<float>(kCols);
};

Parameters& Shared() {
  static Parameters parameters;
  return parameters;
}

Status Softmax(const Case& c, Buffers& b, std::uint64_t iteration) {
  return SoftmaxDropoutForward(InRows(b.x()), {.scale = kScale}, c.MaskOf(iteration), InRows(b.y()), c.execution);
}

// The gradients of y are z.
Status SoftmaxBackward(const Case& c, Buffers& b, std::uint64_t iteration) {
  return SoftmaxDropoutBackward(InRows(b.x()), InRows(b.z()), {.scale = kScale}, c.MaskOf(iteration), InRows(b.y()),
                                c.execution);
}

constexpr oracle::SoftmaxShape OneRow() { return {.rows = 1, .cols = kCols, .scale = kScale}; }

oracle::Doubles Probabilities(const Buffers& b, std::size_t first) {
  return oracle::Softmax(OneRow(), oracle::Logits(OneRow(), Numbers(b.x(), first, kCols)));
}

double ScaleOf(const Case& c) { return oracle::TrainingFactor(c.p()).f64; }

bool IsSoftmax(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    const oracle::Doubles expected = oracle::Dropped(Probabilities(b, first), OracleMask(c, first, count), ScaleOf(c));
    return Near(b.y(), first, expected, 1e-6);
  });
}

bool IsSoftmaxBackward(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    const oracle::Doubles expected = oracle::SoftmaxDropoutGradient(
        OneRow(), Probabilities(b, first), Numbers(b.z(), first, count), OracleMask(c, first, count), ScaleOf(c));
    return Near(b.y(), first, expected, 1e-5);
  });
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
                                  InRows(b.y()), InRows(b.w()), p.dgamma, p.dbeta, c.execution);
}

Status RmsNormBackward(const Case& c, Buffers& b, std::uint64_t iteration) {
  Parameters& p = Shared();
  return DropoutRmsNormBackward(InRows(b.x()), {}, InRows(b.z()), c.MaskOf(iteration), p.gamma, kNormEps, InRows(b.y()),
                                InRows(b.w()), p.dgamma, c.execution);
}

oracle::NormShape Norm(bool centred, std::size_t rows = 1) {
  return {.rows = rows, .cols = kCols, .eps = kNormEps, .centred = centred};
}

const oracle::Doubles kGamma(kCols, 1.25), kBeta(kCols, 0.5);

// y from the z that the call left, as its header defines it.
template <bool kCentred>
bool IsNorm(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    const oracle::Doubles z = Numbers(b.z(), first, count);
    oracle::Doubles sum = Numbers(b.x(), (first + c.n / 2) % c.n, count);  // What z was.
    const oracle::Doubles dropped =
        oracle::Dropped(Numbers(b.x(), first, count), OracleMask(c, first, count), ScaleOf(c));
    for (std::size_t i = 0; i < count; ++i) sum[i] += dropped[i];
    const oracle::Doubles y =
        oracle::Affine(Norm(kCentred), oracle::Normalised(Norm(kCentred), z).normal, kGamma, kBeta);
    return Near(b.z(), first, sum, 1e-6) && Near(b.y(), first, y, 1e-5);
  });
}

// The gradients of rows; those of the parameters, which are sums over all of them, for the smaller sizes.
template <bool kCentred>
bool IsNormBackward(const Case& c, Buffers& b) {
  const bool rows_are_right = InWindows(c.n, [&](std::size_t first, std::size_t count) {
    const oracle::Doubles z = Numbers(b.z(), first, count), dy = Numbers(b.x(), first, count);
    const oracle::Doubles dz = oracle::NormGradient(Norm(kCentred), z, kGamma, dy).dz;
    return Near(b.w(), first, dz, 1e-5) &&
           Near(b.y(), first, oracle::Dropped(dz, OracleMask(c, first, count), ScaleOf(c)), 1e-5);
  });
  if (!rows_are_right || c.n > 65536) return rows_are_right;
  const oracle::NormGradients all =
      oracle::NormGradient(Norm(kCentred, c.n / kCols), Numbers(b.z(), 0, c.n), kGamma, Numbers(b.x(), 0, c.n));
  const Parameters& p = Shared();
  return Near(p.dgamma, 0, all.dgamma, 1e-4) && (!kCentred || Near(p.dbeta, 0, all.dbeta, 1e-4));
}

void Register(const Case& c) {
  const auto size = static_cast<double>(SizeOf(c.type));
  RegisterRow("SoftmaxDropout", c, 2 * size, Softmax, IsSoftmax);
  RegisterRow("SoftmaxDropoutBackward", c, 3 * size, SoftmaxBackward, IsSoftmaxBackward);
  RegisterRow("DropoutLayerNorm", c, 4 * size, LayerNorm, IsNorm<true>);
  RegisterRow("DropoutLayerNormBackward", c, 4 * size, LayerNormBackward, IsNormBackward<true>);
  RegisterRow("DropoutRmsNorm", c, 4 * size, RmsNorm, IsNorm<false>);
  RegisterRow("DropoutRmsNormBackward", c, 4 * size, RmsNormBackward, IsNormBackward<false>);
}

}  // namespace

void RegisterRows() { ForEachCase({"0", "0.1", "0.5"}, kComputedInFloat, Register); }

}  // namespace fallow::bench
