#include "kernels/convert_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/convert_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/elements-inl.h"
#include "kernels/per_type.h"

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace {

template <class T>
void ToFloats(const void* x, std::size_t count, float* floats) {
  const auto* from = static_cast<const T*>(x);
  ForEachVector(DF(), count, [&](std::size_t i, std::size_t n) HWY_ATTR { Store(Load(from + i, n), n, floats + i); });
}

template <class T>
void FromFloats(const float* floats, std::size_t count, void* y) {
  auto* to = static_cast<T*>(y);
  ForEachVector(DF(), count, [&](std::size_t i, std::size_t n) HWY_ATTR { Store(Load(floats + i, n), n, to + i); });
}

template <class T>
constexpr ConvertKernels KernelsOf() {
  return {ToFloats<T>, FromFloats<T>};
}

const PerType<ConvertKernels>* Table() {
  static constexpr PerType<ConvertKernels> kTable = {
      KernelsOf<float>(), {nullptr, nullptr}, KernelsOf<BFloat16>(), KernelsOf<Float16>()};
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

FALLOW_EXPORT_TYPED_TABLE(ConvertKernels, ConvertKernelsFor);

}  // namespace fallow
#endif  // HWY_ONCE
