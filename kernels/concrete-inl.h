// Concrete dropout: elements times a relaxed mask, and the sums of its gradient.

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/elements-inl.h"
#include "kernels/noise-inl.h"
#include "kernels/noise_kernels.h"
#include "kernels/normal-inl.h"

#if defined(FALLOW_KERNELS_CONCRETE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_CONCRETE_INL_H_
#undef FALLOW_KERNELS_CONCRETE_INL_H_
#else
#define FALLOW_KERNELS_CONCRETE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// log u - log(1 - u): as u and 1 - u change places with the sign of t, minus or plus log(|t| / (1 - |t|)).
HWY_INLINE VF Logit(VU words) {
  const VF t = SignedFraction(words);
  const VF nearer = hn::Abs(t);
  const VF log = LogOfSum(hn::Div(nearer, hn::Sub(Splat(1.0f), nearer)), Splat(0.0f));
  return hn::Xor(log, hn::BitCast(DF(), SignBit(hn::BitCast(DU(), t))));
}

// 2^x, within 3e-7 of the result; 0 below 2^-126, and 2^126 from there on.
HWY_INLINE VF PowerOfTwo(VF x) {
  const DF d;
  const DU du;
  const VF bounded = hn::Min(hn::Max(x, Splat(-127.0f)), Splat(126.0f));
  // The last bits of 1.5 2^23 + 127 + n are n + 127, the exponent field of 2^n; it is 0 for n = -127.
  const VF rounder = Splat(12582912.0f + 127.0f);
  const VF rounded = hn::Add(bounded, rounder);
  const VF f = hn::Sub(bounded, hn::Sub(rounded, rounder));
  const VF power = hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(du, rounded)));
  VF sum = PlusProduct(0x1.3cbfb6p-7f, Splat(0x1.5f1c38p-10f), f);
  sum = PlusProduct(0x1.c6af5cp-5f, sum, f);
  sum = PlusProduct(0x1.ebfa4ap-3f, sum, f);
  sum = PlusProduct(0x1.62e43p-1f, sum, f);
  return hn::Mul(PlusProduct(1.0f, sum, f), power);
}

// e = 2^(slope * logit u + intercept), the odds of dropping, and m = 1 / (1 + e), what is kept.
HWY_INLINE VF Odds(VU words, const ConcretePlan& plan) {
  return PowerOfTwo(hn::Add(hn::Mul(Logit(words), Splat(plan.slope)), Splat(plan.intercept)));
}
HWY_INLINE VF KeptOf(VF odds) { return hn::Div(Splat(1.0f), hn::Add(Splat(1.0f), odds)); }

template <class T>
void Concrete(const NoiseWords& noise, std::size_t count, const void* x, const ConcretePlan& plan, void* y) {
  const auto* from = static_cast<const T*>(x);
  auto* to = static_cast<T*>(y);
  ForEachVector(DF(), count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const VF kept = KeptOf(Odds(LoadWords(noise.words() + i, n), plan));
    Store(hn::Mul(Load(from + i, n), hn::Mul(kept, Splat(plan.scale))), n, to + i);
  });
}

HWY_INLINE void Accumulate(VD v, double* lanes) { hn::StoreU(hn::Add(hn::LoadU(DD(), lanes), v), DD(), lanes); }

// A vector of doubles from half a vector of each.
HWY_INLINE void AddProducts(VD x, VD dy, VD kept, VD odds, double* of_kept, double* of_dropped) {
  const VD product = hn::Mul(hn::Mul(dy, x), kept);
  Accumulate(product, of_kept);
  Accumulate(hn::Mul(product, hn::Mul(odds, kept)), of_dropped);
}

// `lane` is where the first element goes.
HWY_INLINE void AddProducts(VF x, VF dy, VF kept, VF odds, std::size_t lane, ConcreteSums& sums) {
  const DD dd;
  double* of_kept = sums.kept + lane;
  double* of_dropped = sums.dropped + lane;
#if HWY_TARGET == HWY_SCALAR
  AddProducts(hn::PromoteTo(dd, x), hn::PromoteTo(dd, dy), hn::PromoteTo(dd, kept), hn::PromoteTo(dd, odds), of_kept,
              of_dropped);
#else
  const hn::Rebind<float, DD> dhalf;
  const auto lower = [&](VF v) HWY_ATTR { return hn::PromoteTo(dd, hn::LowerHalf(dhalf, v)); };
  const auto upper = [&](VF v) HWY_ATTR { return hn::PromoteTo(dd, hn::UpperHalf(dhalf, v)); };
  AddProducts(lower(x), lower(dy), lower(kept), lower(odds), of_kept, of_dropped);
  const std::size_t half = hn::Lanes(dd);
  AddProducts(upper(x), upper(dy), upper(kept), upper(odds), of_kept + half, of_dropped + half);
#endif
}

template <class T>
void ConcreteBackward(const NoiseWords& noise, std::size_t count, const void* x, const void* dy,
                      const ConcretePlan& plan, void* dx, ConcreteSums& sums) {
  const auto* from = static_cast<const T*>(x);
  const auto* gradient = static_cast<const T*>(dy);
  auto* to = static_cast<T*>(dx);
  ForEachVector(DF(), count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const VF odds = Odds(LoadWords(noise.words() + i, n), plan);
    const VF kept = KeptOf(odds);
    const VF g = Load(gradient + i, n);
    AddProducts(Load(from + i, n), g, kept, odds, i % ConcreteSums::kLanes, sums);
    Store(hn::Mul(g, hn::Mul(kept, Splat(plan.scale))), n, to + i);
  });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_CONCRETE_INL_H_
