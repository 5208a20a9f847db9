// Vector functions: Highway's, made to pass NaN on and to take any argument; and the normal distribution.

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

// The normal distribution, from u = |x|: density and tail share an exponential, and both keep their relative accuracy
// far out, which 1 + erf, a difference there, does not.

// |x|, up to where the tail is 0 in float.
HWY_INLINE VF NormalArgument(VF x) {
  const VF limit = Constant(13.27);
  const VF magnitude = hn::Abs(x);
  return hn::IfThenElse(hn::Gt(magnitude, limit), limit, magnitude);
}

// exp(-u^2 / 2) for a NormalArgument, with a relative error of at most 2e-7 + 1e-7 u^2; 0 for results below 2^-126.
// As 2^n 2^f: n and f are the whole part and the rest of the exponent, 2^f is a polynomial (minimax, 1e-7).
HWY_INLINE VF NormalExp(VF u) {
  static constexpr double kTwoToF[] = {
      1.0, 0.6931469775990885, 0.24022242085325884, 0.055507337433588905, 0.00967151264190411, 0.0013264727165054994};
  const DF d;
  const hn::RebindToUnsigned<DF> du;
  const VF factor = Constant(-0.7213475204444817);  // -log2(e) / 2
  // The last bits of 1.5 2^23 + 127 + n are n + 127, the exponent field of 2^n; it is 0 for n = -127.
  const VF rounder = Constant(12582912 + 127);
  const VF square = hn::Mul(u, u);
  const VF rounded = hn::MulAdd(square, factor, rounder);
  const VF rest = hn::MulSub(square, factor, hn::Sub(rounded, rounder));
  const VF power = hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(du, rounded)));
  return hn::Mul(Polynomial(rest, kTwoToF), power);
}

// P(X > u) / exp(-u^2 / 2) for a NormalArgument, X a standard normal variable: Mills' ratio over sqrt(2 pi). Relative
// error at most 3e-7: a rational function (minimax, 5e-9) whose coefficients are all positive, so nothing cancels.
HWY_INLINE VF NormalTailRatio(VF u) {
  static constexpr double kNumerator[] = {0.5000000024842859, 0.43568618146972615, 0.18130665025054085,
                                          0.0399841334113513, 0.00402018401391923};
  static constexpr double kDenominator[] = {
      1.0, 1.669257281935631, 1.1944837777360306, 0.4643800441390803, 0.1002327405716948, 0.010076963701805745};
  return hn::Div(Polynomial(u, kNumerator), Polynomial(u, kDenominator));
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_MATH_INL_H_
