#include "kernels/softmax_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/softmax_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/per_type.h"
#include "kernels/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace {

template <class T>
constexpr SoftmaxKernels KernelsOf() {
  return {Logits<T>, Exponentials, Invalidate, FinishSoftmax<T>, ExponentialsAndProducts<T>, FinishSoftmaxGradient<T>};
}

const PerType<SoftmaxKernels>* Table() {
  static constexpr PerType<SoftmaxKernels> kTable = {
      KernelsOf<float>(), {}, KernelsOf<BFloat16>(), KernelsOf<Float16>()};
  return &kTable;
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/dispatch.h"

namespace fallow {

FALLOW_EXPORT_TYPED_TABLE(SoftmaxKernels, SoftmaxKernelsFor);

}  // namespace fallow
#endif  // HWY_ONCE
