// Appliers: y = kept ? x * scale : 0, and y += it, from a mask in words.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/elements-inl.h"
#include "kernels/mask_plan.h"
#include "kernels/scale.h"
#include "kernels/words.h"

#if defined(FALLOW_KERNELS_APPLY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_APPLY_INL_H_
#undef FALLOW_KERNELS_APPLY_INL_H_
#else
#define FALLOW_KERNELS_APPLY_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
HWY_INLINE VecOf<T> ScaleVector(const Scale& scale) {
  return hn::Set(TagOf<T>(), scale.For<T>());
}

// One vector of elements, for each type: how many there are, and y = kept ? x * scale : 0 with mask bits from number
// `first` of 32 on.
// This one for types that are loaded and stored as they are computed with.
template <class T>
struct Drop {
  using Element = T;
  using D = TagOf<T>;
  static HWY_INLINE std::size_t Count() { return hn::Lanes(D()); }

  template <bool kStreaming>
  static HWY_INLINE void Vector(const T* x, std::uint32_t bits, std::size_t first, VecOf<T> scale, T* y) {
    const auto result = KeptOrZero(D(), Kept(D(), bits, first), hn::Mul(LoadElements(x), scale));
    if constexpr (kStreaming) {
      hn::Stream(result, D(), y);
    } else {
      StoreElements(result, y);
    }
  }
};

template <>
struct Drop<Float16> {
  using Element = Float16;
  static HWY_INLINE std::size_t Count() { return hn::Lanes(DF()); }

  template <bool kStreaming>  // Not taken up: converting costs more than memory does.
  static HWY_INLINE void Vector(const Float16* x, std::uint32_t bits, std::size_t first, VF scale, Float16* y) {
    StoreElements(KeptOrZero(DF(), Kept(DF(), bits, first), hn::Mul(LoadElements(x), scale)), y);
  }
};

#if HWY_TARGET == HWY_SCALAR

template <bool kExact>
struct DropBFloat16 {
  using Element = BFloat16;
  static HWY_INLINE std::size_t Count() { return 1; }

  template <bool kStreaming>
  static HWY_INLINE void Vector(const BFloat16* x, std::uint32_t bits, std::size_t first, VF scale, BFloat16* y) {
    StoreElements(KeptOrZero(DF(), Kept(DF(), bits, first), hn::Mul(LoadElements(x), scale)), y);
  }
};

#else

// As many elements as there are 16-bit lanes: those of even and of odd number are the upper halves of floats as soon as
// they are shifted, or masked, so that nothing moves between lanes. Twice as fast as LoadElements and StoreElements.
//
// `kExact`: the scale is a power of two and at least 1, as at p = 0.5, so that products need no rounding, which is half
// of the work.
template <bool kExact>
struct DropBFloat16 {
  using Element = BFloat16;
  using D16 = hn::Repartition<std::uint16_t, DF>;
  static HWY_INLINE std::size_t Count() { return hn::Lanes(D16()); }

  // x * scale to nearest even, in the upper half. A NaN has a lower half of 0, since x has and no product changes that,
  // and so rounds to itself.
  static HWY_INLINE VU RoundedProduct(VU x, VF scale) {
    const DU du;
    const VU product = hn::BitCast(du, hn::Mul(hn::BitCast(DF(), x), scale));
    if constexpr (kExact) return product;
    const auto odd = hn::TestBit(product, hn::Set(du, 0x10000));
    return hn::Add(product, hn::IfThenElse(odd, hn::Set(du, 0x8000), hn::Set(du, 0x7FFF)));
  }

  template <bool kStreaming>
  static HWY_INLINE void Vector(const BFloat16* x, std::uint32_t bits, std::size_t first, VF scale, BFloat16* y) {
    const D16 d16;
    const DU du;
    const VU pairs = hn::BitCast(du, hn::LoadU(d16, reinterpret_cast<const std::uint16_t*>(x)));
    const VU even = RoundedProduct(hn::ShiftLeft<16>(pairs), scale);
    const VU odd = RoundedProduct(hn::And(pairs, hn::Set(du, 0xFFFF0000)), scale);
    const auto rounded = hn::OddEven(hn::BitCast(d16, odd), hn::BitCast(d16, hn::ShiftRight<16>(even)));
    const auto result = hn::IfThenElseZero(Kept16(bits, first), rounded);
    auto* to = reinterpret_cast<std::uint16_t*>(y);
    if constexpr (kStreaming) {
      hn::Stream(result, d16, to);
    } else {
      hn::StoreU(result, d16, to);
    }
  }

 private:
  static HWY_INLINE hn::Mask<D16> Kept16(std::uint32_t bits, std::size_t first) {
    const D16 d16;
#if HWY_TARGET == HWY_AVX3
    const std::uint64_t all = bits;
    (void)first;  // 0: a vector is all 32 elements.
    return hn::LoadMaskBits(d16, reinterpret_cast<const std::uint8_t*>(&all));
#else
    // A table, as few targets shift 16-bit lanes by different amounts.
    static constexpr std::uint16_t kBit[32] = {1,    2,    4,    8,     16,    32,   64,   128,  256,   512,  1024,
                                               2048, 4096, 8192, 16384, 32768, 1,    2,    4,    8,     16,   32,
                                               64,   128,  256,  512,   1024,  2048, 4096, 8192, 16384, 32768};
    const auto bit = hn::LoadU(d16, kBit);
    const auto low = hn::Set(d16, static_cast<std::uint16_t>(bits >> first));
    if constexpr (hn::MaxLanes(D16()) <= 16) {
      return hn::TestBit(low, bit);
    } else {  // Scalable vectors.
      const auto high = hn::Set(d16, static_cast<std::uint16_t>(bits >> first >> 16));
      return hn::TestBit(hn::IfThenElse(hn::FirstN(d16, 16), low, high), bit);
    }
#endif
  }
};

