// Neither threads nor the caller's oneTBB arena change a bit.
#include <gtest/gtest.h>
#include <tbb/parallel_for.h>
#include <tbb/task.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <cfenv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <thread>
#include <vector>

#include "fallow/dropout.h"
#include "tests/kernels/dropout_forms.h"
#include "tests/kernels/mask_cases.h"
#include "tests/support/elements.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow {
namespace {

using test::Expected;
using test::Form;
using Bytes = std::vector<std::uint8_t>;

constexpr MaskKey kKey = {.seed = 0xFA110, .stream = StreamOf(1, 2), .first_element = 12'345};
constexpr std::size_t kSize = (std::size_t{1} << 20) + 3;

// What a call with `key` writes, for the accumulating form over `x` itself.
Expected ExpectedOf(double p, const MaskKey& key, std::span<const float> x) {
  const auto bytes = std::as_bytes(x);
  return {oracle::Type::kF32, p, oracle::MaskBytes(p, test::ToOracle(key), x.size()), bytes, bytes};
}

testing::AssertionResult SameOutput(Form form, const Expected& expected, std::span<const float> actual) {
  const auto nans = form == Form::kAccumulate ? test::Nans::kAny : test::Nans::kExact;
  return test::SameElements(oracle::Type::kF32, expected.output(form), std::as_bytes(actual), nans);
}

class DropoutThreadsTest : public test::TargetTest {
 protected:
  void ExpectOracle(double p, std::span<const float> x, const Expected& expected, int max_threads) {
    for (const Form form : test::kForms) {
      SCOPED_TRACE(testing::Message() << form << ", p " << p << ", max_threads " << max_threads);
      std::vector<float> y(x.begin(), x.end());
      Bytes mask(test::MaskBytesOf(form, x.size()), 0xFF);
      const Execution execution = {.max_threads = max_threads, .target = GetParam()};
      ASSERT_TRUE(RunForm(form, x, {Rate(p), kKey}, y, mask, execution).ok());
      ASSERT_TRUE(SameOutput(form, expected, y));
      ASSERT_TRUE(test::SameBits(expected.mask(form), mask)) << "mask";
    }
    ExpectOracleOfStoredMasks(p, x, expected, max_threads);
  }

 private:
  void ExpectOracleOfStoredMasks(double p, std::span<const float> x, const Expected& expected, int max_threads) {
    const Execution execution = {.max_threads = max_threads, .target = GetParam()};
    std::vector<float> y(x.size());
    const auto bits = expected.mask(Form::kForwardStoreBits);
    ASSERT_TRUE(DropoutForward(x, {Rate(p), bits, MaskFormat::kBits}, y, execution).ok());
    ASSERT_TRUE(SameOutput(Form::kForward, expected, y)) << "stored bits";
    const auto bytes = expected.mask(Form::kForwardStoreBytes);
    ASSERT_TRUE(DropoutForward(x, {Rate(p), bytes, MaskFormat::kBytes}, y, execution).ok());
    ASSERT_TRUE(SameOutput(Form::kForward, expected, y)) << "stored bytes";
  }
};

TEST_P(DropoutThreadsTest, AnyNumberOfThreads) {
  const std::vector<float> x = test::FloatValues(kSize);
  for (const double p : {0.1, 0.5}) {
    const Expected expected = ExpectedOf(p, kKey, x);
    for (const int threads : {0, 1, 2, 3, 64}) ExpectOracle(p, x, expected, threads);
  }
}

TEST_P(DropoutThreadsTest, InsideTheCallersArena) {
  const std::vector<float> x = test::FloatValues(kSize);
  const Expected expected = ExpectedOf(0.1, kKey, x);
  for (const int concurrency : {1, 2}) {
    SCOPED_TRACE(testing::Message() << "arena of " << concurrency);
    tbb::task_arena arena(concurrency);
    arena.execute([&] {
      for (const int threads : {0, 1, 2}) ExpectOracle(0.1, x, expected, threads);
    });
  }
}

// A server cancels the request that a task of its own is working on. What the kernel has accepted it still finishes: it
// must neither leave parts of the output out nor say that all went well if it did.
TEST_P(DropoutThreadsTest, InsideACancelledTaskGroup) {
  const std::vector<float> x = test::FloatValues(kSize);
  const Expected expected = ExpectedOf(0.1, kKey, x);
  tbb::parallel_for(0, 1, [&](int) {
    tbb::task::current_context()->cancel_group_execution();
    for (const int threads : {0, 1, 2}) ExpectOracle(0.1, x, expected, threads);
  });
}

// The caller's rounding mode, and likewise its handling of denormals, is not that of oneTBB's threads.
TEST_P(DropoutThreadsTest, InTheCallersFloatingPointEnvironment) {
  const std::vector<float> x(8 * kSize, 0.7f);
  std::vector<float> alone(x.size());
  std::vector<float> together(x.size());
  const Rate rate(0.1);
  const auto run = [&](std::span<float> y, int threads) {
    return DropoutForward(x, {rate, kKey}, y, {.max_threads = threads, .target = GetParam()});
  };
  ASSERT_TRUE(run(together, 2).ok());  // So that oneTBB has its threads before the mode changes.
  const int mode = std::fegetround();
  ASSERT_EQ(std::fesetround(FE_UPWARD), 0);
  const Status alone_status = run(alone, 1);
  const Status together_status = run(together, 2);
  std::fesetround(mode);
  ASSERT_TRUE(alone_status.ok() && together_status.ok());
  EXPECT_TRUE(test::SameBits(alone, together));
}

// One input, and for each caller its own key and rate.
TEST_P(DropoutThreadsTest, ConcurrentCallers) {
  constexpr int kCallers = 4;
  constexpr int kRepeats = 5;
  constexpr std::size_t kCallSize = 300'007;
  const std::vector<float> x = test::FloatValues(kCallSize);
  const auto key = [](int caller) { return MaskKey{.seed = static_cast<std::uint64_t>(100 + caller)}; };
  const auto rate = [](int caller) { return 0.1 * (1 + caller); };

  std::vector<std::vector<float>> outputs(kCallers * kRepeats, std::vector<float>(kCallSize));
  std::vector<int> failures(kCallers);
  std::vector<std::thread> threads;
  for (int caller = 0; caller < kCallers; ++caller) {
    threads.emplace_back([&, caller] {
      for (int repeat = 0; repeat < kRepeats; ++repeat) {
        const Execution execution = {.max_threads = repeat % 3, .target = GetParam()};
        auto& y = outputs[caller * kRepeats + repeat];
        if (!DropoutForward(x, {Rate(rate(caller)), key(caller)}, y, execution).ok()) ++failures[caller];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  for (int caller = 0; caller < kCallers; ++caller) {
    EXPECT_EQ(failures[caller], 0);
    const Expected expected = ExpectedOf(rate(caller), key(caller), x);
    for (int repeat = 0; repeat < kRepeats; ++repeat) {
      EXPECT_TRUE(SameOutput(Form::kForward, expected, outputs[caller * kRepeats + repeat]))
          << caller << ", " << repeat;
    }
  }
}

FALLOW_TEST_EVERY_TARGET(DropoutThreadsTest);

}  // namespace
}  // namespace fallow
