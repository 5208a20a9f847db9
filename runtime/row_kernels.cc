#include "runtime/row_kernels.h"

#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/row_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fallow::nn {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using fallow::HWY_NAMESPACE::DF;
using fallow::HWY_NAMESPACE::Exp;
using fallow::HWY_NAMESPACE::ForEachVector;
using fallow::HWY_NAMESPACE::Load;
using fallow::HWY_NAMESPACE::LoadPart;
using fallow::HWY_NAMESPACE::Log1p;
using fallow::HWY_NAMESPACE::Sigmoid;
using fallow::HWY_NAMESPACE::Store;
using fallow::HWY_NAMESPACE::StorePart;
using fallow::HWY_NAMESPACE::VF;

void AddBias(const float* bias, std::size_t rows, std::size_t cols, float* y) {
  for (std::size_t r = 0; r < rows; ++r, y += cols) {
    ForEachVector(DF(), cols, [&](std::size_t i, std::size_t n) HWY_ATTR {
      Store(hn::Add(Load(y + i, n), Load(bias + i, n)), n, y + i);
    });
  }
}

HWY_INLINE float SumOf(VF v) { return hn::GetLane(hn::SumOfLanes(DF(), v)); }

float MaxOf(const float* x, std::size_t count) {
  const DF d;
  const std::size_t lanes = hn::Lanes(d);
  VF max = hn::Set(d, -std::numeric_limits<float>::infinity());
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) max = hn::Max(max, hn::LoadU(d, x + i));
  if (i < count) max = hn::Max(max, LoadPart(x + i, count - i, x[i]));
  return hn::GetLane(hn::MaxOfLanes(d, max));
}

// y = exp(x - max) unless y is null; returns the sum.
float ExpRow(const float* x, std::size_t count, float max, float* y) {
  const DF d;
  const std::size_t lanes = hn::Lanes(d);
  const VF vmax = hn::Set(d, max);
  VF sum = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const VF e = Exp(hn::Sub(hn::LoadU(d, x + i), vmax));
    sum = hn::Add(sum, e);
    if (y != nullptr) hn::StoreU(e, d, y + i);
  }
  if (i < count) {
    // exp(-inf) adds nothing to the sum.
    const VF e = Exp(hn::Sub(LoadPart(x + i, count - i, -std::numeric_limits<float>::infinity()), vmax));
    sum = hn::Add(sum, e);
    if (y != nullptr) StorePart(e, count - i, y + i);
  }
  return SumOf(sum);
}

void ScaleRow(float factor, std::size_t count, float* y) {
  ForEachVector(DF(), count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    Store(hn::Mul(Load(y + i, n), hn::Set(DF(), factor)), n, y + i);
  });
}

double LogSumExp(const float* x, std::size_t cols, float scale, float* gradient) {
  const float max = MaxOf(x, cols);
  const float sum = ExpRow(x, cols, max, gradient);
  if (gradient != nullptr) ScaleRow(scale / sum, cols, gradient);
  return double{max} + std::log(double{sum});
}

float Dot(const float* x, const float* y, std::size_t count) {
  const DF d;
  const std::size_t lanes = hn::Lanes(d);
  VF sum = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) sum = hn::MulAdd(hn::LoadU(d, x + i), hn::LoadU(d, y + i), sum);
  if (i < count) sum = hn::MulAdd(LoadPart(x + i, count - i, 0.0f), LoadPart(y + i, count - i, 0.0f), sum);
  return SumOf(sum);
}

void SoftmaxBackward(const float* dy, const float* y, std::size_t cols, float* dx) {
  const float dot = Dot(dy, y, cols);
  ForEachVector(DF(), cols, [&](std::size_t i, std::size_t n) HWY_ATTR {
    Store(hn::Mul(Load(y + i, n), hn::Sub(Load(dy + i, n), hn::Set(DF(), dot))), n, dx + i);
  });
}

// Value: one element's loss. Gradient: its derivative. Both are 0 at x = padding, y = 0.
struct BinaryCrossEntropy {
  static constexpr float kPadding = -std::numeric_limits<float>::infinity();
  static HWY_INLINE VF Value(VF x, VF y) {
    // With e = exp(-|x|) <= 1. The product x y is left out where y is 0, also where x is infinite.
    const VF e = Exp(hn::Neg(hn::Abs(x)));
    const VF product = hn::IfThenZeroElse(hn::Eq(y, hn::Zero(DF())), hn::Mul(x, y));
    const VF positive = hn::IfThenZeroElse(hn::Le(x, hn::Zero(DF())), x);
    return hn::Add(hn::Sub(positive, product), Log1p(e));
  }
  static HWY_INLINE VF Gradient(VF x, VF y) { return hn::Sub(Sigmoid(x), y); }
};

struct SquaredError {
  static constexpr float kPadding = 0.0f;
  static HWY_INLINE VF Value(VF x, VF y) {
    const VF difference = hn::Sub(x, y);
    return hn::Mul(difference, difference);
  }
  static HWY_INLINE VF Gradient(VF x, VF y) {
    const VF difference = hn::Sub(x, y);
    return hn::Add(difference, difference);
  }
};

template <class Loss>
float LossSum(const float* x, const float* y, std::size_t cols) {
  const DF d;
  const std::size_t lanes = hn::Lanes(d);
  VF sum = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= cols; i += lanes) sum = hn::Add(sum, Loss::Value(hn::LoadU(d, x + i), hn::LoadU(d, y + i)));
  if (i < cols) {
    const std::size_t rest = cols - i;
    sum = hn::Add(sum, Loss::Value(LoadPart(x + i, rest, Loss::kPadding), LoadPart(y + i, rest, 0.0f)));
  }
  return SumOf(sum);
}

template <class Loss>
double LossRow(const float* x, const float* y, std::size_t cols, float scale, float* gradient) {
  const float sum = LossSum<Loss>(x, y, cols);
  if (gradient == nullptr) return sum;
  ForEachVector(DF(), cols, [&](std::size_t i, std::size_t n) HWY_ATTR {
    Store(hn::Mul(hn::Set(DF(), scale), Loss::Gradient(Load(x + i, n), Load(y + i, n))), n, gradient + i);
  });
  return sum;
}

void ExpOf(const float* x, std::size_t cols, float* y) {
  ForEachVector(DF(), cols, [&](std::size_t i, std::size_t n) HWY_ATTR { Store(Exp(Load(x + i, n)), n, y + i); });
}

const RowKernels* Table() {
  static constexpr RowKernels kTable = {
      AddBias, SoftmaxBackward, LogSumExp, LossRow<BinaryCrossEntropy>, LossRow<SquaredError>, ExpOf};
  return &kTable;
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow::nn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/dispatch.h"

namespace fallow::nn {

FALLOW_EXPORT_TABLE(RowKernels, RowKernelsFor)

}  // namespace fallow::nn
#endif  // HWY_ONCE
