#include "kernels/noise_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/noise_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/concrete-inl.h"
#include "kernels/noise-inl.h"
#include "kernels/per_type.h"

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace {

template <class T>
constexpr NoiseKernels KernelsOf() {
  return {StoreUniforms<T>, StoreNormals<T>, AddNormals<T>, MultiplyNormals<T>, Concrete<T>, ConcreteBackward<T>};
}

const PerType<NoiseKernels>* Table() {
  static constexpr PerType<NoiseKernels> kTable = {KernelsOf<float>(), {}, KernelsOf<BFloat16>(), KernelsOf<Float16>()};
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

FALLOW_EXPORT_TYPED_TABLE(NoiseKernels, NoiseKernelsFor);

}  // namespace fallow
#endif  // HWY_ONCE
