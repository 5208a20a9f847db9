// Vector functions: Highway's, made to pass NaN on and to take any argument; and erf.

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"
#include "kernels/elements-inl.h"

#if defined(FALLOW_KERNELS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_MATH_INL_H_
#undef FALLOW_KERNELS_MATH_INL_H_
#else
#define FALLOW_KERNELS_MATH_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE VF Constant(double value) { return hn::Set(DF(), static_cast<float>(value)); }

// `result`, or x where x is NaN.
HWY_INLINE VF KeepNaN(VF x, VF result) { return hn::IfThenElse(hn::IsNaN(x), x, result); }

// Highway's Exp and Expm1 hold up to 104, which is beyond the largest finite result.
HWY_INLINE VF Exp(VF x) { return KeepNaN(x, hn::Exp(DF(), hn::Min(x, Constant(104)))); }
HWY_INLINE VF Expm1(VF x) { return KeepNaN(x, hn::Expm1(DF(), hn::Min(x, Constant(104)))); }

// Beyond 20, tanh is 1 in float.
HWY_INLINE VF Tanh(VF x) { return KeepNaN(x, hn::Tanh(DF(), hn::Max(Constant(-20), hn::Min(x, Constant(20))))); }

HWY_INLINE VF Sigmoid(VF x) { return hn::Div(Constant(1), hn::Add(Constant(1), Exp(hn::Neg(x)))); }

// Horner: c[0] + c[1] x + c[2] x^2 + ...
template <int kCount>
HWY_INLINE VF Polynomial(VF x, const double (&c)[kCount]) {
  VF sum = Constant(c[kCount - 1]);
  for (int i = kCount - 2; i >= 0; --i) sum = hn::MulAdd(sum, x, Constant(c[i]));
  return sum;
}

// Absolute error at most 2e-7.
// Source: Abramowitz, Stegun, "Handbook of mathematical functions", 1964: the series 7.1.5 up to x^21 where |x| < 1,
// the approximation 7.1.26 (1.5e-7) beyond, where it is not spoilt by rounding.
HWY_INLINE VF Erf(VF x) {
  static constexpr double kSeries[] = {1.0,          -1.0 / 3,       1.0 / 10,      -1.0 / 42,
                                       1.0 / 216,    -1.0 / 1320,    1.0 / 9360,    -1.0 / 75600,
                                       1.0 / 685440, -1.0 / 6894720, 1.0 / 76204800};
  static constexpr double kTail[] = {0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429};
  constexpr double kTwoOverSqrtPi = 1.1283791670955126;
  const DF d;
  const VF square = hn::Mul(x, x);
  const VF magnitude = hn::Abs(x);
  const VF small = hn::Mul(hn::Mul(x, Constant(kTwoOverSqrtPi)), Polynomial(square, kSeries));

  const VF t = hn::Div(Constant(1), hn::MulAdd(Constant(0.3275911), magnitude, Constant(1)));
  const VF tail = hn::Mul(hn::Mul(t, Polynomial(t, kTail)), Exp(hn::Neg(square)));
  const VF large = hn::CopySignToAbs(hn::Sub(Constant(1), tail), x);
  return hn::IfThenElse(hn::Lt(magnitude, hn::Set(d, 1.0f)), small, KeepNaN(x, large));
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_MATH_INL_H_
