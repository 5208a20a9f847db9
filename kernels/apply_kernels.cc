#include "kernels/apply_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/apply_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/apply-inl.h"
#include "kernels/per_type.h"

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace {

template <class T>
constexpr ApplyKernels KernelsOf() {
  return {DropElements<T>, AccumulateElements<T>};
}

const PerType<ApplyKernels>* Table() {
  static constexpr PerType<ApplyKernels> kTable = {KernelsOf<float>(), KernelsOf<double>(), KernelsOf<BFloat16>(),
                                                   KernelsOf<Float16>()};
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

FALLOW_EXPORT_TYPED_TABLE(ApplyKernels, ApplyKernelsFor);

}  // namespace fallow
#endif  // HWY_ONCE
