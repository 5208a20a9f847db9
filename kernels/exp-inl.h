// exp for softmax: of numbers that are not positive, and the same bits on every target.

#include "hwy/highway.h"
#include "kernels/elements-inl.h"

#if defined(FALLOW_KERNELS_EXP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_EXP_INL_H_
#undef FALLOW_KERNELS_EXP_INL_H_
#else
#define FALLOW_KERNELS_EXP_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The larger one; v if that is a NaN.
HWY_INLINE VF AtLeastOrNaN(VF v, VF limit) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128  // Max is the second if one is a NaN.
  return hn::Max(limit, v);
#else  // Max prefers numbers.
  return hn::IfThenElse(hn::Lt(v, limit), limit, v);
#endif
}

// e^x for x <= 0, within (4 + 1.3 |x|) * 2^-24 of it, relatively; 0 below 2^-126.5; a NaN is a NaN. For positive x the
// result is anything.
//
// e^x = 2^(k + f) with an integer k and |f| <= 1/2; 2^f is the polynomial of degree 5 with the least relative error,
// 9.2e-8, that is 1 for 0 (Remez). Splitting x itself, with ln 2 in two parts, would keep the error below 1 ulp, but
// differences of logits have an error of |x| * 2^-24 already.
//
// Mul and Add, not MulAdd, which only some targets fuse. That costs 16 % of softmax without dropout on rows of 512 f32,
// 11 % of softmax with dropout at p = 0.1 and of its backward pass (AVX3, EPYC Zen 5, g++ 12.2, 2026-11).
HWY_INLINE VF ExpOfNegative(VF x) {
  const DF d;
  const auto constant = [](float value) HWY_ATTR { return hn::Set(DF(), value); };
  const VF exponent = AtLeastOrNaN(hn::Mul(x, constant(0x1.715476p0f)), constant(-127));
  // Added, rounds to k, in the last bits, which then hold k + 127: those of 2^k, or of 0 for -127.
  const VF shifter = constant(0x1.8p23f + 127);
  const VF shifted = hn::Add(exponent, shifter);
  const VF power = hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(DU(), shifted)));
  const VF f = hn::Sub(exponent, hn::Sub(shifted, shifter));

  const VF f2 = hn::Mul(f, f);
  const VF c45 = hn::Add(hn::Mul(f, constant(1.3264724518214516e-3f)), constant(9.67151476624913e-3f));
  const VF c23 = hn::Add(hn::Mul(f, constant(5.5507337688577216e-2f)), constant(2.4022242052932023e-1f));
  const VF c01 = hn::Add(hn::Mul(f, constant(6.9314697757492902e-1f)), constant(1));
  const VF sum = hn::Add(c01, hn::Mul(f2, hn::Add(c23, hn::Mul(f2, c45))));
  return hn::Mul(sum, power);
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_EXP_INL_H_
