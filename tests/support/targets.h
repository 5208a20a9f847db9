// One test for every target that this machine runs.
#ifndef FALLOW_TESTS_SUPPORT_TARGETS_H_
#define FALLOW_TESTS_SUPPORT_TARGETS_H_

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "fallow/target.h"

namespace fallow {

inline void PrintTo(const Target& target, std::ostream* out) { *out << target.name(); }

namespace test {

// Use: FALLOW_TEST_EVERY_TARGET(SuiteName); TEST_P(SuiteName, Claim) { ... GetParam() ... }
class TargetTest : public testing::TestWithParam<Target> {};

inline std::string TargetTestName(const testing::TestParamInfo<Target>& info) { return info.param.name(); }

#define FALLOW_TEST_EVERY_TARGET(Suite)                                                                             \
  INSTANTIATE_TEST_SUITE_P(, Suite,                                                                                 \
                           testing::ValuesIn(fallow::SupportedTargets().begin(), fallow::SupportedTargets().end()), \
                           fallow::test::TargetTestName)

}  // namespace test
}  // namespace fallow

#endif  // FALLOW_TESTS_SUPPORT_TARGETS_H_
