#include "runtime/activation_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/activation_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/math-inl.h"
#include "runtime/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fallow::nn {
namespace HWY_NAMESPACE {
namespace {

using fallow::HWY_NAMESPACE::Constant;
using fallow::HWY_NAMESPACE::Erf;
using fallow::HWY_NAMESPACE::Exp;
using fallow::HWY_NAMESPACE::Expm1;
using fallow::HWY_NAMESPACE::Sigmoid;
using fallow::HWY_NAMESPACE::Tanh;

// Each activation: its value at x, and its gradient from what was saved, which is x or the value y. Members are floats,
// since an SVE vector cannot be one; compilers broadcast them once, before the loop.

// Comparisons are false for NaN, so the first choice of each IfThenElse is one that a NaN may not take.
struct ReLU {
  explicit ReLU(float) {}
  VF Value(VF x) const { return hn::IfThenZeroElse(hn::Le(x, hn::Zero(DF())), x); }
  VF Backward(VF dy, VF y) const { return hn::IfThenElseZero(hn::Gt(y, hn::Zero(DF())), dy); }
};

struct LeakyReLU {
  explicit LeakyReLU(float negative_slope) : slope(negative_slope) {}
  VF Value(VF x) const { return hn::IfThenElse(hn::Gt(x, hn::Zero(DF())), x, hn::Mul(x, hn::Set(DF(), slope))); }
  VF Backward(VF dy, VF y) const {
    return hn::IfThenElse(hn::Gt(y, hn::Zero(DF())), dy, hn::Mul(dy, hn::Set(DF(), slope)));
  }
  float slope;
};

struct ELU {
  explicit ELU(float) {}
  VF Value(VF x) const { return hn::IfThenElse(hn::Gt(x, hn::Zero(DF())), x, Expm1(x)); }
  VF Backward(VF dy, VF y) const {
    const VF derivative = hn::Add(hn::Min(y, hn::Zero(DF())), Constant(1));
    return hn::Mul(dy, derivative);
  }
};

struct SELU {
  static constexpr double kScale = 1.0507009873554805;
  static constexpr double kScaleAlpha = kScale * 1.6732632423543772;
  explicit SELU(float) {}
  VF Value(VF x) const {
    const VF negative = hn::Mul(Constant(kScaleAlpha), Expm1(x));
    return hn::IfThenElse(hn::Gt(x, hn::Zero(DF())), hn::Mul(Constant(kScale), x), negative);
  }
  VF Backward(VF dy, VF y) const {
    const VF negative = hn::Add(y, Constant(kScaleAlpha));
    return hn::Mul(dy, hn::IfThenElse(hn::Gt(y, hn::Zero(DF())), Constant(kScale), negative));
  }
};

struct GELU {
  explicit GELU(float) {}
  static VF Phi(VF x) {
    return hn::MulAdd(Erf(hn::Mul(x, Constant(0.7071067811865476))), Constant(0.5), Constant(0.5));
  }
  VF Value(VF x) const { return hn::Mul(x, Phi(x)); }
  VF Backward(VF dy, VF x) const {
    constexpr double kOneOverSqrt2Pi = 0.3989422804014327;
    const VF density = hn::Mul(Constant(kOneOverSqrt2Pi), Exp(hn::Mul(hn::Mul(x, x), Constant(-0.5))));
    return hn::Mul(dy, hn::MulAdd(x, density, Phi(x)));
  }
};

struct SiLU {
  explicit SiLU(float) {}
  VF Value(VF x) const { return hn::Mul(x, Sigmoid(x)); }
  VF Backward(VF dy, VF x) const {
    const VF s = Sigmoid(x);
    return hn::Mul(dy, hn::Mul(s, hn::MulAdd(x, hn::Sub(Constant(1), s), Constant(1))));
  }
};

struct SigmoidActivation {
  explicit SigmoidActivation(float) {}
  VF Value(VF x) const { return Sigmoid(x); }
  VF Backward(VF dy, VF y) const { return hn::Mul(dy, hn::Mul(y, hn::Sub(Constant(1), y))); }
};

struct TanhActivation {
  explicit TanhActivation(float) {}
  VF Value(VF x) const { return Tanh(x); }
  VF Backward(VF dy, VF y) const { return hn::Mul(dy, hn::NegMulAdd(y, y, Constant(1))); }
};

template <class F>
struct ValueOf {
  HWY_INLINE VF operator()(VF x) const { return f.Value(x); }
  const F& f;
};

template <class F>
struct BackwardOf {
  HWY_INLINE VF operator()(VF dy, VF saved) const { return f.Backward(dy, saved); }
  const F& f;
};

template <class F>
void Forward(const float* x, std::size_t count, float slope, float* y) {
  const F f(slope);
  Map(ValueOf<F>{f}, x, count, y);
}

template <class F>
void Backward(const float* dy, const float* saved, std::size_t count, float slope, float* dx) {
  const F f(slope);
  Map(BackwardOf<F>{f}, dy, saved, count, dx);
}

template <class F>
const ActivationKernels* KernelsOf() {
  static constexpr ActivationKernels kKernels = {Forward<F>, Backward<F>};
  return &kKernels;
}

const ActivationKernels* FindActivation(Activation activation) {
  switch (activation) {
    case Activation::kReLU:
      return KernelsOf<ReLU>();
    case Activation::kLeakyReLU:
      return KernelsOf<LeakyReLU>();
    case Activation::kELU:
      return KernelsOf<ELU>();
    case Activation::kSELU:
      return KernelsOf<SELU>();
    case Activation::kGELU:
      return KernelsOf<GELU>();
    case Activation::kSiLU:
      return KernelsOf<SiLU>();
    case Activation::kSigmoid:
      return KernelsOf<SigmoidActivation>();
    case Activation::kTanh:
      return KernelsOf<TanhActivation>();
    case Activation::kLinear:
    case Activation::kSoftmax:
      break;
  }
  return nullptr;
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow::nn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/dispatch.h"

namespace fallow::nn {

HWY_EXPORT(FindActivation);

const ActivationKernels& ActivationKernelsFor(Activation activation, Target target) noexcept {
  return *FALLOW_DISPATCH(FindActivation, target)(activation);
}

}  // namespace fallow::nn
#endif  // HWY_ONCE
