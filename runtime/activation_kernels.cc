#include "runtime/activation_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/activation_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fallow::nn {
namespace HWY_NAMESPACE {
namespace {

namespace simd = fallow::HWY_NAMESPACE;

template <class F>
void Forward(const float* x, std::size_t count, float slope, float* y) {
  const F f(slope);
  simd::ForEachVector(simd::DF(), count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    simd::Store(f.Value(simd::Load(x + i, n)), n, y + i);
  });
}

template <class F>
void Backward(const float* dy, const float* saved, std::size_t count, float slope, float* dx) {
  const F f(slope);
  simd::ForEachVector(simd::DF(), count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    simd::Store(f.Backward(simd::Load(dy + i, n), simd::Load(saved + i, n)), n, dx + i);
  });
}

template <class F>
struct KernelsOf {
  constexpr ActivationKernels operator()() const { return {Forward<F>, Backward<F>}; }
};

const ActivationKernels* FindActivation(Activation activation) {
  static constexpr auto kTable = simd::ForEachActivation<ActivationKernels, KernelsOf, simd::Separate>();
  return &kTable[static_cast<std::size_t>(activation)];
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow::nn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/dispatch.h"

namespace fallow::nn {

HWY_EXPORT(FindActivation);

const ActivationKernels& ActivationKernelsFor(Activation activation, Target target) noexcept {
  return *FALLOW_DISPATCH(FindActivation, target)(activation);
}

}  // namespace fallow::nn
#endif  // HWY_ONCE
