#include "kernels/word_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/word_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/generate_words-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {

const WordKernels* WordTable() {
  static constexpr WordKernels kTable = {GenerateWords, GenerateWordMask};
  return &kTable;
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/dispatch.h"

namespace fallow {

HWY_EXPORT(WordTable);

const WordKernels& WordKernelsFor(Target target) noexcept { return *FALLOW_DISPATCH(WordTable, target)(); }

}  // namespace fallow
#endif  // HWY_ONCE
