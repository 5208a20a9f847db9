// Vectors of elements of every type: loaded and stored as what is computed with, float, or double for f64; and the
// lanes that a mask keeps.
//
// Highway 1.0.3's own conversions of 16-bit types round, and treat NaNs, differently from target to target, so these
// are spelt out in integers: to nearest even, as the scalar ones of types.h.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "fallow/types.h"
#include "hwy/highway.h"
#include "kernels/mask_plan.h"

#if defined(FALLOW_KERNELS_ELEMENTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_ELEMENTS_INL_H_
#undef FALLOW_KERNELS_ELEMENTS_INL_H_
#else
#define FALLOW_KERNELS_ELEMENTS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::CappedTag<float, 16>;
using VF = hn::Vec<DF>;
using DD = hn::CappedTag<double, 8>;
using VD = hn::Vec<DD>;

// What elements of type T are computed in.
template <class T>
using TagOf = std::conditional_t<std::is_same_v<T, double>, DD, DF>;
template <class T>
using VecOf = hn::Vec<TagOf<T>>;

HWY_INLINE VF LoadElements(const float* x) { return hn::LoadU(DF(), x); }
HWY_INLINE VD LoadElements(const double* x) { return hn::LoadU(DD(), x); }
HWY_INLINE void StoreElements(VF v, float* y) { hn::StoreU(v, DF(), y); }
HWY_INLINE void StoreElements(VD v, double* y) { hn::StoreU(v, DD(), y); }

using DU = hn::RebindToUnsigned<DF>;
using VU = hn::Vec<DU>;
using DHalf = hn::Rebind<std::uint16_t, DF>;

HWY_INLINE VU LoadBits16(const void* x) {
  return hn::PromoteTo(DU(), hn::LoadU(DHalf(), static_cast<const std::uint16_t*>(x)));
}
HWY_INLINE void StoreBits16(VU bits, void* y) {
  hn::StoreU(hn::TruncateTo(DHalf(), bits), DHalf(), static_cast<std::uint16_t*>(y));
}

// Whether magnitudes, which have no sign bit, are at least `limit`: as signed numbers, which all targets compare.
HWY_INLINE hn::Mask<DU> AtLeast(VU magnitude, std::uint32_t limit) {
  const hn::RebindToSigned<DF> di;
  const auto below = static_cast<std::int32_t>(limit - 1);
  return hn::RebindMask(DU(), hn::Gt(hn::BitCast(di, magnitude), hn::Set(di, below)));
}

HWY_INLINE VF LoadElements(const BFloat16* x) { return hn::BitCast(DF(), hn::ShiftLeft<16>(LoadBits16(x))); }

// The bits of v as elements of the type of `tag`.
HWY_INLINE VU Rounded16(VF v, BFloat16 /*tag*/) {
  const DU du;
  const VU bits = hn::BitCast(du, v);
  const VU even = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
  const VU rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(hn::Set(du, 0x7FFF), even)));
  const VU quiet = hn::Or(hn::ShiftRight<16>(bits), hn::Set(du, 0x40));
  return hn::IfVecThenElse(hn::VecFromMask(du, hn::RebindMask(du, hn::IsNaN(v))), quiet, rounded);
}

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3  // Have instructions, which do what the code below does.

using DF16 = hn::Rebind<hwy::float16_t, DF>;

HWY_INLINE VF LoadElements(const Float16* x) {
  return hn::PromoteTo(DF(), hn::LoadU(DF16(), reinterpret_cast<const hwy::float16_t*>(x)));
}

HWY_INLINE VU Rounded16(VF v, Float16 /*tag*/) {
  return hn::PromoteTo(DU(), hn::BitCast(DHalf(), hn::DemoteTo(DF16(), v)));
}

HWY_INLINE void StoreElements(VF v, Float16* y) {
  hn::StoreU(hn::DemoteTo(DF16(), v), DF16(), reinterpret_cast<hwy::float16_t*>(y));
}

#else

