// The runtime's profile records: what a training step says of itself, and that saying it changes nothing.
#include "fallow/nn/profile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fallow/nn/training.h"
#include "tests/runtime/problems.h"
#include "tests/runtime/tensors.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

// Products of the first dense layer are cut by columns, those of the second by rows, those of the third not at all;
// dropout between them is for two threads.
constexpr char kLayers[] = "dropout:0.2,dense:600:relu:max_norm=3,dropout:0.5,dense:140:tanh,dense:10";
constexpr std::size_t kRows = 200;  // Two blocks.

struct Seen {
  CallRecord record;
  std::thread::id thread;

  bool Is(const char* operation) const { return std::strcmp(record.operation, operation) == 0; }
  std::int64_t end() const { return record.start + record.nanoseconds; }
  bool Holds(const Seen& other) const {
    return thread == other.thread && record.start <= other.record.start && other.end() <= end();
  }
};

class Records {
 public:
  const ProfileSink* sink() const { return &sink_; }
  const std::vector<Seen>& all() const { return seen_; }

  std::vector<Seen> Of(const char* operation) const {
    std::vector<Seen> found;
    std::ranges::copy_if(seen_, std::back_inserter(found), [&](const Seen& s) { return s.Is(operation); });
    return found;
  }

 private:
  static void Keep(void* context, const CallRecord& record) noexcept {
    auto* self = static_cast<Records*>(context);
    const std::lock_guard lock(self->mutex_);
    self->seen_.push_back({record, std::this_thread::get_id()});
  }

  ProfileSink sink_ = {&Keep, this};
  std::mutex mutex_;
  std::vector<Seen> seen_;
};

void RunStep(Model& model, Optimizer& optimizer, std::uint64_t step, const Execution& execution,
             std::size_t rows = kRows) {
  const Tensor x = RandomTensor(rows, {100}, 1);
  const Tensor y = RandomTarget(Loss::kSoftmaxCrossEntropy, rows, 10, 2);
  Tensor dy;
  const Pass pass{.mode = Mode::kTrain, .seed = 1, .step = step, .execution = execution};
  Evaluate(Loss::kSoftmaxCrossEntropy, model.Forward(pass, x), y, &dy, execution);
  model.Backward(pass, dy);
  optimizer.Step(1e-3, execution);
}

class StepRecordsTest : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { RunStep(model_, optimizer_, 0, {.max_threads = GetParam(), .profile = records_.sink()}); }

  Model model_{{100}, kLayers, 1};
  Optimizer optimizer_{{}, model_.parameters()};
  Records records_;
};

// How often each layer was recorded.
using Counts = std::map<std::pair<std::size_t, std::string>, int>;

Counts CountsOf(const std::vector<Seen>& seen) {
  Counts counts;
  for (const Seen& s : seen) ++counts[{s.record.layer, s.record.spec}];
  return counts;
}

TEST_P(StepRecordsTest, LayersBlockByBlock) {
  const Counts forward = {{{0, "dropout:0.2"}, 2}, {{1, "dense:600:max_norm=3"}, 2},
                          {{2, "relu"}, 2},        {{3, "dropout:0.5"}, 2},
                          {{4, "dense:140"}, 2},   {{5, "tanh"}, 2},
                          {{6, "dense:10"}, 2}};
  Counts backward = forward;
  backward.erase({0, "dropout:0.2"});           // Nobody needs the gradient of the input,
  backward.erase({1, "dense:600:max_norm=3"});  // nor of the layer before the first with parameters.
  const Counts gradients = {{{1, "dense:600:max_norm=3"}, 5}, {{4, "dense:140"}, 2}, {{6, "dense:10"}, 1}};
  EXPECT_EQ(CountsOf(records_.Of(kLayerForward)), forward);
  EXPECT_EQ(CountsOf(records_.Of(kLayerBackward)), backward);
  EXPECT_EQ(CountsOf(records_.Of(kLayerGradients)), gradients);
}

TEST_P(StepRecordsTest, ProductsAndKernelsSayWhichLayerTheyAreOf) {
  std::size_t multiplications = 0, in_parts = 0;
  for (const Seen& s : records_.Of(kGemm)) {
    ASSERT_NE(s.record.spec, nullptr);
    EXPECT_EQ(std::string(s.record.spec).rfind("dense:", 0), 0u);
    multiplications += s.record.elements;
  }
  for (const Seen& s : records_.Of(kProductInParts)) in_parts += s.record.elements;
  // Every weight once a row and pass; not the first layer's backward. Gradients have blocks instead.
  EXPECT_EQ(multiplications, kRows * (2 * 100 * 600 + 3 * 600 * 140 + 3 * 140 * 10));
  EXPECT_EQ(in_parts, kRows * (100 * 600 + 2 * 600 * 140));
  EXPECT_EQ(records_.Of("DropoutForward").size(), 4u);
  EXPECT_EQ(records_.Of("DropoutBackward").size(), 2u);
  for (const auto& [kernel, pass] : {std::pair("DropoutForward", kLayerForward), {"DropoutBackward", kLayerBackward}}) {
    for (const Seen& s : records_.Of(kernel)) {
      EXPECT_STREQ(s.record.pass, pass);
      EXPECT_STREQ(s.record.spec, s.record.layer == 0 ? "dropout:0.2" : "dropout:0.5");
      EXPECT_GT(s.record.mask_nanoseconds, 0);
    }
  }
}

