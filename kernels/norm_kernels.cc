#include "kernels/norm_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/norm_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/norm-inl.h"
#include "kernels/per_type.h"

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace {

template <class T>
constexpr NormKernels KernelsOf() {
  return {AddDropped<T>,   SumOfRow<T>, SquaresOfRow<T>,      Normalise<T>,
          GradientSums<T>, Gradient<T>, ParameterGradients<T>};
}

const PerType<NormKernels>* Table() {
  static constexpr PerType<NormKernels> kTable = {KernelsOf<float>(), {}, KernelsOf<BFloat16>(), KernelsOf<Float16>()};
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

FALLOW_EXPORT_TYPED_TABLE(NormKernels, NormKernelsFor);

}  // namespace fallow
#endif  // HWY_ONCE
