// Running means and sums of squares, for samples of every type.

#include <algorithm>
#include <cstddef>

#include "hwy/highway.h"
#include "kernels/elements-inl.h"

#if defined(FALLOW_KERNELS_WELFORD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_WELFORD_INL_H_
#undef FALLOW_KERNELS_WELFORD_INL_H_
#else
#define FALLOW_KERNELS_WELFORD_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// `n` elements that are computed in T, float or double; `count` samples with this one.
template <class T>
HWY_INLINE void TakeIn(VecOf<T> sample, VecOf<T> count, std::size_t n, T* mean, T* m2) {
  const auto before = Load(mean, n);
  const auto difference = hn::Sub(sample, before);
  const auto after = hn::Add(before, hn::Div(difference, count));
  Store(after, n, mean);
  Store(hn::Add(Load(m2, n), hn::Mul(difference, hn::Sub(sample, after))), n, m2);
}

// Of samples of type T into a state of what those are computed in.
template <class T>
void WelfordOwn(const void* sample, std::size_t count, std::size_t samples, void* mean, void* m2) {
  using State = hn::TFromD<TagOf<T>>;
  const auto divisor = hn::Set(TagOf<T>(), static_cast<State>(samples));
  ForEachVector(TagOf<T>(), count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const auto values = Load(static_cast<const T*>(sample) + i, n);
    TakeIn(values, divisor, n, static_cast<State*>(mean) + i, static_cast<State*>(m2) + i);
  });
}

// Of samples that are computed in float into doubles. A vector of floats is as many elements as two of doubles, or one.
template <class T>
void WelfordF64(const void* sample, std::size_t count, std::size_t samples, void* mean, void* m2) {
  const auto divisor = hn::Set(DD(), static_cast<double>(samples));
  ForEachVector(DF(), count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    float values[hn::MaxLanes(DF())];
    hn::StoreU(Load(static_cast<const T*>(sample) + i, n), DF(), values);
    for (std::size_t j = 0; j < n; j += hn::Lanes(DD())) {
      const auto wide = hn::PromoteTo(DD(), hn::LoadU(hn::Rebind<float, DD>(), values + j));
      const std::size_t part = std::min(hn::Lanes(DD()), n - j);
      TakeIn(wide, divisor, part, static_cast<double*>(mean) + i + j, static_cast<double*>(m2) + i + j);
    }
  });
}

template <class T>
void DivideElements(const void* x, std::size_t count, std::size_t divisor, void* y) {
  const TagOf<T> d;
  const auto by = hn::Set(d, static_cast<hn::TFromD<TagOf<T>>>(divisor));
  ForEachVector(d, count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    Store(hn::Div(Load(static_cast<const T*>(x) + i, n), by), n, static_cast<T*>(y) + i);
  });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_WELFORD_INL_H_
