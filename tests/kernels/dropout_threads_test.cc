// Neither threads, nor the caller's oneTBB arena, nor stores around the caches change a bit.
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
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow {
namespace {

using test::Expected;
using test::Form;
using Bytes = std::vector<std::uint8_t>;

constexpr MaskKey kKey = {.seed = 0xFA110, .stream = StreamOf(1, 2), .first_element = 12'345};
constexpr std::size_t kSize = (std::size_t{1} << 20) + 3;

class DropoutThreadsTest : public test::TargetTest {
 protected:
  void ExpectOracle(double p, std::span<const float> x, const Expected& expected, int max_threads) {
    for (const Form form : test::kForms) {
      SCOPED_TRACE(testing::Message() << form << ", p " << p << ", max_threads " << max_threads);
      std::vector<float> y(x.size());
      Bytes mask(test::MaskBytesOf(form, x.size()), 0xFF);
      const Execution execution = {.max_threads = max_threads, .target = GetParam()};
      ASSERT_TRUE(RunForm(form, x, Rate(p), kKey, y, mask, execution).ok());
      ASSERT_TRUE(test::SameFloats(expected.y, y));
      ASSERT_TRUE(test::SameBits(expected.mask(form), mask)) << "mask";
    }
    ExpectOracleOfStoredMasks(p, x, expected, max_threads);
  }

 private:
  void ExpectOracleOfStoredMasks(double p, std::span<const float> x, const Expected& expected, int max_threads) {
    const Execution execution = {.max_threads = max_threads, .target = GetParam()};
    std::vector<float> y(x.size());
    ASSERT_TRUE(DropoutForward(x, {Rate(p), expected.bits, MaskFormat::kBits}, y, execution).ok());
    ASSERT_TRUE(test::SameFloats(expected.y, y)) << "stored bits";
    ASSERT_TRUE(DropoutForward(x, {Rate(p), expected.bytes, MaskFormat::kBytes}, y, execution).ok());
    ASSERT_TRUE(test::SameFloats(expected.y, y)) << "stored bytes";
  }
};

TEST_P(DropoutThreadsTest, AnyNumberOfThreads) {
  const std::vector<float> x = test::FloatValues(kSize);
  for (const double p : {0.1, 0.5}) {
    const Expected expected(p, kKey, x);
    for (const int threads : {0, 1, 2, 3, 64}) ExpectOracle(p, x, expected, threads);
  }
}

TEST_P(DropoutThreadsTest, InsideTheCallersArena) {
  const std::vector<float> x = test::FloatValues(kSize);
  const Expected expected(0.1, kKey, x);
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
  const Expected expected(0.1, kKey, x);
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
    const Expected expected(rate(caller), key(caller), x);
    for (int repeat = 0; repeat < kRepeats; ++repeat) {
      EXPECT_TRUE(test::SameFloats(expected.y, outputs[caller * kRepeats + repeat])) << caller << ", " << repeat;
    }
  }
}

FALLOW_TEST_EVERY_TARGET(DropoutThreadsTest);

// An output of 256 MiB, larger than twice the last-level cache of all but a few servers, so that it is stored around
// the caches. Each of its parts must be what a small call, which goes through them, writes.
class LargeDropoutTest : public test::TargetTest {
 protected:
  static constexpr std::size_t kLargeSize = std::size_t{64} << 20;
  static constexpr std::size_t kPart = 100'003;
  static constexpr std::size_t kFrame = 16;
  static constexpr float kUntouched = 42.0f;

  void ExpectParts(std::span<const float> x, Rate rate, std::span<const float> y) {
    std::vector<float> part(kPart);
    for (std::size_t begin = 0; begin < x.size(); begin += kPart) {
      const std::size_t count = std::min(kPart, x.size() - begin);
      MaskKey key = kKey;
      key.first_element += begin;
      const auto small = std::span<float>(part).first(count);
      ASSERT_TRUE(DropoutForward(x.subspan(begin, count), {rate, key}, small, {.target = GetParam()}).ok());
      ASSERT_TRUE(test::SameFloats(small, y.subspan(begin, count))) << "part from " << begin;
    }
  }
};

TEST_P(LargeDropoutTest, StoredAroundTheCachesIsTheSame) {
  constexpr std::size_t kTile = 65'521;
  const std::vector<float> tile = test::FloatValues(kTile);
  std::vector<float> x(kLargeSize);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = tile[i % kTile];
  const Rate rate(0.25);
  std::vector<float> buffer(kLargeSize + 2 * kFrame);
  Bytes mask(BitMaskBytes(kLargeSize));
  const auto untouched = [](float v) { return v == kUntouched; };
  for (const std::size_t start : {std::size_t{3}, kFrame}) {
    SCOPED_TRACE(testing::Message() << "output starts at " << start);
    std::ranges::fill(buffer, kUntouched);
    const auto y = std::span<float>(buffer).subspan(start, kLargeSize);
    const Execution execution = {.max_threads = start == kFrame ? 1 : 2, .target = GetParam()};
    ASSERT_TRUE(DropoutForwardStore(x, {rate, kKey}, y, MaskFormat::kBits, mask, execution).ok());
    ExpectParts(x, rate, y);
    std::ranges::fill(y, kUntouched);
    ASSERT_TRUE(DropoutForward(x, {rate, mask, MaskFormat::kBits}, y, execution).ok());
    ExpectParts(x, rate, y);
    EXPECT_TRUE(std::ranges::all_of(std::span(buffer).first(start), untouched));
    EXPECT_TRUE(std::ranges::all_of(std::span(buffer).subspan(start + kLargeSize), untouched));
  }
}

FALLOW_TEST_EVERY_TARGET(LargeDropoutTest);

}  // namespace
}  // namespace fallow