#endif  // HWY_TARGET == HWY_SCALAR

// At most a vector of elements, read and written through a buffer so that nothing outside is touched.
template <class Op, class T = typename Op::Element>
HWY_INLINE void DropPart(const T* x, const std::uint64_t* words, std::size_t i, std::size_t count, VecOf<T> scale,
                         T* y) {
  HWY_ALIGN T buffer[kMaxVectorElements<T>] = {};
  std::memcpy(buffer, x, count * sizeof(T));
  Op::template Vector<false>(buffer, MaskBits32(words, i), i % 32, scale, buffer);
  std::memcpy(y, buffer, count * sizeof(T));
}

// 32 elements, unrolled, so that the compiler sees which bits each vector takes.
template <class Op, bool kStreaming, class T = typename Op::Element>
HWY_INLINE void DropRun(const T* x, std::uint32_t bits, VecOf<T> scale, T* y) {
  const std::size_t step = Op::Count();
  for (std::size_t i = 0; i < 32; i += step) Op::template Vector<kStreaming>(x + i, bits, i, scale, y + i);
}

template <class Op, bool kStreaming, class T = typename Op::Element>
HWY_INLINE void DropWords(const T* x, const std::uint64_t* words, std::size_t count, VecOf<T> scale, T* y) {
  const std::size_t step = Op::Count();
  std::size_t i = 0;
  // Two runs: with one, AVX-512 takes 5 % longer in L2 (AMD EPYC, Zen 5, g++ 12, 2026-11-25).
  for (; i + 64 <= count; i += 64) {
    const std::uint64_t bits = words[i / 64];
    DropRun<Op, kStreaming>(x + i, static_cast<std::uint32_t>(bits), scale, y + i);
    DropRun<Op, kStreaming>(x + i + 32, static_cast<std::uint32_t>(bits >> 32), scale, y + i + 32);
  }
  for (; i + step <= count; i += step) {
    Op::template Vector<kStreaming>(x + i, MaskBits32(words, i), i % 32, scale, y + i);
  }
  if (i < count) DropPart<Op>(x + i, words, i, count - i, scale, y + i);
}

// Streaming stores must be aligned, so the mask is shifted to where y is.
template <class Op, class T = typename Op::Element>
HWY_INLINE void DropStreaming(const T* x, const std::uint64_t* words, std::size_t count, VecOf<T> scale, T* y) {
  const std::size_t step = Op::Count();
  const std::size_t past = reinterpret_cast<std::uintptr_t>(y) / sizeof(T) % step;
  const std::size_t head = std::min(count, (step - past) % step);
  if (head == 0) return DropWords<Op, true>(x, words, count, scale, y);

  DropPart<Op>(x, words, 0, head, scale, y);
  std::uint64_t shifted[kChunkWords];
  ShiftWords(words, head, count - head, shifted);
  DropWords<Op, true>(x + head, shifted, count - head, scale, y + head);
}

template <class Op, class T = typename Op::Element>
HWY_INLINE void DropAll(const T* x, const std::uint64_t* words, std::size_t count, const Scale& scale, bool streaming,
                        T* y) {
  const VecOf<T> factor = ScaleVector<T>(scale);
  if (!streaming) return DropWords<Op, false>(x, words, count, factor, y);
  DropStreaming<Op>(x, words, count, factor, y);
  hwy::FlushStream();
}

template <class T>
void DropElements(const void* x, const std::uint64_t* words, std::size_t count, const Scale& scale, bool streaming,
                  void* y) {
  const auto* from = static_cast<const T*>(x);
  auto* to = static_cast<T*>(y);
  if constexpr (!std::is_same_v<T, BFloat16>) {
    DropAll<Drop<T>>(from, words, count, scale, streaming, to);
  } else if (scale.f32 >= 1.0f && (std::bit_cast<std::uint32_t>(scale.f32) & 0x7FFFFF) == 0) {
    DropAll<DropBFloat16<true>>(from, words, count, scale, streaming, to);
  } else {
    DropAll<DropBFloat16<false>>(from, words, count, scale, streaming, to);
  }
}

// A dropped element leaves y as it is, to the bit, which adding 0 would not.
template <class T>
HWY_INLINE void AccumulateVector(const T* x, const std::uint64_t* words, std::size_t i, VecOf<T> scale, T* y) {
  const auto sum = hn::Add(LoadElements(y), hn::Mul(LoadElements(x), scale));
  StoreKept(Kept(TagOf<T>(), words, i), sum, y);
}

template <class T>
void AccumulateElements(const void* x, const std::uint64_t* words, std::size_t count, const Scale& scale, void* y) {
  constexpr TagOf<T> d;
  const auto* from = static_cast<const T*>(x);
  auto* to = static_cast<T*>(y);
  const VecOf<T> factor = ScaleVector<T>(scale);
  ForEachVector(d, count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    if (n == hn::Lanes(d)) return AccumulateVector(from + i, words, i, factor, to + i);
    HWY_ALIGN T terms[hn::MaxLanes(d)] = {}, sums[hn::MaxLanes(d)] = {};
    std::memcpy(terms, from + i, n * sizeof(T));
    std::memcpy(sums, to + i, n * sizeof(T));
    AccumulateVector(terms, words, i, factor, sums);
    std::memcpy(to + i, sums, n * sizeof(T));
  });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_APPLY_INL_H_
