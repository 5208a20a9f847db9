// Loops over spans: whole vectors, then what is left through a padded buffer, with the same one-vector function.

#include <cstddef>
#include <cstring>

#include "hwy/highway.h"

#if defined(FALLOW_RUNTIME_ELEMENTWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_RUNTIME_ELEMENTWISE_INL_H_
#undef FALLOW_RUNTIME_ELEMENTWISE_INL_H_
#else
#define FALLOW_RUNTIME_ELEMENTWISE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow::nn {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::CappedTag<float, 16>;
using VF = hn::Vec<DF>;
using MF = hn::Mask<DF>;

// At most a vector of elements; the other lanes are `padding`.
HWY_INLINE VF LoadPart(const float* x, std::size_t count, float padding) {
  const DF d;
  HWY_ALIGN float buffer[hn::MaxLanes(DF())];
  hn::Store(hn::Set(d, padding), d, buffer);
  std::memcpy(buffer, x, count * sizeof(float));
  return hn::Load(d, buffer);
}

HWY_INLINE void StorePart(VF v, std::size_t count, float* y) {
  const DF d;
  HWY_ALIGN float buffer[hn::MaxLanes(DF())];
  hn::Store(v, d, buffer);
  std::memcpy(y, buffer, count * sizeof(float));
}

// y[i] = f(x[i]); y may be x.
template <class F>
HWY_INLINE void Map(const F& f, const float* x, std::size_t count, float* y) {
  const DF d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(f(hn::LoadU(d, x + i)), d, y + i);
  if (i < count) StorePart(f(LoadPart(x + i, count - i, 0.0f)), count - i, y + i);
}

// z[i] = f(x[i], y[i]); z may be x or y.
template <class F>
HWY_INLINE void Map(const F& f, const float* x, const float* y, std::size_t count, float* z) {
  const DF d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(f(hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, z + i);
  if (i == count) return;
  const std::size_t rest = count - i;
  StorePart(f(LoadPart(x + i, rest, 0.0f), LoadPart(y + i, rest, 0.0f)), rest, z + i);
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow::nn
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_RUNTIME_ELEMENTWISE_INL_H_
