#include "bench/yardsticks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/yardsticks.cc"
#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fallow::bench {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void ScaleLoop(const float* x, std::size_t n, float a, float* y) {
  const hn::ScalableTag<float> d;
  const auto factor = hn::Set(d, a);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) hn::StoreU(hn::Mul(hn::LoadU(d, x + i), factor), d, y + i);
  for (; i < n; ++i) y[i] = x[i] * a;
}

void StreamCopyLoop(const float* x, std::size_t n, float* y) {
  const hn::ScalableTag<float> d;
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) hn::Stream(hn::LoadU(d, x + i), d, y + i);
  hwy::FlushStream();
}

// As libxsmm's dropout: one generator of 32 bits a lane, compared with a threshold.
void XoshiroDropoutLoop(const float* x, std::size_t n, std::uint32_t threshold, float scale, std::uint32_t seed,
                        float* y) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const std::uint32_t seeds[] = {seed, seed * 0x9E3779B9 + 1, seed * 0xBB67AE85 + 2, seed * 0x85EBCA6B + 3};
  auto s0 = hn::Iota(du, seeds[0]), s1 = hn::Iota(du, seeds[1]), s2 = hn::Iota(du, seeds[2]);
  auto s3 = hn::Iota(du, seeds[3]);
  // Compared as signed numbers, which every target does.
  const hn::RebindToSigned<decltype(d)> di;
  const auto flip = hn::Set(du, 0x80000000);
  const auto limit = hn::BitCast(di, hn::Xor(hn::Set(du, threshold), flip));
  const auto factor = hn::Set(d, scale);
  for (std::size_t i = 0; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    const auto random = hn::BitCast(di, hn::Xor(hn::Add(s0, s3), flip));
    const auto t = hn::ShiftLeft<9>(s1);
    s2 = hn::Xor(s2, s0);
    s3 = hn::Xor(s3, s1);
    s1 = hn::Xor(s1, s2);
    s0 = hn::Xor(s0, s3);
    s2 = hn::Xor(s2, t);
    s3 = hn::Or(hn::ShiftLeft<11>(s3), hn::ShiftRight<21>(s3));
    const auto kept = hn::RebindMask(d, hn::Lt(random, limit));
    hn::StoreU(hn::IfThenElseZero(kept, hn::Mul(hn::LoadU(d, x + i), factor)), d, y + i);
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow::bench
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/dispatch.h"

namespace fallow::bench {

HWY_EXPORT(ScaleLoop);
HWY_EXPORT(StreamCopyLoop);
HWY_EXPORT(XoshiroDropoutLoop);

void ScaleBy(Target target, const float* x, std::size_t n, float a, float* y) {
  FALLOW_DISPATCH(ScaleLoop, target)(x, n, a, y);
}

void StreamCopy(Target target, const float* x, std::size_t n, float* y) {
  FALLOW_DISPATCH(StreamCopyLoop, target)(x, n, y);
}

void XoshiroDropout(Target target, const float* x, std::size_t n, std::uint32_t threshold, float scale,
                    std::uint32_t seed, float* y) {
  FALLOW_DISPATCH(XoshiroDropoutLoop, target)(x, n, threshold, scale, seed, y);
}

}  // namespace fallow::bench
#endif  // HWY_ONCE
