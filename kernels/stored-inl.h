// A mask's stored bytes from its words, and back.

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

#if defined(FALLOW_KERNELS_STORED_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_STORED_INL_H_
#undef FALLOW_KERNELS_STORED_INL_H_
#else
#define FALLOW_KERNELS_STORED_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// 16 to 64 elements at a time.
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

#endif  // FALLOW_KERNELS_STORED_INL_H_