HWY_INLINE VF LoadElements(const Float16* x) {
  const DF d;
  const DU du;
  const VU half = LoadBits16(x);
  const VU sign = hn::ShiftLeft<16>(hn::And(half, hn::Set(du, 0x8000)));
  const VU magnitude = hn::ShiftLeft<13>(hn::And(half, hn::Set(du, 0x7FFF)));
  // Shifted, exponents lack 112, those of infinities and NaNs twice that.
  const VU normal = hn::Add(magnitude, hn::Set(du, 0x38000000));
  const VU special = hn::Or(hn::Add(normal, hn::Set(du, 0x38000000)),
                            hn::IfThenElseZero(AtLeast(magnitude, 0x0F800001), hn::Set(du, 0x00400000)));
  // A denormal as the fraction of a number in [2^-14, 2^-13), less 2^-14: exact, and no denormal of float is met. Abs:
  // rounding downward, 0 - 0 is -0.
  const VF offset = hn::BitCast(d, hn::Set(du, 0x38800000));
  const VF denormal = hn::Abs(hn::Sub(hn::BitCast(d, hn::Add(magnitude, hn::Set(du, 0x38800000))), offset));
  const VU finite = hn::IfThenElse(AtLeast(magnitude, 0x00800000), normal, hn::BitCast(du, denormal));
  return hn::BitCast(d, hn::Or(sign, hn::IfThenElse(AtLeast(magnitude, 0x0F800000), special, finite)));
}

HWY_INLINE VU Rounded16(VF v, Float16 /*tag*/) {
  const DF d;
  const DU du;
  const VU bits = hn::BitCast(du, v);
  const VU sign = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 0x8000));
  const VU magnitude = hn::And(bits, hn::Set(du, 0x7FFFFFFF));
  const VU even = hn::And(hn::ShiftRight<13>(magnitude), hn::Set(du, 1));
  const VU normal = hn::ShiftRight<13>(hn::Add(hn::Sub(magnitude, hn::Set(du, 0x38000000 - 0xFFF)), even));
  // A denormal is a multiple of 2^-24, which is what the last bit of 0.5 is worth: the sum rounds.
  const VF half = hn::Set(d, 0.5f);
  const VU denormal = hn::Sub(hn::BitCast(du, hn::Add(hn::BitCast(d, magnitude), half)), hn::BitCast(du, half));
  const VU finite = hn::IfThenElse(AtLeast(magnitude, 0x38800000), normal, denormal);
  // From 65520 on, half a step above the largest finite number.
  const VU bounded = hn::IfThenElse(AtLeast(magnitude, 0x477FF000), hn::Set(du, 0x7C00), finite);
  const VU nan = hn::Or(hn::Set(du, 0x7E00), hn::And(hn::ShiftRight<13>(magnitude), hn::Set(du, 0x3FF)));
  return hn::Or(sign, hn::IfThenElse(AtLeast(magnitude, 0x7F800001), nan, bounded));
}

HWY_INLINE void StoreElements(VF v, Float16* y) { StoreBits16(Rounded16(v, Float16()), y); }

#endif

HWY_INLINE void StoreElements(VF v, BFloat16* y) { StoreBits16(Rounded16(v, BFloat16()), y); }

// Stores lanes that are kept; of the others, y keeps every bit, which loading and storing them would not for NaNs.
template <class T>
HWY_INLINE void StoreKept(hn::Mask<TagOf<T>> kept, VecOf<T> v, T* y) {
  if constexpr (sizeof(T) == 2) {
    StoreBits16(hn::IfThenElse(hn::RebindMask(DU(), kept), Rounded16(v, T()), LoadBits16(y)), y);
  } else {
    StoreElements(hn::IfThenElse(kept, v, LoadElements(y)), y);
  }
}

// The most elements that a vector's worth of bytes holds.
template <class T>
inline constexpr std::size_t kMaxVectorElements = hn::MaxLanes(TagOf<T>()) * sizeof(hn::TFromD<TagOf<T>>) / sizeof(T);

