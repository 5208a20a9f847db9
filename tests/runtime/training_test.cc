#include "fallow/nn/training.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/model_file.h"
#include "tests/runtime/allocations.h"
#include "tests/runtime/files.h"
#include "tests/runtime/problems.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

constexpr char kLayers[] = "dense:24:relu,dropout:0.3,dense:16:relu,dropout:0.1,dense:3";
constexpr std::size_t kRows = 203;  // The last batch is smaller.

Model MakeModel() { return {Shape{5}, kLayers, 3}; }

TrainingOptions MakeOptions() {
  TrainingOptions options;
  options.optimizer.learning_rate = 0.01;
  options.epochs = 4;
  options.batch_size = 32;
  options.execution.max_threads = 1;
  return options;
}

std::vector<float> Train(const TrainingOptions& options) {
  Model model = MakeModel();
  Train(model, Clusters(kRows, 1), nullptr, options);
  return Weights(model);
}

TEST(TrainingTest, LearnsTheClusters) {
  Model model = MakeModel();
  const Dataset validation = Clusters(200, 2);
  TrainingOptions options = MakeOptions();
  options.epochs = 20;
  const TrainingResult result = Train(model, Clusters(400, 1), &validation, options);
  EXPECT_LT(result.history.front().train_accuracy, 0.95);
  EXPECT_GT(*result.history.back().validation_accuracy, 0.95);
  EXPECT_LT(*result.history.back().validation_loss, 0.5 * *result.history.front().validation_loss);
}

// The loop as the header describes it, written out.
TEST(TrainingTest, EqualsTheLoopWrittenOut) {
  const Dataset data = Clusters(kRows, 1);
  TrainingOptions options = MakeOptions();
  options.schedule = {Schedule::kCosine, 5, 10, 0.1};
  options.seed = 0x1234567890;
  Model actual = MakeModel(), expected = MakeModel();
  const TrainingResult result = Train(actual, data, nullptr, options);

  Optimizer optimizer(options.optimizer, expected.parameters());
  std::size_t step = 0;
  double learning_rate = 0;
  for (std::size_t epoch = 1; epoch <= 4; ++epoch) {
    const std::vector<std::uint32_t> order = Permutation(kRows, options.seed, epoch);
    for (std::size_t begin = 0; begin < kRows; begin += 32, ++step) {
      const Dataset batch = Select(data, std::span(order).subspan(begin, std::min<std::size_t>(32, kRows - begin)));
      const Pass pass{Mode::kTrain, options.seed, step, 0, {}};
      Tensor gradient;
      Evaluate(options.loss, expected.Forward(pass, batch.x), batch.y, &gradient);
      expected.Backward(pass, gradient);
      learning_rate = 0.01 * ScheduleFactor(options.schedule, step, 4 * 7, 7);
      optimizer.Step(learning_rate, {});
    }
  }
  EXPECT_TRUE(test::SameBits(Weights(expected), Weights(actual)));
  EXPECT_EQ(result.history.back().learning_rate, learning_rate);
}

TEST(TrainingTest, ThreadsDoNotMatterAndSeedsDo) {
  TrainingOptions options = MakeOptions();
  const std::vector<float> weights = Train(options);
  for (const int threads : {1, 2, 0}) {
    options.execution.max_threads = threads;
    EXPECT_TRUE(test::SameBits(weights, Train(options))) << threads;
  }
  options.seed = 2;
  EXPECT_FALSE(test::SameBits(weights, Train(options)));
}

