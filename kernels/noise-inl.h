// Uniform and normal numbers, stored, added to elements or multiplied with them.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"
#include "kernels/elements-inl.h"
#include "kernels/noise_kernels.h"
#include "kernels/normal-inl.h"

#if defined(FALLOW_KERNELS_NOISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_NOISE_INL_H_
#undef FALLOW_KERNELS_NOISE_INL_H_
#else
#define FALLOW_KERNELS_NOISE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The words of `n` elements, at most a vector.
HWY_INLINE VU LoadWords(const std::uint32_t* words, std::size_t n) {
  const DU du;
  if (n == hn::Lanes(du)) return hn::LoadU(du, words);
  std::uint32_t buffer[hn::MaxLanes(DU())] = {};
  std::memcpy(buffer, words, n * sizeof(*words));
  return hn::LoadU(du, buffer);
}

template <class T>
inline constexpr int kSignificandBits = 24;
template <>
inline constexpr int kSignificandBits<BFloat16> = 8;
template <>
inline constexpr int kSignificandBits<Float16> = 11;

// From the word's upper bits, as many as leave room for the half.
template <class T>
void StoreUniforms(const NoiseWords& noise, std::size_t count, void* u) {
  constexpr int kBits = kSignificandBits<T> - 1;
  auto* to = static_cast<T*>(u);
  const VF step = Splat(1.0f / (1 << kBits));
  ForEachVector(DF(), count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const VU upper = hn::ShiftRight<32 - kBits>(LoadWords(noise.words() + i, n));
    Store(hn::Mul(PlusHalf(upper), step), n, to + i);
  });
}

template <class T>
void StoreNormals(const NoiseWords& noise, std::size_t count, void* z) {
  auto* to = static_cast<T*>(z);
  ForEachNormal(noise, count, [&](VF normal, std::size_t j, std::size_t n) HWY_ATTR { Store(normal, n, to + j); });
}

template <class T>
void AddNormals(const NoiseWords& noise, std::size_t count, const void* x, float stddev, void* y) {
  const auto* from = static_cast<const T*>(x);
  auto* to = static_cast<T*>(y);
  const VF factor = Splat(stddev);
  ForEachNormal(noise, count, [&](VF normal, std::size_t j, std::size_t n) HWY_ATTR {
    Store(hn::Add(Load(from + j, n), hn::Mul(normal, factor)), n, to + j);
  });
}

template <class T>
void MultiplyNormals(const NoiseWords& noise, std::size_t count, const void* x, float stddev, void* y) {
  const auto* from = static_cast<const T*>(x);
  auto* to = static_cast<T*>(y);
  const VF factor = Splat(stddev);
  ForEachNormal(noise, count, [&](VF normal, std::size_t j, std::size_t n) HWY_ATTR {
    Store(hn::Mul(Load(from + j, n), PlusProduct(1.0f, normal, factor)), n, to + j);
  });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_NOISE_INL_H_
