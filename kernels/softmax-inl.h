// Softmax and dropout over the columns of a row: softmax_kernels.h.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "hwy/highway.h"
#include "kernels/elements-inl.h"
#include "kernels/exp-inl.h"
#include "kernels/runs-inl.h"
#include "kernels/softmax_kernels.h"

#if defined(FALLOW_KERNELS_SOFTMAX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_SOFTMAX_INL_H_
#undef FALLOW_KERNELS_SOFTMAX_INL_H_
#else
#define FALLOW_KERNELS_SOFTMAX_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE std::size_t WholeRuns(std::size_t n) { return (n + kRun - 1) / kRun * kRun; }

// v in the first `n` lanes, -infinity in those whose byte is 0 and in the others.
HWY_INLINE VF WhereAttended(const std::uint8_t* attended, std::size_t n, VF v) {
  const hn::Rebind<std::uint8_t, DF> d8;
  std::uint8_t bytes[hn::MaxLanes(DF())] = {};
  std::memcpy(bytes, attended, n);
  const auto lanes = hn::RebindMask(DF(), hn::Ne(hn::PromoteTo(DU(), hn::LoadU(d8, bytes)), hn::Zero(DU())));
  return hn::IfThenElse(lanes, v, hn::Set(DF(), -std::numeric_limits<float>::infinity()));
}

template <class T, bool kAttended>
HWY_INLINE float LogitsOfRow(const T* x, std::size_t n, float scale, const std::uint8_t* attended, float* stage) {
  const DF d;
  const VF factor = hn::Set(d, scale);
  const VF masked = hn::Set(d, -std::numeric_limits<float>::infinity());
  RowMaximum maximum(-std::numeric_limits<float>::infinity());
  for (std::size_t i = n / kRun * kRun; i < WholeRuns(n); i += hn::Lanes(d)) hn::Store(masked, d, stage + i);
  ForEachInRuns(n, [&](std::size_t i, std::size_t count, std::size_t slot) HWY_ATTR {
    VF logit = hn::Mul(Load(x + i, count), factor);
    if constexpr (kAttended) logit = WhereAttended(attended + i, count, logit);
    if (count != hn::Lanes(d)) logit = hn::IfThenElse(hn::FirstN(d, count), logit, masked);
    maximum.Take(slot, logit);
    hn::Store(logit, d, stage + i);
  });
  return maximum.Total();
}

template <class T>
float Logits(const void* x, std::size_t n, float scale, const std::uint8_t* attended, float* stage) {
  const auto* from = static_cast<const T*>(x);
  if (attended == nullptr) return LogitsOfRow<T, false>(from, n, scale, attended, stage);
  return LogitsOfRow<T, true>(from, n, scale, attended, stage);
}

// In place; what follows the last column is -infinity, and becomes 0.
inline float Exponentials(std::size_t n, float max, float* stage) {
  const DF d;
  const VF shift = hn::Set(d, max);
  RowSum sum(0.0f);
  ForEachInRuns(WholeRuns(n), [&](std::size_t i, std::size_t, std::size_t slot) HWY_ATTR {
    const VF e = ExpOfNegative(hn::Sub(hn::Load(d, stage + i), shift));
    sum.Take(slot, e);
    hn::Store(e, d, stage + i);
  });
  return sum.Total();
}

inline void Invalidate(std::size_t n, float* stage) {
  const DF d;
  const VF masked = hn::Set(d, -std::numeric_limits<float>::infinity());
  const VF nan = hn::Set(d, std::numeric_limits<float>::quiet_NaN());
  ForEachInRuns(WholeRuns(n), [&](std::size_t i, std::size_t, std::size_t) HWY_ATTR {
    hn::Store(hn::IfThenZeroElse(hn::Eq(hn::Load(d, stage + i), masked), nan), d, stage + i);
  });
}

template <class T>
void FinishSoftmax(const float* stage, std::size_t n, float factor, const std::uint64_t* words, void* y) {
  const DF d;
  auto* to = static_cast<T*>(y);
  const VF scale = hn::Set(d, factor);
  ForEachMaskedInRuns(n, words, [&](std::size_t i, std::size_t count, std::size_t, hn::Mask<DF> kept) HWY_ATTR {
    Store(KeptOrZero(d, kept, hn::Mul(hn::Load(d, stage + i), scale)), count, to + i);
  });
}

// kept ? dy * scale : 0.
template <class T>
HWY_INLINE VF DroppedGradient(const T* dy, std::size_t count, hn::Mask<DF> kept, VF scale) {
  return KeptOrZero(DF(), kept, hn::Mul(Load(dy, count), scale));
}

// v where e is not 0. A column without a probability has no gradient, whatever its dy.
HWY_INLINE VF WhereNotZero(VF e, VF v) { return hn::IfThenZeroElse(hn::Eq(e, hn::Zero(DF())), v); }

template <class T>
SoftmaxSums ExponentialsAndProducts(std::size_t n, float max, const void* dy, const std::uint64_t* words, float scale,
                                    float* stage) {
  const DF d;
  const auto* gradients = static_cast<const T*>(dy);
  const VF shift = hn::Set(d, max);
  const VF factor = hn::Set(d, scale);
  RowSum sum(0.0f);
  RowSum products(0.0f);
  ForEachMaskedInRuns(n, words, [&](std::size_t i, std::size_t count, std::size_t slot, hn::Mask<DF> kept) HWY_ATTR {
    const VF e = ExpOfNegative(hn::Sub(hn::Load(d, stage + i), shift));
    sum.Take(slot, e);
    hn::Store(e, d, stage + i);
    products.Take(slot, WhereNotZero(e, hn::Mul(e, DroppedGradient(gradients + i, count, kept, factor))));
  });
  return {sum.Total(), products.Total()};
}

template <class T>
void FinishSoftmaxGradient(const float* stage, std::size_t n, float factor, float mean, const void* dy,
                           const std::uint64_t* words, float scale, void* dx) {
  const DF d;
  const auto* from = static_cast<const T*>(dy);
  auto* to = static_cast<T*>(dx);
  const VF of_probability = hn::Set(d, factor);
  const VF of_gradient = hn::Set(d, scale);
  const VF shift = hn::Set(d, mean);
  ForEachMaskedInRuns(n, words, [&](std::size_t i, std::size_t count, std::size_t, hn::Mask<DF> kept) HWY_ATTR {
    const VF e = hn::Load(d, stage + i);
    const VF difference = hn::Sub(DroppedGradient(from + i, count, kept, of_gradient), shift);
    Store(WhereNotZero(e, hn::Mul(hn::Mul(e, of_probability), difference)), count, to + i);
  });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_SOFTMAX_INL_H_
