// One test for every target that this machine runs and every element type.
#ifndef FALLOW_TESTS_KERNELS_TYPED_TARGETS_H_
#define FALLOW_TESTS_KERNELS_TYPED_TARGETS_H_

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <tuple>

#include "fallow/array.h"
#include "fallow/execution.h"
#include "tests/support/dropout_oracle.h"
#include "tests/support/oracle_type.h"
#include "tests/support/placed_rows.h"
#include "tests/support/targets.h"

namespace fallow::test {

inline constexpr DType kDTypes[] = {DType::kF32, DType::kF64, DType::kBF16, DType::kF16};

// Use: FALLOW_TEST_EVERY_TARGET_AND_TYPE(SuiteName); TEST_P(SuiteName, Claim) { ... }
class TypedTargetTest : public testing::TestWithParam<std::tuple<Target, DType>> {
 protected:
  static Target target() { return std::get<0>(GetParam()); }
  static DType dtype() { return std::get<1>(GetParam()); }
  static oracle::Type type() { return ToOracle(dtype()); }
  static std::size_t element_bytes() { return oracle::SizeOf(type()); }
  static Execution execution(int max_threads = 0) { return {.max_threads = max_threads, .target = target()}; }

  // A row of elements, and placed ones.
  static Array Row(oracle::Elements& elements) { return {elements.data(), dtype(), elements.size() / element_bytes()}; }
  static ConstArray Row(const oracle::Elements& elements) {
    return {elements.data(), dtype(), elements.size() / element_bytes()};
  }
  static Array View(const PlacedRows& placed) {
    return {placed.data(), dtype(), placed.rows(), placed.cols(), placed.row_stride()};
  }
  PlacedRows Place(oracle::ElementView elements, const Placement& placement) const {
    return PlacedRows(elements, element_bytes(), placement);
  }
};

inline std::string TypedTargetTestName(const testing::TestParamInfo<std::tuple<Target, DType>>& info) {
  return std::string(std::get<0>(info.param).name()) + "_" + oracle::NameOf(ToOracle(std::get<1>(info.param)));
}

#define FALLOW_TEST_EVERY_TARGET_AND_TYPE(Suite)                                                                     \
  INSTANTIATE_TEST_SUITE_P(, Suite,                                                                                  \
                           testing::Combine(testing::ValuesIn(SupportedTargets().begin(), SupportedTargets().end()), \
                                            testing::ValuesIn(fallow::test::kDTypes)),                               \
                           fallow::test::TypedTargetTestName)

// The same for operations that know no f64.
#define FALLOW_TEST_EVERY_TARGET_AND_TYPE_BUT_F64(Suite)                                                             \
  INSTANTIATE_TEST_SUITE_P(, Suite,                                                                                  \
                           testing::Combine(testing::ValuesIn(SupportedTargets().begin(), SupportedTargets().end()), \
                                            testing::Values(DType::kF32, DType::kBF16, DType::kF16)),                \
                           fallow::test::TypedTargetTestName)

}  // namespace fallow::test

#endif  // FALLOW_TESTS_KERNELS_TYPED_TARGETS_H_
