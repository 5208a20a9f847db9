#include "fallow/target.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "fallow/mask.h"
#include "tests/support/oracle.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow {
namespace {

bool Contains(std::span<const Target> targets, Target target) { return std::ranges::count(targets, target) == 1; }

bool Contains(std::span<const Target> targets, std::string_view name) {
  return std::ranges::any_of(targets, [&](Target target) { return target.name() == name; });
}

TEST(TargetTest, EverySupportedTargetIsCompiledAndInTheSameOrder) {
  ASSERT_FALSE(SupportedTargets().empty());
  auto compiled = CompiledTargets().begin();
  for (const Target supported : SupportedTargets()) {
    compiled = std::find(compiled, CompiledTargets().end(), supported);
    ASSERT_NE(compiled, CompiledTargets().end()) << supported.name();
  }
}

TEST(TargetTest, TargetsAreDistinctAndNamed) {
  std::set<std::string> names;
  for (const Target target : CompiledTargets()) {
    EXPECT_TRUE(Contains(CompiledTargets(), target)) << target.name();
    EXPECT_TRUE(names.insert(target.name()).second) << target.name() << " twice";
    EXPECT_NE(target, Target{});
  }
  EXPECT_FALSE(names.contains(""));
  EXPECT_FALSE(names.contains("default"));
}

TEST(TargetTest, TheDefaultValueIsCalledDefault) {
  EXPECT_STREQ(Target{}.name(), "default");
  EXPECT_EQ(Target{}.bit(), 0);
}

TEST(TargetTest, FindTargetFindsWhatIsCompiled) {
  for (const Target compiled : CompiledTargets()) {
    Target found;
    ASSERT_TRUE(FindTarget(compiled.name(), &found).ok());
    EXPECT_EQ(found, compiled);
  }
}

TEST(TargetTest, FindTargetNamesTheArgumentAndLeavesTheTarget) {
  const Target before = SupportedTargets().front();
  for (const std::string_view name : {"", "default", "avx2", "AVX", "AVX22", "no such target"}) {
    Target target = before;
    const Status status = FindTarget(name, &target);
    EXPECT_FALSE(status.ok()) << name;
    EXPECT_STREQ(status.argument(), "name");
    EXPECT_EQ(target, before);
  }
}

// What the header says of FALLOW_TARGET. ctest runs this under several values of it.
TEST(DefaultTargetTest, FollowsTheEnvironment) {
  const char* name = std::getenv("FALLOW_TARGET");
  const auto at_or_below = std::ranges::find_if(
      CompiledTargets(), [&](Target target) { return name != nullptr && std::string_view(target.name()) == name; });
  const auto fixed_size = [](Target target) { return !std::string_view(target.name()).starts_with("SVE"); };
  Target expected = *std::ranges::find_if(SupportedTargets(), fixed_size);
  if (at_or_below != CompiledTargets().end()) {
    expected = *std::find_if(at_or_below, CompiledTargets().end(),
                             [](Target target) { return Contains(SupportedTargets(), target); });
  }
  EXPECT_EQ(DefaultTarget(), expected) << "not " << expected.name() << " but " << DefaultTarget().name();
}

TEST(DefaultTargetTest, NeverChanges) {
  const Target before = DefaultTarget();
  const char* const old = std::getenv("FALLOW_TARGET");
  const std::string saved = old == nullptr ? "" : old;
  setenv("FALLOW_TARGET", SupportedTargets().back().name(), 1);
  EXPECT_EQ(DefaultTarget(), before);
  if (old == nullptr) {
    unsetenv("FALLOW_TARGET");
  } else {
    setenv("FALLOW_TARGET", saved.c_str(), 1);
  }
}

// The flags of the first CPU; empty where the system has no such list.
std::set<std::string> CpuFlags() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    return {std::istream_iterator<std::string>(words), {}};
  }
  return {};
}

struct ExpectedTarget {
  const char* name;
  std::vector<std::string> flags;  // All that Highway asks for.
};

// A library built without its fast targets, or one that fails to see them, would pass every other test.
TEST(ExpectedTargetsTest, AreCompiledAndRunWhereTheCpuCan) {
#if !defined(__x86_64__)
  GTEST_SKIP() << "knows the targets of x86-64 only";
#elif defined(HWY_COMPILE_ONLY_SCALAR)
  GTEST_SKIP() << "built without SIMD on purpose";
#endif
  const std::set<std::string> cpu = CpuFlags();
  if (cpu.empty()) GTEST_SKIP() << "this system does not list CPU flags";
  const ExpectedTarget kExpected[] = {
      {"SSE4", {"ssse3", "sse4_1", "sse4_2", "aes", "pclmulqdq"}},
      {"AVX2", {"avx2", "fma", "bmi1", "bmi2", "abm", "f16c"}},
      {"AVX3",
       {"avx2", "fma", "bmi1", "bmi2", "abm", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"}},
  };
  for (const auto& [name, flags] : kExpected) {
    EXPECT_TRUE(Contains(CompiledTargets(), name)) << name << " was not compiled";
    const bool runs = std::ranges::all_of(flags, [&](const std::string& flag) { return cpu.contains(flag); });
    EXPECT_EQ(Contains(SupportedTargets(), name), runs) << name;
  }
}

// One test a compiled target, so that the report says which of them this machine could not test.
class CompiledTargetTest : public testing::TestWithParam<Target> {};

TEST_P(CompiledTargetTest, Runs) {
  constexpr std::size_t kCount = 1'000;
  std::vector<std::uint8_t> mask(kCount);
  ASSERT_TRUE(GenerateMask({Rate(0.3), {.seed = 1}}, kCount, MaskFormat::kBytes, mask, {.target = GetParam()}).ok());
  // Right even where a target below has to stand in.
  EXPECT_TRUE(test::SameBits(oracle::MaskBytes(0.3, {.seed = 1}, kCount), mask));
  if (!Contains(SupportedTargets(), GetParam())) {
    GTEST_SKIP() << GetParam().name() << " was compiled, but this CPU does not run it: NOT TESTED";
  }
}

INSTANTIATE_TEST_SUITE_P(, CompiledTargetTest, testing::ValuesIn(CompiledTargets().begin(), CompiledTargets().end()),
                         test::TargetTestName);

}  // namespace
}  // namespace fallow
