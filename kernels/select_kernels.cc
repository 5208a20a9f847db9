#include "kernels/select_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/select_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/per_type.h"
#include "kernels/select-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace {

template <class T>
constexpr SelectKernels KernelsOf() {
  return {AffineElements<T>, SelectElements<T>, SplitElements<T>, MixElements<T>};
}

const PerType<SelectKernels>* Table() {
  static constexpr PerType<SelectKernels> kTable = {KernelsOf<float>(), KernelsOf<double>(), KernelsOf<BFloat16>(),
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

FALLOW_EXPORT_TYPED_TABLE(SelectKernels, SelectKernelsFor);

}  // namespace fallow
#endif  // HWY_ONCE
