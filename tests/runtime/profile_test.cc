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

constexpr char kLayers[] = "dropout:0.2,dense:150:relu:max_norm=3,dropout:0.5,dense:140:tanh,dense:10";
constexpr std::size_t kRows = 200;  // Four blocks.

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

void RunStep(Sequential& model, Optimizer& optimizer, std::uint64_t step, const Execution& execution) {
  const Tensor x = RandomTensor(kRows, {100}, 1);
  const Tensor y = RandomTarget(Loss::kSoftmaxCrossEntropy, kRows, 10, 2);
  Tensor dy;
  const Pass pass{.mode = Mode::kTrain, .seed = 1, .step = step, .execution = execution};
  Evaluate(Loss::kSoftmaxCrossEntropy, model.Forward(pass, x), y, &dy, execution);
  model.Backward(pass, dy);
  optimizer.Step(1e-3, execution);
}

class StepRecordsTest : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { RunStep(model_, optimizer_, 0, {.max_threads = GetParam(), .profile = records_.sink()}); }

  Sequential model_{{100}, kLayers, 1};
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
  const Counts forward = {{{0, "dropout:0.2"}, 4}, {{1, "dense:150:max_norm=3"}, 4},
                          {{2, "relu"}, 4},        {{3, "dropout:0.5"}, 4},
                          {{4, "dense:140"}, 4},   {{5, "tanh"}, 4},
                          {{6, "dense:10"}, 4}};
  Counts backward = forward;
  backward.erase({0, "dropout:0.2"});           // Nobody needs the gradient of the input,
  backward.erase({1, "dense:150:max_norm=3"});  // nor of the layer before the first with parameters.
  const Counts gradients = {{{1, "dense:150:max_norm=3"}, 2}, {{4, "dense:140"}, 2}, {{6, "dense:10"}, 1}};
  EXPECT_EQ(CountsOf(records_.Of(kLayerForward)), forward);
  EXPECT_EQ(CountsOf(records_.Of(kLayerBackward)), backward);
  EXPECT_EQ(CountsOf(records_.Of(kLayerGradients)), gradients);
}

TEST_P(StepRecordsTest, ProductsAndKernelsAreInsideOfLayers) {
  std::vector<Seen> layers;
  for (const char* operation : {kLayerForward, kLayerBackward, kLayerGradients}) {
    for (const Seen& s : records_.Of(operation)) layers.push_back(s);
  }
  const auto holders = [&](const Seen& inner) {
    return std::ranges::count_if(layers, [&](const Seen& layer) { return layer.Holds(inner); });
  };
  std::size_t multiplications = 0;
  for (const Seen& s : records_.Of(kGemm)) {
    EXPECT_EQ(holders(s), 1);
    multiplications += s.record.elements;
  }
  // Every weight once a row and direction; the first layer's not backward.
  EXPECT_EQ(multiplications, kRows * (2 * 100 * 150 + 3 * 150 * 140 + 3 * 140 * 10));
  EXPECT_EQ(records_.Of("DropoutForward").size(), 8u);
  EXPECT_EQ(records_.Of("DropoutBackward").size(), 4u);
  for (const char* kernel : {"DropoutForward", "DropoutBackward"}) {
    for (const Seen& s : records_.Of(kernel)) {
      EXPECT_EQ(holders(s), 1);
      EXPECT_GT(s.record.mask_nanoseconds, 0);
      EXPECT_EQ(s.record.threads, 1);
    }
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
  EXPECT_EQ(updated, model_.parameter_count() + 100 * 150) << "once more, where norms have a limit";
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
      Sequential model({5}, "dense:24:relu,dropout:0.3,dense:3", 3);
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