// What all threads did in a layer is the layer's.
TEST_P(StepRecordsTest, LayersHoldTheWorkOfAllThreads) {
  // Of several steps, so that workers have woken up, and of one block, whose layers get all threads.
  Records records;
  for (std::uint64_t step = 1; step <= 30; ++step) {
    RunStep(model_, optimizer_, step, {.max_threads = GetParam(), .profile = records.sink()}, kRows / 2);
  }
  std::map<std::pair<std::size_t, std::string>, std::pair<std::int64_t, std::int64_t>> times;
  for (const Seen& s : records.all()) {
    if (s.record.spec == nullptr) continue;
    auto& [whole, parts] = times[{s.record.layer, s.record.pass}];
    if (s.Is(s.record.pass)) {
      whole += s.record.thread_nanoseconds;
    } else if (!s.Is(kProductInParts)) {
      parts += s.record.thread_nanoseconds;
    }
    EXPECT_LE(s.record.threads, GetParam());
    EXPECT_GE(s.record.thread_nanoseconds, s.record.mask_nanoseconds);
    if (GetParam() == 1) {
      EXPECT_EQ(s.record.thread_nanoseconds, s.record.nanoseconds);
    }
  }
  EXPECT_EQ(times.size(), 7u + 5u + 3u);
  for (const auto& [layer, of_layer] : times) {
    EXPECT_GE(of_layer.first, of_layer.second) << layer.first << ' ' << layer.second;
  }
}

TEST_P(StepRecordsTest, OneOfEachPartOfTheStep) {
  std::int64_t end = 0;
  for (const char* operation : {kForward, kLoss, kBackward, kOptimizerStep}) {
    const std::vector<Seen> found = records_.Of(operation);
    ASSERT_EQ(found.size(), 1u) << operation;
    EXPECT_EQ(found[0].thread, std::this_thread::get_id());
    EXPECT_EQ(found[0].record.spec, nullptr);
    EXPECT_EQ(found[0].record.threads, operation == kLoss ? 1 : GetParam()) << operation;
    EXPECT_EQ(found[0].record.target, DefaultTarget());
    EXPECT_GE(found[0].record.start, end) << "one after the other";
    end = found[0].end();
  }
  EXPECT_EQ(records_.Of(kForward)[0].record.elements, kRows * 100);
  EXPECT_EQ(records_.Of(kLoss)[0].record.elements, kRows * 10);
  EXPECT_EQ(records_.Of(kOptimizerStep)[0].record.elements, model_.parameter_count());
  std::size_t updated = 0;
  for (const Seen& s : records_.Of(kOptimizerPiece)) updated += s.record.elements;
  EXPECT_EQ(updated, model_.parameter_count() + 100 * 600) << "once more, where norms have a limit";
}

// Regions end in the order of their records, and either hold each other or are apart.
TEST_P(StepRecordsTest, Nest) {
  for (std::size_t i = 0; i < records_.all().size(); ++i) {
    const Seen& outer = records_.all()[i];
    for (std::size_t j = 0; j < i; ++j) {
      const Seen& earlier = records_.all()[j];
      if (earlier.thread != outer.thread) continue;
      EXPECT_TRUE(outer.Holds(earlier) || earlier.end() <= outer.record.start)
          << earlier.record.operation << " and " << outer.record.operation;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, StepRecordsTest, testing::Values(1, 2));

TEST(ProfileTest, TrainingHasTheSameBits) {
  const Dataset data = Clusters(203, 1);
  TrainingOptions options;
  options.epochs = 2;
  options.batch_size = 50;
  Records records;
  std::vector<std::vector<float>> weights;
  for (const bool profiled : {false, true}) {
    for (const int threads : {1, 2}) {
      Model model({5}, "dense:24:relu,dropout:0.3,dense:3", 3);
      options.execution = {.max_threads = threads, .profile = profiled ? records.sink() : nullptr};
      Train(model, data, nullptr, options);
      weights.push_back(Weights(model));
    }
    EXPECT_EQ(records.all().empty(), !profiled);
  }
  for (const auto& others : weights) EXPECT_TRUE(test::SameBits(weights[0], others));
  EXPECT_EQ(records.Of(kSelectBatch).size(), 2u * 2 * 5);
  EXPECT_EQ(records.Of(kOptimizerStep).size(), 2u * 2 * 5);
}

}  // namespace
}  // namespace fallow::nn
