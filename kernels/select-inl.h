// Appliers that choose between two values: of two arrays, or of an array and a number.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "hwy/highway.h"
#include "kernels/elements-inl.h"
#include "kernels/scale.h"
#include "kernels/select_kernels.h"

#if defined(FALLOW_KERNELS_SELECT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_SELECT_INL_H_
#undef FALLOW_KERNELS_SELECT_INL_H_
#else
#define FALLOW_KERNELS_SELECT_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A 16-bit element whose value does not matter, in a lane of 32 bits: converting it would change some NaNs.
struct Bits16 {
  std::uint16_t bits;
};
HWY_INLINE VF LoadElements(const Bits16* x) { return hn::BitCast(DF(), LoadBits16(x)); }
HWY_INLINE void StoreElements(VF v, Bits16* y) { StoreBits16(hn::BitCast(DU(), v), y); }

// Elements of type T for those who do not look at their value.
template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 2, Bits16, T>;

// kept ? a : b, to the bit. Not with a mask on AVX-512, where the compiler takes it into the load of `a`: memory is
// then not prefetched as well, and past the caches a choice between two arrays takes 1.4 times as long (AMD EPYC, Zen
// 5, g++ 12, 2026-11-25). On HWY_SCALAR as for KeptOrZero.
template <class D, class V>
HWY_INLINE V KeptOrElse(D d, hn::Mask<D> kept, V a, V b) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_SCALAR
  return hn::IfVecThenElse(hn::VecFromMask(d, kept), a, b);
#else
  (void)d;
  return hn::IfThenElse(kept, a, b);
#endif
}

template <class T>
void AffineElements(const void* x, const std::uint64_t* words, std::size_t count, const Affine& affine, void* y) {
  const TagOf<T> d;
  const auto* from = static_cast<const T*>(x);
  auto* to = static_cast<T*>(y);
  const auto scale = hn::Set(d, affine.scale.For<T>());
  const auto shift = hn::Set(d, affine.shift.For<T>());
  const auto dropped = hn::Set(d, affine.dropped.For<T>());
  ForEachVector(d, count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const auto value = hn::Add(hn::Mul(Load(from + i, n), scale), shift);
    Store(KeptOrElse(d, Kept(d, words, i), value, dropped), n, to + i);
  });
}

template <class T>
void SelectElements(const void* a, const void* b, const std::uint64_t* words, std::size_t count, void* y) {
  using Bits = BitsOf<T>;
  const TagOf<Bits> d;
  const auto* kept = static_cast<const Bits*>(a);
  const auto* dropped = static_cast<const Bits*>(b);
  auto* to = static_cast<Bits*>(y);
  ForEachVector(d, count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    Store(KeptOrElse(d, Kept(d, words, i), Load(kept + i, n), Load(dropped + i, n)), n, to + i);
  });
}

template <class T>
void SplitElements(const void* x, const std::uint64_t* words, std::size_t count, void* a, void* b) {
  using Bits = BitsOf<T>;
  const TagOf<Bits> d;
  const auto* from = static_cast<const Bits*>(x);
  auto* kept = static_cast<Bits*>(a);
  auto* dropped = static_cast<Bits*>(b);
  ForEachVector(d, count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const auto value = Load(from + i, n);
    const auto keep = Kept(d, words, i);
    Store(KeptOrZero(d, keep, value), n, kept + i);
    Store(KeptOrZero(d, hn::Not(keep), value), n, dropped + i);
  });
}

template <class T>
void MixElements(const void* a, const Scale& of_a, const void* b, const Scale& of_b, std::size_t count, void* y) {
  const TagOf<T> d;
  const auto* first = static_cast<const T*>(a);
  const auto* second = static_cast<const T*>(b);
  auto* to = static_cast<T*>(y);
  const auto first_weight = hn::Set(d, of_a.For<T>());
  const auto second_weight = hn::Set(d, of_b.For<T>());
  ForEachVector(d, count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const auto product = hn::Mul(Load(first + i, n), first_weight);
    Store(hn::Add(product, hn::Mul(Load(second + i, n), second_weight)), n, to + i);
  });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_SELECT_INL_H_
