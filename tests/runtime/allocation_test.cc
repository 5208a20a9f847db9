// A training step allocates nothing once the model has seen the batch's size: every malloc on every thread is counted.
#include <gtest/gtest.h>

#include <cstdlib>

#include "fallow/nn/loss.h"
#include "fallow/nn/model.h"
#include "fallow/nn/optimizer.h"
#include "fallow/profile.h"
#include "tests/runtime/tensors.h"
#include "tests/support/malloc_count.h"

namespace fallow::nn {
namespace {

using test::MallocCount;

// Enough for every worker of oneTBB's to have taken part, and to have filled its pools.
constexpr std::uint64_t kWarmUp = 50, kSteps = 20;

constexpr ProfileSink kSink = {[](void*, const CallRecord&) noexcept {}};

long AllocationsOfSteps(const char* layers, const OptimizerOptions& options, int threads,
                        const ProfileSink* profile = nullptr, const Shape& input = {100}) {
  Model model(input, layers, 1);
  Optimizer optimizer(options, model.parameters());
  const Tensor x = RandomTensor(200, input, 1);
  const Tensor y = RandomTarget(Loss::kSoftmaxCrossEntropy, 200, 10, 2);
  Tensor dy;
  long before = 0;
  for (std::uint64_t step = 0; step < kWarmUp + kSteps; ++step) {
    if (step == kWarmUp) before = MallocCount();
    const Pass pass{
        .mode = Mode::kTrain, .seed = 1, .step = step, .execution = {.max_threads = threads, .profile = profile}};
    Evaluate(Loss::kSoftmaxCrossEntropy, model.Forward(pass, x), y, &dy, pass.execution);
    model.Backward(pass, dy);
    optimizer.Step(1e-3, pass.execution);
  }
  return MallocCount() - before;
}

class AllocationTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::kMallocsAreCounted) GTEST_SKIP() << "sanitizers bring a malloc of their own";
    const long before = MallocCount();
    void* volatile memory = std::malloc(1000);  // Or the compiler leaves both calls out.
    std::free(memory);
    delete new Tensor(1, {1});
    ASSERT_GE(MallocCount(), before + 3) << "the count does not work";
  }
};

constexpr const char* kLayers =
    "dropout:0.2,dense:300:relu:max_norm=3,dropout:0.5,dense:300:gelu,dropout:0.5,dense:64:tanh,dense:10";

TEST_F(AllocationTest, TrainingStepWithOneThread) {
  EXPECT_EQ(AllocationsOfSteps(kLayers, {}, 1), 0);
  EXPECT_EQ(AllocationsOfSteps(kLayers, {.algorithm = Algorithm::kSGD, .momentum = 0.9}, 1), 0);
}

TEST_F(AllocationTest, TrainingStepWithTwoThreads) { EXPECT_EQ(AllocationsOfSteps(kLayers, {}, 2), 0); }

TEST_F(AllocationTest, TrainingStepOfAGraph) {
  EXPECT_EQ(AllocationsOfSteps("dense:300:relu@a,dropout:0.5,dense:300,add:a,relu,concat:input,dense:10", {}, 2), 0);
}

TEST_F(AllocationTest, TrainingStepOfTheDropoutFamily) {
  EXPECT_EQ(AllocationsOfSteps("concrete_dropout,dense:300,batch_norm,selu,alpha_dropout:0.2,dropconnect:60:0.5:gelu,"
                               "layer_norm,gaussian_dropout:0.3,gaussian_noise:0.1,dropout:0.5:noise_shape=1,dense:10",
                               {}, 2),
            0);
}

TEST_F(AllocationTest, MovingARate) {
  Model model({100}, kLayers, 1);
  const long before = MallocCount();
  for (int i = 1; i < 100; ++i) model.set_dropout_rate(0, 0.01 * i);
  EXPECT_EQ(MallocCount() - before, 0);
}

TEST_F(AllocationTest, TrainingStepOfAConvolutionalNetwork) {
  constexpr char kImages[] = "conv2d:16:3:relu:padding=1,maxpool2d:2,dropout:0.3,conv2d:8:3,avgpool2d:2,dense:10";
  EXPECT_EQ(AllocationsOfSteps(kImages, {}, 2, nullptr, {10, 10}), 0);
}

TEST_F(AllocationTest, TrainingStepOfARecurrentNetwork) {
  constexpr char kSequences[] =
      "lstm:16:sequences=1:bidirectional=1:dropout=0.2:recurrent_dropout=0.2:zoneout=0.1,gru:12:weight_dropout=0.3,"
      "dense:10";
  EXPECT_EQ(AllocationsOfSteps(kSequences, {}, 2, nullptr, {10, 10}), 0);
}

TEST_F(AllocationTest, TrainingStepWithASink) { EXPECT_EQ(AllocationsOfSteps(kLayers, {}, 2, &kSink), 0); }

TEST_F(AllocationTest, TrainingStepWithTheCallersArena) { EXPECT_EQ(AllocationsOfSteps(kLayers, {}, 0), 0); }

TEST_F(AllocationTest, Inference) {
  Model model({100}, kLayers, 1);
  const Tensor small = RandomTensor(7, {100}, 1), large = RandomTensor(200, {100}, 1);
  long before = 0;
  for (std::uint64_t step = 0; step < kWarmUp + kSteps; ++step) {
    if (step == kWarmUp) before = MallocCount();
    for (const Mode mode : {Mode::kInfer, Mode::kMonteCarlo}) {
      model.Forward({.mode = mode, .step = step}, large);
      model.Forward({.mode = mode, .step = step}, small);
    }
  }
  EXPECT_EQ(MallocCount() - before, 0);
}

}  // namespace
}  // namespace fallow::nn
