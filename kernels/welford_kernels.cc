#include "kernels/welford_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/welford_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/per_type.h"
#include "kernels/welford-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace {

template <class T>
constexpr WelfordKernels KernelsOf() {
  return {WelfordOwn<T>, WelfordF64<T>, DivideElements<T>};
}

constexpr WelfordKernels kOfDoubles = {nullptr, WelfordOwn<double>, DivideElements<double>};

const PerType<WelfordKernels>* Table() {
  static constexpr PerType<WelfordKernels> kTable = {KernelsOf<float>(), kOfDoubles, KernelsOf<BFloat16>(),
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

FALLOW_EXPORT_TYPED_TABLE(WelfordKernels, WelfordKernelsFor);

}  // namespace fallow
#endif  // HWY_ONCE
