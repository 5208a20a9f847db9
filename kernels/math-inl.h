// Vector functions that pass NaN on, take any argument, and have the same bits on every target, which Highway's own do
// not; and the normal distribution, with those bits or faster.

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

// How a b + c is computed.
//
// Fused: with one rounding where there is an instruction for it, so that last bits depend on the target.
struct Fused {
  static HWY_INLINE VF MulAdd(VF a, VF b, VF c) { return hn::MulAdd(a, b, c); }
  static HWY_INLINE VF MulSub(VF a, VF b, VF c) { return hn::MulSub(a, b, c); }
  static HWY_INLINE VF NegMulAdd(VF a, VF b, VF c) { return hn::NegMulAdd(a, b, c); }
};
// Separate: with two roundings, and the same bits on every target.
struct Separate {
  static HWY_INLINE VF MulAdd(VF a, VF b, VF c) { return hn::Add(hn::Mul(a, b), c); }
  static HWY_INLINE VF MulSub(VF a, VF b, VF c) { return hn::Sub(hn::Mul(a, b), c); }
  static HWY_INLINE VF NegMulAdd(VF a, VF b, VF c) { return hn::Sub(c, hn::Mul(a, b)); }
};

// Horner: c[0] + c[1] x + c[2] x^2 + ...
template <class Arithmetic, int kCount>
HWY_INLINE VF Polynomial(VF x, const double (&c)[kCount]) {
  VF sum = Constant(c[kCount - 1]);
  for (int i = kCount - 2; i >= 0; --i) sum = Arithmetic::MulAdd(sum, x, Constant(c[i]));
  return sum;
}

// `result`, or x where x is NaN.
HWY_INLINE VF KeepNaN(VF x, VF result) { return hn::IfThenElse(hn::IsNaN(x), x, result); }

// 2^n for whole n in [-126, 127], given as n + 1.5 2^23, whose last bits are n.
HWY_INLINE VF PowerOfTwo(VF shifted) {
  const DF d;
  const hn::RebindToUnsigned<DF> du;
  return hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::BitCast(du, shifted), hn::Set(du, 127))));
}

// e^x - kLess, for |x| <= 104 and kLess 0 or 1, with a relative error of at most 2e-7.
//
// e^x = (1 + y) 2^n: n is the whole number nearest to x / ln 2, and y = r + r^2 q(r) with r = x - n ln 2 and a
// polynomial q (minimax, 3e-9). Where n is 0, e^x - 1 is y. 2^n is two factors, as n may be beyond the exponents that
// float has.
template <int kLess>
HWY_INLINE VF ExpMinus(VF x) {
  static constexpr double kQuadratic[] = {0.4999999341248116, 0.1666652010774228, 0.041668394215126026,
                                          0.008368780418324128, 0.001381446684883712};
  const VF rounder = Constant(12582912);  // 1.5 2^23: numbers added to it are rounded to whole ones.
  const VF shifted = Separate::MulAdd(x, Constant(1.4426950408889634), rounder);
  const VF n = hn::Sub(shifted, rounder);
  // ln 2 in two parts, the first with so few bits that n times it is exact.
  const VF nearly = Separate::NegMulAdd(n, Constant(0.693145751953125), x);
  const VF r = Separate::NegMulAdd(n, Constant(1.4286068203094173e-6), nearly);
  const VF y = Separate::MulAdd(hn::Mul(r, r), Polynomial<Separate>(r, kQuadratic), r);
  const VF half = Separate::MulAdd(n, Constant(0.5), rounder);
  const VF other_half = hn::Add(hn::Sub(n, hn::Sub(half, rounder)), rounder);
  const VF power = hn::Mul(hn::Mul(hn::Add(y, Constant(1)), PowerOfTwo(half)), PowerOfTwo(other_half));
  if constexpr (kLess == 0) return power;
  return hn::IfThenElse(hn::Eq(n, hn::Zero(DF())), y, hn::Sub(power, Constant(kLess)));
}

// Beyond 104, e^x is infinite or 0 in float.
HWY_INLINE VF ExpArgument(VF x) { return hn::Max(Constant(-104), hn::Min(x, Constant(104))); }
HWY_INLINE VF Exp(VF x) { return KeepNaN(x, ExpMinus<0>(ExpArgument(x))); }
HWY_INLINE VF Expm1(VF x) { return KeepNaN(x, ExpMinus<1>(ExpArgument(x))); }

// (e^2x - 1) / (e^2x + 1). Beyond 20, tanh is 1 in float.
HWY_INLINE VF Tanh(VF x) {
  const VF y = ExpMinus<1>(hn::Max(Constant(-40), hn::Min(hn::Add(x, x), Constant(40))));
  return KeepNaN(x, hn::Div(y, hn::Add(y, Constant(2))));
}

// log(1 + x) for x >= 0. Highway's: last bits depend on the target.
HWY_INLINE VF Log1p(VF x) { return hn::Log1p(DF(), x); }

HWY_INLINE VF Sigmoid(VF x) { return hn::Div(Constant(1), hn::Add(Constant(1), Exp(hn::Neg(x)))); }

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
template <class Arithmetic>
HWY_INLINE VF NormalExp(VF u) {
  static constexpr double kTwoToF[] = {
      1.0, 0.6931469775990885, 0.24022242085325884, 0.055507337433588905, 0.00967151264190411, 0.0013264727165054994};
  const DF d;
  const hn::RebindToUnsigned<DF> du;
  const VF factor = Constant(-0.7213475204444817);  // -log2(e) / 2
  // The last bits of 1.5 2^23 + 127 + n are n + 127, the exponent field of 2^n; it is 0 for n = -127.
  const VF rounder = Constant(12582912 + 127);
  const VF square = hn::Mul(u, u);
  const VF rounded = Arithmetic::MulAdd(square, factor, rounder);
  const VF rest = Arithmetic::MulSub(square, factor, hn::Sub(rounded, rounder));
  const VF power = hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(du, rounded)));
  return hn::Mul(Polynomial<Arithmetic>(rest, kTwoToF), power);
}

// P(X > u) / exp(-u^2 / 2) for a NormalArgument, X a standard normal variable: Mills' ratio over sqrt(2 pi). Relative
// error at most 3e-7: a rational function (minimax, 5e-9) whose coefficients are all positive, so nothing cancels.
template <class Arithmetic>
HWY_INLINE VF NormalTailRatio(VF u) {
  static constexpr double kNumerator[] = {0.5000000024842859, 0.43568618146972615, 0.18130665025054085,
                                          0.0399841334113513, 0.00402018401391923};
  static constexpr double kDenominator[] = {
      1.0, 1.669257281935631, 1.1944837777360306, 0.4643800441390803, 0.1002327405716948, 0.010076963701805745};
  return hn::Div(Polynomial<Arithmetic>(u, kNumerator), Polynomial<Arithmetic>(u, kDenominator));
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_MATH_INL_H_
