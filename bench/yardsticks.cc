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

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow::bench
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/dispatch.h"

namespace fallow::bench {

HWY_EXPORT(ScaleLoop);
HWY_EXPORT(StreamCopyLoop);

void Scale(Target target, const float* x, std::size_t n, float a, float* y) {
  FALLOW_DISPATCH(ScaleLoop, target)(x, n, a, y);
}

void StreamCopy(Target target, const float* x, std::size_t n, float* y) {
  FALLOW_DISPATCH(StreamCopyLoop, target)(x, n, y);
}

}  // namespace fallow::bench
#endif  // HWY_ONCE