// At most a vector of elements, through a buffer so that nothing outside is touched; the other lanes are `padding`.
template <class T>
HWY_INLINE VecOf<T> LoadPart(const T* x, std::size_t count, T padding = {}) {
  T buffer[hn::MaxLanes(TagOf<T>())];
  std::fill_n(buffer, hn::MaxLanes(TagOf<T>()), padding);
  std::memcpy(buffer, x, count * sizeof(T));
  return LoadElements(buffer);
}

template <class T>
HWY_INLINE void StorePart(VecOf<T> v, std::size_t count, T* y) {
  T buffer[hn::MaxLanes(TagOf<T>())];
  StoreElements(v, buffer);
  std::memcpy(y, buffer, count * sizeof(T));
}

// The mask bits of the 32 elements that element `i` is among.
HWY_INLINE std::uint32_t MaskBits32(const std::uint64_t* words, std::size_t i) {
  return static_cast<std::uint32_t>(words[i / 64] >> (i % 64 / 32 * 32));
}

// Lanes that are kept, of the elements from number `first` of those 32 on, a multiple of the lanes. Taking the bits
// from a variable, rather than from memory for each vector, keeps compilers from loading and broadcasting them again.
template <class D>
HWY_INLINE hn::Mask<D> Kept(D d, std::uint32_t bits, std::size_t first) {
#if HWY_TARGET == HWY_AVX3  // Has registers for masks.
  if constexpr (hn::MaxLanes(D()) >= 8) {
    const std::uint64_t from_first = bits >> first;
    return hn::LoadMaskBits(d, reinterpret_cast<const std::uint8_t*>(&from_first));
  }
#endif
  const hn::RebindToUnsigned<D> du;
  using TU = hn::TFromD<decltype(du)>;
  const auto bit = hn::ShiftLeftSame(hn::Shl(hn::Set(du, TU{1}), hn::Iota(du, TU{0})), static_cast<int>(first));
  return hn::MaskFromVec(hn::BitCast(d, hn::VecFromMask(du, hn::TestBit(hn::Set(du, TU{bits}), bit))));
}

// The same of the elements from `i` on.
template <class D>
HWY_INLINE hn::Mask<D> Kept(D d, const std::uint64_t* words, std::size_t i) {
  return Kept(d, MaskBits32(words, i), i % 32);
}

// v where kept, else +0.
template <class D, class V>
HWY_INLINE V KeptOrZero(D d, hn::Mask<D> kept, V v) {
#if HWY_TARGET == \
    HWY_SCALAR  // IfThenElseZero is a branch there, mispredicted half the time: 4.1 ns an element, this 0.9.
  return hn::And(hn::VecFromMask(d, kept), v);
#else
  (void)d;
#if HWY_TARGET == HWY_AVX3
  // Hides from compilers that some lanes will be dropped. They would load v under the mask, and AMD's prefetchers do
  // not follow such loads: dropout in DRAM then takes twice as long (EPYC, Zen 5, g++ 12, 2026-11-25).
  asm("" : "+v"(v.raw));
#endif
  return hn::IfThenElseZero(kept, v);
#endif
}

// A vector's worth of elements, or the `n` there are.
template <class T>
HWY_INLINE VecOf<T> Load(const T* x, std::size_t n) {
  return n == hn::Lanes(TagOf<T>()) ? LoadElements(x) : LoadPart(x, n);
}
template <class T>
HWY_INLINE void Store(VecOf<T> v, std::size_t n, T* y) {
  n == hn::Lanes(TagOf<T>()) ? StoreElements(v, y) : StorePart(v, n, y);
}

// Calls body(i, n) for vectors of a tag D that cover [0, count): n is the number of lanes but for the last, which may
// have fewer. In runs of 32 elements, so that compilers unroll, and see which bits of a mask's word each vector takes.
template <class D, class Body>
HWY_INLINE void ForEachVector(D d, std::size_t count, const Body& body) {
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    for (std::size_t j = i; j < i + 32; j += lanes) body(j, lanes);
  }
  for (; i < count; i += lanes) body(i, std::min(lanes, count - i));
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_ELEMENTS_INL_H_
