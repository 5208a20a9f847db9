// Each public call makes one record, which says what it did; and nothing else changes.
#include "fallow/profile.h"

#include <gtest/gtest.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <mutex>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "fallow/dropout.h"
#include "tests/kernels/profiled_functions.h"
#include "tests/support/targets.h"

namespace fallow {
namespace {

using test::Arguments;
using test::Buffers;
using test::ProfiledFunction;
using test::ProfiledFunctions;

std::int64_t Now() { return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Keeps what it is given, and by which threads.
class Records {
 public:
  Records() : sink_{&Keep, this} {}

  const ProfileSink* sink() const { return &sink_; }
  std::vector<CallRecord> Take() { return std::exchange(records_, {}); }
  const std::map<std::thread::id, int>& threads() const { return threads_; }

 private:
  static void Keep(void* context, const CallRecord& record) noexcept {
    auto* self = static_cast<Records*>(context);
    const std::lock_guard lock(self->mutex_);
    self->records_.push_back(record);
    ++self->threads_[std::this_thread::get_id()];
  }

  ProfileSink sink_;
  std::mutex mutex_;
  std::vector<CallRecord> records_;
  std::map<std::thread::id, int> threads_;
};

std::size_t ElementsOf(const ProfiledFunction& function, const Buffers& buffers) {
  return function.name == std::string("MonteCarloForward") ? test::kSamples * buffers.size() : buffers.size();
}

// The functions of the public headers that take an Execution.
std::vector<std::string> DeclaredFunctions() {
  std::vector<std::string> names;
  const std::regex declaration("\nStatus ([A-Za-z0-9]+)\\([^;]*Execution&[^;]*;");
  for (const auto& header : std::filesystem::directory_iterator(FALLOW_HEADERS)) {
    if (!header.is_regular_file()) continue;  // c/, whose functions are theirs.
    std::ifstream file(header.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::sregex_iterator it(text.begin(), text.end(), declaration), end; it != end; ++it)
      names.push_back((*it)[1]);
  }
  std::ranges::sort(names);
  return names;
}

TEST(KernelProfileTest, CoversThePublicHeaders) {
  std::vector<std::string> names;
  for (const ProfiledFunction& function : ProfiledFunctions()) names.emplace_back(function.name);
  std::ranges::sort(names);
  EXPECT_EQ(DeclaredFunctions(), names) << "tests/kernels/profiled_functions.cc and the headers";
}

void ExpectRecordOf(const ProfiledFunction& function, const Arguments& arguments, Buffers& buffers, int max_threads) {
  SCOPED_TRACE(testing::Message() << function.name << ", p " << arguments.rate.drop_probability() << ", n "
                                  << buffers.size() << ", threads " << max_threads);
  Records records;
  const std::int64_t before = Now();
  const Status status = function.call(buffers, arguments, {.max_threads = max_threads, .profile = records.sink()});
  const std::int64_t after = Now();
  ASSERT_TRUE(status.ok()) << status.Message();
  const std::vector<CallRecord> taken = records.Take();
  ASSERT_EQ(taken.size(), 1u);
  const CallRecord& record = taken[0];
  EXPECT_STREQ(record.operation, function.name);
  EXPECT_EQ(record.dtype, function.dtype == ProfiledFunction::kTyped ? DType::kF32 : kNoDType);
  EXPECT_EQ(record.elements, ElementsOf(function, buffers));
  EXPECT_EQ(record.target, DefaultTarget());
  EXPECT_EQ(record.layer, 0u);
  EXPECT_EQ(record.spec, nullptr);
  EXPECT_EQ(record.pass, nullptr);
  EXPECT_GE(record.start, before);
  EXPECT_LE(record.start + record.nanoseconds, after);
  EXPECT_GE(record.thread_nanoseconds, record.mask_nanoseconds);
  if (record.threads == 1) {
    EXPECT_EQ(record.thread_nanoseconds, record.nanoseconds);
  }
  EXPECT_LE(record.thread_nanoseconds, record.threads * record.nanoseconds);
  const bool random = arguments.rate.drop_probability() == 0.3 && buffers.size() > 1000;
  if (random) {
    EXPECT_EQ(record.mask_nanoseconds > 0, function.words == ProfiledFunction::kMasks);
  }
  EXPECT_EQ(records.threads().begin()->first, std::this_thread::get_id());
  const bool idle = function.name == std::string("DropoutAccumulate") && arguments.rate.drop_probability() == 1.0;
  if (max_threads == 1 || buffers.size() <= 10'000 || idle) {
    EXPECT_EQ(record.threads, 1);
  } else {
    EXPECT_EQ(record.threads, std::min(max_threads, tbb::this_task_arena::max_concurrency()));
  }
}

TEST(KernelProfileTest, OneRecordACall) {
  for (const ProfiledFunction& function : ProfiledFunctions()) {
    for (const double p : {0.0, 0.3, 1.0}) {
      for (const std::size_t rows : {std::size_t{0}, std::size_t{5}, std::size_t{90}}) {
        Buffers buffers(rows, rows == 90 ? 1501 : 8);
        for (const int threads : {1, 2}) ExpectRecordOf(function, {.rate = Rate(p)}, buffers, threads);
      }
    }
  }
}

TEST(KernelProfileTest, NoRecordOfACallThatFails) {
  const Arguments invalid = {.rate = Rate(std::numeric_limits<double>::quiet_NaN()),
                             .key = {.rounds = static_cast<Rounds>(9)},
                             .valid = false};
  Records records;
  for (const ProfiledFunction& function : ProfiledFunctions()) {
    Buffers buffers(5, 8);
    EXPECT_FALSE(function.call(buffers, invalid, {.profile = records.sink()}).ok()) << function.name;
    EXPECT_TRUE(records.Take().empty()) << function.name;
  }
}

TEST(KernelProfileTest, SameBitsWithAndWithout) {
  Records records;
  for (const ProfiledFunction& function : ProfiledFunctions()) {
    for (const int threads : {1, 2}) {
      Buffers with(90, 1501), without(90, 1501);
      ASSERT_TRUE(function.call(without, {}, {.max_threads = threads}).ok());
      ASSERT_TRUE(records.Take().empty()) << function.name;
      ASSERT_TRUE(function.call(with, {}, {.max_threads = threads, .profile = records.sink()}).ok());
      EXPECT_EQ(records.Take().size(), 1u) << function.name;
      EXPECT_TRUE(with == without) << function.name << ", threads " << threads;
    }
  }
}

TEST(KernelProfileTest, OutputIsCompleteWhenItIsRecorded) {
  const std::vector<float> x(200'000, 1.0f);
  struct Seen {
    std::vector<float> y, at_record;
  } seen{std::vector<float>(x.size()), {}};
  const ProfileSink sink = {[](void* context, const CallRecord&) noexcept {
                              auto* s = static_cast<Seen*>(context);
                              s->at_record = s->y;
                            },
                            &seen};
  ASSERT_TRUE(DropoutForward(x, {Rate(0.1), MaskKey{}}, seen.y, {.profile = &sink}).ok());
  EXPECT_TRUE(seen.at_record == seen.y);
  EXPECT_EQ(std::ranges::count(seen.y, 0.0f) > 0, true);
}

TEST(KernelProfileTest, Types) {
  Records records;
  const std::vector<double> memory(64);
  std::vector<double> output(64);
  for (const DType type : {DType::kF32, DType::kF64, DType::kBF16, DType::kF16}) {
    const Execution execution = {.profile = records.sink()};
    ASSERT_TRUE(
        DropoutForward({memory.data(), type, 64}, {Rate(0.1), MaskKey{}}, {output.data(), type, 64}, execution).ok());
    EXPECT_EQ(records.Take().at(0).dtype, type);
  }
}

// Capped as the call is: by the environment or not, to what the CPU has.
TEST(KernelProfileTest, TargetThatWasUsed) {
  Records records;
  std::vector<float> x(100);
  for (const Target target : CompiledTargets()) {
    ASSERT_TRUE(DropoutForward(x, {Rate(0.1), MaskKey{}}, x, {.target = target, .profile = records.sink()}).ok());
    const auto supported = SupportedTargets();
    const auto used = std::ranges::find_if(supported, [&](Target t) { return t.bit() >= target.bit(); });
    EXPECT_EQ(records.Take().at(0).target, *used);
  }
}

TEST(KernelProfileTest, ThreadsAreBoundedByAll) {
  constexpr std::size_t kTask = 32'768;  // What execution.h promises to one thread.
  Records records;
  std::vector<float> x(40 * kTask);
  const auto threads = [&](int arena_threads, std::size_t size, int max_threads) {
    const std::span<float> part(x.data(), size);
    tbb::task_arena arena(arena_threads);
    arena.execute([&] {
      const Execution execution = {.max_threads = max_threads, .profile = records.sink()};
      ASSERT_TRUE(DropoutForward(part, {Rate(0.5), MaskKey{}}, part, execution).ok());
    });
    return records.Take().at(0).threads;
  };
  EXPECT_EQ(threads(4, x.size(), 0), 4);
  EXPECT_EQ(threads(4, x.size(), -1), 4);
  EXPECT_EQ(threads(4, x.size(), 1), 1);
  EXPECT_EQ(threads(4, x.size(), 3), 3);
  EXPECT_EQ(threads(4, x.size(), 64), 4);
  EXPECT_EQ(threads(4, kTask, 0), 1);
  EXPECT_EQ(threads(4, 2 * kTask, 0), 2);
  EXPECT_EQ(threads(4, 2 * kTask + 1, 64), 3);
}

TEST(KernelProfileTest, ManyCallersAtOnce) {
  constexpr int kCallers = 4, kCalls = 50;
  Records records;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&] {
      Buffers buffers(90, 1000);
      for (int i = 0; i < kCalls; ++i) {
        const Execution execution = {.max_threads = 2, .profile = records.sink()};
        EXPECT_TRUE(DropoutForward(buffers.in(), Arguments().mask(), buffers.out(), execution).ok());
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(records.Take().size(), std::size_t{kCallers} * kCalls);
  EXPECT_EQ(records.threads().size(), std::size_t{kCallers});
  for (const auto& [thread, count] : records.threads()) EXPECT_EQ(count, kCalls);
}

}  // namespace
}  // namespace fallow
