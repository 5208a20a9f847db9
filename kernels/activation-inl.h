// The activations, one vector at a time: values, and gradients from what a forward pass saved.

#include <array>

#include "hwy/highway.h"
#include "kernels/math-inl.h"

#if defined(FALLOW_KERNELS_ACTIVATION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_ACTIVATION_INL_H_
#undef FALLOW_KERNELS_ACTIVATION_INL_H_
#else
#define FALLOW_KERNELS_ACTIVATION_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Each activation has Value(x), and Backward(dy, saved), where `saved` is
enum class Saved {
  kInput,   // x
  kOutput,  // Value(x): all of these have derivatives that follow from it, by cheaper formulas than from x
  kSign,    // either: only the sign matters, and it is that of both
};

// Members are floats, since an SVE vector cannot be one; compilers broadcast them once, before the loop.

struct Linear {
  static constexpr Saved kSaved = Saved::kSign;
  explicit Linear(float) {}
  VF Value(VF x) const { return x; }
  VF Backward(VF dy, VF) const { return dy; }
};

// Comparisons are false for NaN, so the first choice of each IfThenElse is one that a NaN may not take.
struct ReLU {
  static constexpr Saved kSaved = Saved::kSign;
  explicit ReLU(float) {}
  VF Value(VF x) const { return hn::IfThenZeroElse(hn::Le(x, hn::Zero(DF())), x); }
  VF Backward(VF dy, VF y) const { return hn::IfThenElseZero(hn::Gt(y, hn::Zero(DF())), dy); }
};

struct LeakyReLU {
  static constexpr Saved kSaved = Saved::kSign;
  explicit LeakyReLU(float negative_slope) : slope(negative_slope) {}
  VF Value(VF x) const { return hn::IfThenElse(hn::Gt(x, hn::Zero(DF())), x, hn::Mul(x, hn::Set(DF(), slope))); }
  VF Backward(VF dy, VF y) const {
    return hn::IfThenElse(hn::Gt(y, hn::Zero(DF())), dy, hn::Mul(dy, hn::Set(DF(), slope)));
  }
  float slope;
};

struct ELU {
  static constexpr Saved kSaved = Saved::kOutput;
  explicit ELU(float) {}
  VF Value(VF x) const { return hn::IfThenElse(hn::Gt(x, hn::Zero(DF())), x, Expm1(x)); }
  VF Backward(VF dy, VF y) const {
    const VF derivative = hn::Add(hn::Min(y, hn::Zero(DF())), Constant(1));
    return hn::Mul(dy, derivative);
  }
};

struct SELU {
  static constexpr Saved kSaved = Saved::kOutput;
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

template <class Arithmetic>
struct GELU {
  static constexpr Saved kSaved = Saved::kInput;
  explicit GELU(float) {}
  // x - u P(X > u) for x > 0, and -u P(X > u) for x <= 0, u = |x|.
  VF Value(VF x) const {
    const VF u = NormalArgument(x);
    const VF tail = hn::Mul(NormalExp<Arithmetic>(u), NormalTailRatio<Arithmetic>(u));
    return Arithmetic::NegMulAdd(u, tail, hn::Max(x, hn::Zero(DF())));
  }
  // The derivative is Phi(x) + x phi(x), with phi(x) = exp(-x^2 / 2) / sqrt(2 pi) the density; at -x, 1 less it at x.
  VF Backward(VF dy, VF x) const {
    const VF u = NormalArgument(x);
    const VF at_minus_u = hn::Mul(NormalExp<Arithmetic>(u), Arithmetic::NegMulAdd(u, Constant(0.3989422804014327),
                                                                                  NormalTailRatio<Arithmetic>(u)));
    const VF at_u = hn::Sub(Constant(1), at_minus_u);
    return hn::Mul(dy, hn::IfThenElse(hn::Gt(x, hn::Zero(DF())), at_u, at_minus_u));
  }
};

struct SiLU {
  static constexpr Saved kSaved = Saved::kInput;
  explicit SiLU(float) {}
  VF Value(VF x) const { return hn::Mul(x, Sigmoid(x)); }
  VF Backward(VF dy, VF x) const {
    const VF s = Sigmoid(x);
    return hn::Mul(dy, hn::Mul(s, Separate::MulAdd(x, hn::Sub(Constant(1), s), Constant(1))));
  }
};

struct SigmoidActivation {
  static constexpr Saved kSaved = Saved::kOutput;
  explicit SigmoidActivation(float) {}
  VF Value(VF x) const { return Sigmoid(x); }
  VF Backward(VF dy, VF y) const { return hn::Mul(dy, hn::Mul(y, hn::Sub(Constant(1), y))); }
};

struct TanhActivation {
  static constexpr Saved kSaved = Saved::kOutput;
  explicit TanhActivation(float) {}
  VF Value(VF x) const { return Tanh(x); }
  VF Backward(VF dy, VF y) const { return hn::Mul(dy, Separate::NegMulAdd(y, y, Constant(1))); }
};

// The gradient where the input was saved, whichever the activation would rather have.
template <class F>
HWY_INLINE VF BackwardFromInput(const F& f, VF dy, VF x) {
  if constexpr (F::kSaved == Saved::kOutput) {
    return f.Backward(dy, f.Value(x));
  } else {
    return f.Backward(dy, x);
  }
}

// Of<F>() for each activation F, in the order of the enumeration Activation. All but GELU have the same bits on every
// target, and so has GELU with Separate arithmetic, which takes half as long again (EPYC Zen 5, g++ 12.2, 2026-11).
template <class Kernels, template <class> class Of, class Arithmetic>
constexpr std::array<Kernels, 9> ForEachActivation() {
  return {Of<Linear>()(),           Of<ReLU>()(), Of<LeakyReLU>()(),         Of<ELU>()(),           Of<SELU>()(),
          Of<GELU<Arithmetic>>()(), Of<SiLU>()(), Of<SigmoidActivation>()(), Of<TanhActivation>()()};
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_ACTIVATION_INL_H_
