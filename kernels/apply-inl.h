// Appliers: y = kept ? x * scale : 0, from a mask in words. And the mask's two stored forms.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/mask_plan.h"
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

using DF = hn::CappedTag<float, 16>;
using VF = hn::Vec<DF>;

// Lanes that are kept, of the elements from `i` on, a multiple of the lanes.
HWY_INLINE hn::Mask<DF> Kept(const std::uint64_t* words, std::size_t i) {
  const DF d;
  if constexpr (hn::MaxLanes(DF()) >= 16) {
    return hn::LoadMaskBits(d, reinterpret_cast<const std::uint8_t*>(words) + i / 8);
  } else {
    // The bits of 32 elements in every lane: the compiler loads and broadcasts them once for all vectors of the 32.
    const hn::RebindToUnsigned<DF> du;
    std::uint32_t bits;
    std::memcpy(&bits, reinterpret_cast<const std::uint8_t*>(words) + i / 32 * 4, sizeof(bits));
    const auto bit = hn::ShiftLeftSame(hn::Shl(hn::Set(du, 1), hn::Iota(du, 0)), static_cast<int>(i % 32));
    return hn::MaskFromVec(hn::BitCast(d, hn::VecFromMask(du, hn::TestBit(hn::Set(du, bits), bit))));
  }
}

HWY_INLINE VF Apply(hn::Mask<DF> kept, VF x, VF scale) {
#if HWY_TARGET == \
    HWY_SCALAR  // IfThenElseZero is a branch there, mispredicted half the time: 4.1 ns an element, this 0.9.
  return hn::And(hn::VecFromMask(DF(), kept), hn::Mul(x, scale));
#else
  return hn::IfThenElseZero(kept, hn::Mul(x, scale));
#endif
}

// At most a vector of elements, read and written through a buffer so that nothing outside is touched.
HWY_INLINE void ApplyPart(const float* x, hn::Mask<DF> kept, std::size_t count, VF scale, float* y) {
  const DF d;
  HWY_ALIGN float buffer[hn::MaxLanes(DF())] = {};
  std::memcpy(buffer, x, count * sizeof(float));
  hn::Store(Apply(kept, hn::Load(d, buffer), scale), d, buffer);
  std::memcpy(y, buffer, count * sizeof(float));
}

template <bool kStreaming>
HWY_INLINE void ApplyVector(const float* x, hn::Mask<DF> kept, VF scale, float* y) {
  const DF d;
  const VF result = Apply(kept, hn::LoadU(d, x), scale);
  if constexpr (kStreaming) {
    hn::Stream(result, d, y);
  } else {
    hn::StoreU(result, d, y);
  }
}

template <bool kStreaming>
HWY_INLINE void ApplyWords(const float* x, const std::uint64_t* words, std::size_t count, VF scale, float* y) {
  const std::size_t lanes = hn::Lanes(DF());
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    for (std::size_t j = i; j < i + 32; j += lanes) ApplyVector<kStreaming>(x + j, Kept(words, j), scale, y + j);
  }
  for (; i + lanes <= count; i += lanes) ApplyVector<kStreaming>(x + i, Kept(words, i), scale, y + i);
  if (i < count) ApplyPart(x + i, Kept(words, i), count - i, scale, y + i);
}

// Streaming stores must be aligned, so the mask is shifted to where y is.
inline void ApplyStreaming(const float* x, const std::uint64_t* words, std::size_t count, VF scale, float* y) {
  const DF d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t past = reinterpret_cast<std::uintptr_t>(y) / sizeof(float) % lanes;
  const std::size_t head = std::min(count, (lanes - past) % lanes);
  if (head == 0) return ApplyWords<true>(x, words, count, scale, y);

  ApplyPart(x, Kept(words, 0), head, scale, y);
  std::uint64_t shifted[kChunkWords];
  ShiftWords(words, head, count - head, shifted);
  ApplyWords<true>(x + head, shifted, count - head, scale, y + head);
}

inline void ApplyF32(const float* x, const std::uint64_t* words, std::size_t count, float scale, bool streaming,
                     float* y) {
  const VF vscale = hn::Set(DF(), scale);
  if (!streaming) return ApplyWords<false>(x, words, count, vscale, y);
  ApplyStreaming(x, words, count, vscale, y);
  hwy::FlushStream();
}

// The two stored forms, 16 to 64 elements at a time.
using D8 = hn::CappedTag<std::uint8_t, 64>;

inline void Unpack(const std::uint64_t* words, std::size_t count, std::uint8_t* bytes) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const D8 d;
  const auto* bits = reinterpret_cast<const std::uint8_t*>(words);
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    hn::StoreU(hn::IfThenElseZero(hn::LoadMaskBits(d, bits + i / 8), hn::Set(d, 1)), d, bytes + i);
  }
#endif
  for (; i < count; ++i) bytes[i] = static_cast<std::uint8_t>(words[i / 64] >> (i % 64) & 1);
}

inline void Pack(const std::uint8_t* bytes, std::size_t count, std::uint64_t* words) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const D8 d;
  auto* bits = reinterpret_cast<std::uint8_t*>(words);
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    hn::StoreMaskBits(d, hn::Ne(hn::LoadU(d, bytes + i), hn::Zero(d)), bits + i / 8);
  }
#endif
  for (; i < count; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << (i % 64);
    words[i / 64] = bytes[i] != 0 ? words[i / 64] | bit : words[i / 64] & ~bit;
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_APPLY_INL_H_
