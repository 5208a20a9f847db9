// When a call uses oneTBB at all. This binary brings its own kernels/workers.h, the library's only way to oneTBB, and
// counts.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fallow/dropout.h"
#include "fallow/fused.h"
#include "fallow/mask.h"
#include "fallow/profile.h"
#include "kernels/workers.h"
#include "tests/kernels/dropout_forms.h"

namespace {

int arena_questions = 0;
std::vector<std::size_t> worker_calls;

}  // namespace

namespace fallow {

int ArenaThreads() noexcept {
  ++arena_questions;
  return 4;
}

void RunWorkers(std::size_t workers, void (*work)(void* context), void* context) {
  worker_calls.push_back(workers);
  for (std::size_t i = 0; i < workers; ++i) work(context);
}

namespace {

constexpr std::size_t kSmall = 32'768;  // What execution.h promises.

class SmallCallsTest : public testing::Test {
 protected:
  void SetUp() override {
    arena_questions = 0;
    worker_calls.clear();
  }

  // All functions, with masks of all sources.
  static void CallAll(std::size_t size, int max_threads) {
    const ProfileSink sink = {[](void*, const CallRecord&) noexcept {}};
    const Execution execution = {.max_threads = max_threads, .profile = &sink};
    const std::vector<MaskKey> keys(4);
    std::vector<float> x(size, 1.0f), y(size);
    std::vector<std::uint8_t> bytes(size), stored(size);
    const Mask one_key(Rate(0.1), MaskKey{});
    const Mask masks[] = {one_key,
                          {Rate(0.5), keys},
                          {Rate(0.5), bytes, MaskFormat::kBytes},
                          one_key.Over(Broadcast({size / 4, 4}, {1, 4})),
                          {Rate(0.0), MaskKey{}},
                          {Rate(1.0), MaskKey{}}};
    for (const Mask& mask : masks) {
      for (const test::Form form : test::kForms) {
        ASSERT_TRUE(RunForm(form, x, mask, y, {stored.data(), test::MaskBytesOf(form, size)}, execution).ok());
      }
      const Array matrix(y.data(), 2, size / 2, size / 2);
      std::vector<float> row(size / 2);
      ASSERT_TRUE(BiasActivationDropoutForward(matrix, row, Activation::kReLU, mask, {}, matrix, execution).ok());
      ASSERT_TRUE(
          BiasActivationDropoutBackward(matrix, matrix, {}, Activation::kReLU, mask, matrix, row, execution).ok());
      std::size_t kept = 0;
      ASSERT_TRUE(GenerateMask(mask, size, MaskFormat::kBytes, stored, execution).ok());
      ASSERT_TRUE(CountKept(mask, size, &kept, execution).ok());
    }
    ASSERT_TRUE(DropoutInference(x, Rate(0.5), y, execution).ok());
    ASSERT_TRUE(DropoutInference(x, Rate(0.5, Scaling::kAtInference), y, execution).ok());
  }
};

TEST_F(SmallCallsTest, DoNotTouchOneTbb) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{4}, std::size_t{1000}, std::size_t{16'388}, kSmall}) {
    for (const int threads : {0, -1, 1, 2, 64}) CallAll(size, threads);
  }
  EXPECT_EQ(arena_questions, 0);
  EXPECT_TRUE(worker_calls.empty());
}

TEST_F(SmallCallsTest, WithOneThreadNorDoLargeOnes) {
  CallAll(40 * kSmall, 1);
  EXPECT_EQ(arena_questions, 0);
  EXPECT_TRUE(worker_calls.empty());
}

// So many workers as there are threads allowed, and pieces to do.
TEST_F(SmallCallsTest, LargerOnesTakeWorkers) {
  std::vector<float> x(10 * kSmall + 1);
  const auto workers = [&](std::size_t size, int max_threads) {
    worker_calls.clear();
    const std::span<float> part(x.data(), size);
    EXPECT_TRUE(DropoutForward(part, {Rate(0.5), MaskKey{}}, part, {.max_threads = max_threads}).ok());
    return worker_calls;
  };
  EXPECT_EQ(workers(kSmall + 1, 0), std::vector<std::size_t>{2});
  EXPECT_EQ(workers(kSmall + 1, 64), std::vector<std::size_t>{2});
  EXPECT_EQ(workers(10 * kSmall, 0), std::vector<std::size_t>{4});
  EXPECT_EQ(workers(10 * kSmall, -3), std::vector<std::size_t>{4});
  EXPECT_EQ(workers(10 * kSmall, 3), std::vector<std::size_t>{3});
  EXPECT_EQ(workers(10 * kSmall, 64), std::vector<std::size_t>{10});
  EXPECT_EQ(workers(10 * kSmall + 1, 64), std::vector<std::size_t>{11});
}

}  // namespace
}  // namespace fallow
