#include "kernels/kernel_table.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/kernel_table.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/apply-inl.h"
#include "kernels/generate-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {

const KernelTable* Table() {
  static constexpr KernelTable kTable = {Generate, ApplyF32, Unpack, Pack};
  return &kTable;
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/dispatch.h"

namespace fallow {

HWY_EXPORT(Table);

const KernelTable& KernelsFor(Target target) noexcept { return *FALLOW_DISPATCH(Table, target)(); }

}  // namespace fallow
#endif  // HWY_ONCE