TEST(TrainingTest, HistoryHoldsFiguresWithoutDropout) {
  const Dataset train = Clusters(kRows, 1), validation = Clusters(1500, 2);
  Model model = MakeModel();
  const TrainingResult result = Train(model, train, &validation, MakeOptions());
  ASSERT_EQ(result.history.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(result.history[i].epoch, i + 1);
  const EpochRecord& last = result.history.back();
  const LossSum of_train = EvaluateModel(model, train, Loss::kSoftmaxCrossEntropy);
  const LossSum of_validation = EvaluateModel(model, validation, Loss::kSoftmaxCrossEntropy);
  EXPECT_EQ(of_validation.rows, 1500u);
  EXPECT_EQ(last.train_loss, of_train.mean_loss());
  EXPECT_EQ(last.train_accuracy, of_train.accuracy());
  EXPECT_EQ(last.validation_loss, of_validation.mean_loss());
  EXPECT_EQ(last.validation_accuracy, of_validation.accuracy());
  EXPECT_EQ(last.learning_rate, 0.01);
  EXPECT_GT(last.seconds, 0);
  EXPECT_FALSE(result.interrupted);
}

TEST(TrainingTest, RegressionHasNoAccuracy) {
  const Dataset data = Clusters(100, 1);
  Model model(Shape{5}, "dense:1", 1);
  TrainingOptions options = MakeOptions();
  options.loss = Loss::kMeanSquaredError;
  const TrainingResult result = Train(model, data, &data, options);
  EXPECT_TRUE(result.history.back().validation_loss.has_value());
  EXPECT_FALSE(result.history.back().validation_accuracy.has_value());
  EXPECT_EQ(result.history.back().train_accuracy, 0);
}

TEST(EvaluateModelTest, BatchesAddUpInTheOrderOfTheRows) {
  const Dataset data = Clusters(2300, 5);
  Model model = MakeModel();
  const LossSum whole = EvaluateModel(model, data, Loss::kSoftmaxCrossEntropy);
  const LossSum once = Evaluate(Loss::kSoftmaxCrossEntropy, model.Forward({}, data.x), data.y, nullptr);
  EXPECT_NEAR(whole.loss, once.loss, 1e-9 * once.loss);
  EXPECT_EQ(whole.correct, once.correct);
  EXPECT_EQ(whole.rows, 2300u);
}

TEST(TrainingTest, EarlyStoppingReturnsTheBestWeights) {
  const Dataset train = Clusters(60, 1), validation = Noise(60, 2);
  TrainingOptions options = MakeOptions();
  options.epochs = 50;
  options.early_stopping_patience = 4;
  options.optimizer.learning_rate = 0.002;
  Model model = MakeModel();
  const TrainingResult result = Train(model, train, &validation, options);
  ASSERT_LT(result.history.size(), 50u);
  EXPECT_GT(result.best_epoch, 1u);  // Otherwise the test shows nothing about keeping the best.
  EXPECT_EQ(result.history.size(), result.best_epoch + 4);
  EXPECT_FALSE(result.interrupted);
  const double best = *result.history[result.best_epoch - 1].validation_loss;
  for (const EpochRecord& record : result.history) EXPECT_GE(*record.validation_loss, best);
  EXPECT_EQ(EvaluateModel(model, validation, options.loss).mean_loss(), best);
}

TEST(TrainingTest, PatienceThatIsNeverExhaustedStillReturnsTheBestWeights) {
  const Dataset train = Clusters(60, 1), validation = Noise(60, 2);
  TrainingOptions options = MakeOptions();
  options.epochs = 12;
  options.early_stopping_patience = 100;
  Model model = MakeModel();
  const TrainingResult result = Train(model, train, &validation, options);
  ASSERT_EQ(result.history.size(), 12u);
  ASSERT_LT(result.best_epoch, 12u);
  EXPECT_EQ(EvaluateModel(model, validation, options.loss).mean_loss(),
            *result.history[result.best_epoch - 1].validation_loss);
}

TEST(TrainingTest, WithoutPatienceTheLastWeightsStayAndTheBestEpochIsNamed) {
  const Dataset train = Clusters(60, 1), validation = Noise(60, 2);
  TrainingOptions options = MakeOptions();
  options.epochs = 12;
  Model model = MakeModel();
  const TrainingResult result = Train(model, train, &validation, options);
  EXPECT_LT(result.best_epoch, 12u);
  EXPECT_EQ(EvaluateModel(model, validation, options.loss).mean_loss(), *result.history.back().validation_loss);
}

TEST(TrainingTest, Callbacks) {
  TemporaryFolder folder;
  TrainingOptions options = MakeOptions();
  options.checkpoint = folder / "run";
  std::vector<std::pair<std::size_t, std::size_t>> steps;
  std::vector<std::size_t> epochs;
  TrainingCallbacks callbacks;
  callbacks.on_step = [&](const Progress& progress) {
    steps.emplace_back(progress.epoch, progress.step);
    EXPECT_EQ(progress.epochs, 4u);
    EXPECT_EQ(progress.steps_per_epoch, 7u);
    EXPECT_TRUE(std::isfinite(progress.loss));
    EXPECT_TRUE(progress.accuracy >= 0 && progress.accuracy <= 1);
    EXPECT_GT(progress.samples_per_second, 0);
    EXPECT_TRUE(progress.seconds_left > 0 && progress.seconds_left < 3600);  // At least an evaluation is left.
  };
  callbacks.on_epoch = [&](const EpochRecord& record) {
    epochs.push_back(record.epoch);
    EXPECT_EQ(steps.size(), 7 * record.epoch);
    const std::string history = ReadTensorFile(options.checkpoint).metadata.at("fallow.history");
    EXPECT_NE(history.find("\"epoch\":" + std::to_string(record.epoch)), std::string::npos);
  };
  Model model = MakeModel();
  Train(model, Clusters(kRows, 1), nullptr, options, callbacks);
  EXPECT_EQ(epochs, (std::vector<std::size_t>{1, 2, 3, 4}));
  ASSERT_EQ(steps.size(), 28u);
  for (std::size_t i = 0; i < 28; ++i) EXPECT_EQ(steps[i], (std::pair{i / 7 + 1, i % 7 + 1}));
}

TEST(TrainingTest, StepsAllocateNothing) {
  for (const Algorithm algorithm : {Algorithm::kSGD, Algorithm::kAdam, Algorithm::kAdamW}) {
    TrainingOptions options = MakeOptions();
    options.optimizer.algorithm = algorithm;
    std::size_t before = 0, allocations = 0;
    TrainingCallbacks callbacks;
    callbacks.on_step = [&](const Progress& progress) {
      if (progress.epoch > 1 && progress.step > 1) allocations += AllocationCount() - before;
      before = AllocationCount();
    };
    callbacks.should_stop = [] { return false; };
    Model model = MakeModel();
    Train(model, Clusters(kRows, 1), nullptr, options, callbacks);
    EXPECT_GT(before, 0u);
    EXPECT_EQ(allocations, 0u);
  }
}

// Stops before the first step's end, within and at the end of the first epoch, and at the last step of all.
TEST(TrainingTest, StoppingReturnsTheWeightsOfTheLastWholeEpoch) {
  const Dataset data = Clusters(kRows, 1);
  for (const std::size_t stop_after : {1u, 6u, 7u, 8u, 20u, 21u, 27u, 28u}) {
    SCOPED_TRACE(stop_after);
    const std::size_t whole = stop_after / 7;
    TrainingCallbacks callbacks;
    std::size_t steps = 0;
    callbacks.on_step = [&](const Progress&) { ++steps; };
    callbacks.should_stop = [&] { return steps == stop_after; };
    Model stopped = MakeModel(), expected = MakeModel();
    const TrainingResult result = Train(stopped, data, nullptr, MakeOptions(), callbacks);
    EXPECT_EQ(steps, stop_after);
    EXPECT_EQ(result.history.size(), whole);
    EXPECT_EQ(result.best_epoch, whole);
    EXPECT_EQ(result.interrupted, whole < 4);
    TrainingOptions options = MakeOptions();
    options.epochs = whole;
    if (whole > 0) Train(expected, data, nullptr, options);
    EXPECT_TRUE(test::SameBits(Weights(expected), Weights(stopped)));
  }
}

// The third epoch's learning rate is infinite as a float.
TEST(TrainingTest, DivergenceLeavesTheLastGoodCheckpoint) {
  TemporaryFolder folder;
  for (const char* layers : {"dense:3", "dense:8:relu,dense:3"}) {
    TrainingOptions options = MakeOptions();
    options.optimizer.algorithm = Algorithm::kSGD;
    options.schedule = {Schedule::kStep, 0, 2, 1e45};
    options.checkpoint = folder / "run";
    Model model(Shape{5}, layers, 1);
    std::vector<float> good;
    TrainingCallbacks callbacks;
    callbacks.on_epoch = [&](const EpochRecord&) { good = Weights(model); };
    EXPECT_TRUE(Fails([&] { Train(model, Clusters(kRows, 1), nullptr, options, callbacks); }, "training diverged",
                      "epoch 3", "step", "smaller learning rate"))
        << layers;
    options.epochs = 2;
    Train(model, Clusters(kRows, 1), nullptr, options, {}, /*resume=*/true);
    EXPECT_TRUE(test::SameBits(good, Weights(model)));
  }
}

// All weights become infinite in the epoch's only step; tanh makes them 1 and -1.
TEST(TrainingTest, AnInfiniteWeightThatTheLossDoesNotShow) {
  const Dataset clusters = Clusters(50, 1);
  Dataset data{Tensor(50, Shape{1}), clusters.y.Clone()};
  for (std::size_t r = 0; r < 50; ++r) data.x.row(r)[0] = clusters.x.row(r)[0];
  TrainingOptions options = MakeOptions();
  options.batch_size = 50;
  options.optimizer.algorithm = Algorithm::kSGD;
  options.optimizer.learning_rate = 1e45;
  Model model(Shape{1}, "dense:3:tanh:bias=0", 1);
  EXPECT_TRUE(Fails([&] { Train(model, data, nullptr, options); },
                    "training diverged: parameter 0.weight is not finite in epoch 1"));
}

TEST(TrainingTest, Errors) {
  const Dataset data = Clusters(50, 1);
  const auto fails = [&](const auto& change, const auto&... parts) {
    TrainingOptions options = MakeOptions();
    change(options);
    Model model = MakeModel();
    return Fails([&] { Train(model, data, nullptr, options); }, parts...);
  };
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(fails([](auto& o) { o.epochs = 0; }, "epochs: got 0"));
  EXPECT_TRUE(fails([](auto& o) { o.batch_size = 0; }, "batch_size: got 0"));
  EXPECT_TRUE(fails([](auto& o) { o.early_stopping_patience = 1; }, "early_stopping_patience: needs validation data"));
  EXPECT_TRUE(fails([](auto& o) { o.optimizer.learning_rate = kNaN; }, "learning rate is nan"));
  EXPECT_TRUE(fails([](auto& o) { o.schedule.step_epochs = 0; }, "step_epochs: got 0"));
  EXPECT_TRUE(fails([](auto& o) { o.schedule.step_factor = kNaN; }, "step_factor: got nan"));
  EXPECT_TRUE(fails([](auto& o) { o.checkpoint = "/nowhere/at/all"; }, "checkpoint: there is no folder /nowhere/at"));
  EXPECT_TRUE(fails([](auto& o) { o.checkpoint = "/"; }, "checkpoint: is a folder"));
  EXPECT_TRUE(fails([](auto& o) { o.loss = Loss::kMeanSquaredError; }, "the training data", "columns"));
}

TEST(TrainingTest, DataThatDoNotFit) {
  const auto fails = [](const auto& change, const auto&... parts) {
    const Dataset good = Clusters(50, 1);
    Dataset bad = Clusters(50, 1);
    change(bad);
    Model model = MakeModel();
    const auto check = [&](const char* name, const auto& body) {
      const testing::AssertionResult result = Fails(body, name, parts...);
      if (!result) ADD_FAILURE() << name << ": " << result.message();
    };
    check("the training data", [&] { Train(model, bad, nullptr, MakeOptions()); });
    check("the validation data", [&] { Train(model, good, &bad, MakeOptions()); });
    check("the data", [&] { EvaluateModel(model, bad, Loss::kSoftmaxCrossEntropy); });
  };
  fails([](Dataset& d) { d = Clusters(0, 1); }, "no rows");
  fails([](Dataset& d) { d.y.Resize(49, Shape{1}); }, "50 rows but 49 targets");
  fails([](Dataset& d) { d.x.Resize(50, Shape{2, 2}); }, "samples of 2x2, the model takes 5");
  fails([](Dataset& d) { d.y.row(7)[0] = 3; }, "row 7 has 3");
  fails([](Dataset& d) { d.y.row(7)[0] = 0.5f; }, "row 7 has 0.5");
}

}  // namespace
}  // namespace fallow::nn
