// A training run that was stopped, or killed, and resumed must end with the bits of one that ran through.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "fallow/nn/model_file.h"
#include "fallow/nn/training.h"
#include "tests/runtime/files.h"
#include "tests/runtime/problems.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

constexpr char kLayers[] = "dense:20:relu:max_norm=2,dropout:0.4,dense:9:tanh:l2=0.001,dropout:0.2,dense:3";
constexpr std::size_t kRows = 90;
constexpr std::size_t kStepsPerEpoch = 6;  // The last batch is smaller.

struct Outcome {
  std::vector<float> weights;
  TrainingResult result;
};

void ExpectSame(const Outcome& actual, const Outcome& expected) {
  EXPECT_TRUE(test::SameBits(expected.weights, actual.weights));
  EXPECT_EQ(actual.result.best_epoch, expected.result.best_epoch);
  EXPECT_EQ(actual.result.interrupted, expected.result.interrupted);
  ASSERT_EQ(actual.result.history.size(), expected.result.history.size());
  for (std::size_t i = 0; i < expected.result.history.size(); ++i) {
    const EpochRecord &a = actual.result.history[i], &b = expected.result.history[i];
    EXPECT_EQ(a.epoch, b.epoch);
    EXPECT_EQ(a.train_loss, b.train_loss);
    EXPECT_EQ(a.train_accuracy, b.train_accuracy);
    EXPECT_EQ(a.validation_loss, b.validation_loss);
    EXPECT_EQ(a.validation_accuracy, b.validation_accuracy);
    EXPECT_EQ(a.learning_rate, b.learning_rate);
    EXPECT_EQ(a.dropout_rates, b.dropout_rates);
  }
}

class ResumeTest : public testing::Test {
 protected:
  ResumeTest() {
    options_.optimizer.learning_rate = 0.01;
    options_.schedule = {Schedule::kCosine, 4, 2, 0.5};
    options_.epochs = 6;
    options_.batch_size = 16;
    options_.seed = 9;
    options_.execution.max_threads = 1;
    options_.checkpoint = folder_ / "run.safetensors";
  }

  // Each run begins with other weights, which a checkpoint must replace; `seed` 1 is that of the first run.
  Outcome Run(
      bool resume, std::size_t stop_after_steps = 0, std::uint64_t seed = 1,
      const std::function<void()>& after_step = [] {}) {
    Model model(Shape{5}, layers_, seed);
    std::size_t steps = 0;
    TrainingCallbacks callbacks;
    callbacks.on_step = [&](const Progress&) {
      ++steps;
      after_step();
    };
    callbacks.should_stop = [&] { return steps == stop_after_steps; };
    TrainingResult result = Train(model, train_, has_validation_ ? &validation_ : nullptr, options_, callbacks, resume);
    return {Weights(model), std::move(result)};
  }

  // Stops after every step of interest, resumes with one and with two threads, and compares with a run never stopped.
  void ExpectResumesToTheSameBits() {
    const Outcome expected = Run(/*resume=*/false);
    ExpectSame(Run(true, 0, 2), expected);  // Of a finished run: nothing is left to do.
    const std::size_t epochs = expected.result.history.size();
    for (std::size_t epoch = 1; epoch < epochs; ++epoch) {
      for (const std::size_t steps_more : {0u, 2u}) {
        for (const int threads : {1, 2}) {
          SCOPED_TRACE(testing::Message() << "epoch " << epoch << " + " << steps_more << ", " << threads << " threads");
          options_.execution.max_threads = 1;
          const Outcome stopped = Run(false, epoch * kStepsPerEpoch + steps_more);
          EXPECT_TRUE(stopped.result.interrupted);
          EXPECT_EQ(stopped.result.history.size(), epoch);
          options_.execution.max_threads = threads;
          ExpectSame(Run(true, 0, 2), expected);
        }
      }
    }
  }

  testing::AssertionResult ResumeFails(const auto& change, const auto&... parts) {
    const TrainingOptions before = options_;
    change();
    Model model(Shape{5}, layers_, 7);
    const std::vector<float> weights = Weights(model);
    const testing::AssertionResult fails =
        Fails([&] { Train(model, train_, has_validation_ ? &validation_ : nullptr, options_, {}, true); }, parts...);
    options_ = before;
    EXPECT_TRUE(test::SameBits(weights, Weights(model))) << "changed by a failed resume";
    return fails;
  }

  const char* layers_ = kLayers;
  TemporaryFolder folder_;
  TrainingOptions options_;
  Dataset train_ = Clusters(kRows, 1);
  Dataset validation_ = Clusters(40, 2);
  bool has_validation_ = true;
};

TEST_F(ResumeTest, Adam) { ExpectResumesToTheSameBits(); }

TEST_F(ResumeTest, AdamWWithoutValidation) {
  options_.optimizer.algorithm = Algorithm::kAdamW;
  options_.optimizer.weight_decay = 0.01;
  options_.schedule = {};
  has_validation_ = false;
  ExpectResumesToTheSameBits();
}

TEST_F(ResumeTest, MomentumWithSteps) {
  options_.optimizer.algorithm = Algorithm::kSGD;
  options_.optimizer.momentum = 0.9;
  options_.optimizer.nesterov = true;
  options_.schedule.schedule = Schedule::kStep;
  ExpectResumesToTheSameBits();
}

TEST_F(ResumeTest, PlainSGD) {
  options_.optimizer.algorithm = Algorithm::kSGD;
  ExpectResumesToTheSameBits();
}

// Stops early at an epoch after the best one, so that the best weights have to survive as well.
TEST_F(ResumeTest, EarlyStopping) {
  validation_ = Clusters(40, 4);
  for (std::size_t r = 0; r < 40; r += 3) validation_.y.row(r)[0] = 0;  // Learning too well becomes expensive.
  options_.epochs = 30;
  options_.early_stopping_patience = 3;
  options_.schedule = {};
  options_.optimizer.learning_rate = 0.002;
  ExpectResumesToTheSameBits();
  const Outcome outcome = Run(false);
  ASSERT_LT(outcome.result.history.size(), 30u);
  EXPECT_GT(outcome.result.best_epoch, 1u);
}

// Layers that draw several masks, change their parameters themselves, learn a rate, or see the whole batch.
TEST_F(ResumeTest, LayersOfOtherKinds) {
  for (const char* layers :
       {"reshape:5x1,lstm:4:sequences=1:dropout=0.2:recurrent_dropout=0.3:zoneout=0.1,attention:2:dropout=0.2,"
        "gru:3:bidirectional=1:weight_dropout=0.3,layer_norm,dense:3",
        "dense:18,batch_norm:momentum=0.3,relu,reshape:2x3x3,conv2d:4:2,spatial_dropout2d:0.3,maxpool2d:2,flatten,"
        "concrete_dropout,dropconnect:6:0.3,gaussian_dropout:0.2,dense:3",
        "dense:6:tanh@a,alpha_dropout:0.2,dense:6,drop_path:0.3,add:a,activity_regularization:l2=0.1,dense:3"}) {
    SCOPED_TRACE(layers);
    layers_ = layers;
    options_.epochs = 3;
    ExpectResumesToTheSameBits();
  }
}

TEST_F(ResumeTest, RatesThatMove) {
  for (const RateControl control : {RateControl::kLinear, RateControl::kCurriculum, RateControl::kGap}) {
    SCOPED_TRACE(Name(control));
    options_.rate_control = {.control = control, .low = 0.0, .high = 0.01, .hold = 1};
    ExpectResumesToTheSameBits();
    const Outcome outcome = Run(false);
    EXPECT_NE(outcome.result.history.front().dropout_rates, outcome.result.history.back().dropout_rates);
  }
}

TEST_F(ResumeTest, StoppedAfterEveryEpoch) {
  const Outcome expected = Run(false);
  Run(false, kStepsPerEpoch);
  for (int i = 0; i < 4; ++i) Run(true, kStepsPerEpoch, 2);
  ExpectSame(Run(true, 0, 2), expected);
}

TEST_F(ResumeTest, StoppedWeightsAreThoseOfTheCheckpoint) {
  const Outcome stopped = Run(false, 2 * kStepsPerEpoch + 3);
  const Outcome again = Run(true, 1, 2);  // Stops in the first step of the next epoch.
  ExpectSame(again, stopped);
}

TEST_F(ResumeTest, WithoutACheckpointTrainingStartsAfresh) { ExpectSame(Run(true), Run(false)); }

TEST_F(ResumeTest, MoreEpochs) {
  for (const Schedule schedule : {Schedule::kConstant, Schedule::kStep}) {
    options_.schedule.schedule = schedule;
    options_.epochs = 7;
    const Outcome expected = Run(false);
    options_.epochs = 3;
    Run(false);
    options_.epochs = 7;
    ExpectSame(Run(true, 0, 2), expected);
  }
}

TEST_F(ResumeTest, EpochsThatDoNotFit) {
  Run(false);
  EXPECT_TRUE(ResumeFails([&] { options_.epochs = 7; }, options_.checkpoint.string(), "had epochs 6, this one has 7"));
  options_.schedule = {};
  Run(false);
  EXPECT_TRUE(ResumeFails([&] { options_.epochs = 5; }, "is of epoch 6, this run has epochs 5"));
  for (const RateControl control : {RateControl::kLinear, RateControl::kCurriculum}) {
    options_.rate_control.control = control;
    Run(false);
    EXPECT_TRUE(ResumeFails([&] { options_.epochs = 7; }, "had epochs 6, this one has 7"));
  }
}

TEST_F(ResumeTest, OtherSettings) {
  Run(false, 2 * kStepsPerEpoch);
  const std::string path = options_.checkpoint.string();
  OptimizerOptions& optimizer = options_.optimizer;
  EXPECT_TRUE(ResumeFails([&] { options_.batch_size = 17; }, path, "had batch_size 16, this one has 17"));
  EXPECT_TRUE(ResumeFails([&] { options_.seed = 10; }, path, "had seed 9, this one has 10"));
  EXPECT_TRUE(
      ResumeFails([&] { options_.early_stopping_patience = 1; }, "had early_stopping_patience 0, this one has 1"));
  EXPECT_TRUE(ResumeFails([&] { optimizer.algorithm = Algorithm::kSGD; }, "had algorithm adam, this one has sgd"));
  EXPECT_TRUE(ResumeFails([&] { optimizer.learning_rate = 0.02; }, "had learning_rate 0.01, this one has 0.02"));
  EXPECT_TRUE(ResumeFails([&] { optimizer.momentum = 0.5; }, "had momentum 0, this one has 0.5"));
  EXPECT_TRUE(ResumeFails([&] { optimizer.beta1 = 0.8; }, "had beta1 0.9, this one has 0.8"));
  EXPECT_TRUE(ResumeFails([&] { optimizer.beta2 = 0.8; }, "had beta2 0.999, this one has 0.8"));
  EXPECT_TRUE(ResumeFails([&] { optimizer.epsilon = 0.5; }, "had epsilon 1e-08, this one has 0.5"));
  EXPECT_TRUE(ResumeFails([&] { optimizer.weight_decay = 0.5; }, "had weight_decay 0, this one has 0.5"));
  EXPECT_TRUE(
      ResumeFails([&] { options_.schedule.schedule = Schedule::kStep; }, "had schedule cosine, this one has step"));
  EXPECT_TRUE(ResumeFails([&] { options_.schedule.warmup_steps = 5; }, "had warmup_steps 4, this one has 5"));
  EXPECT_TRUE(ResumeFails([&] { options_.schedule.step_epochs = 5; }, "had step_epochs 2, this one has 5"));
  EXPECT_TRUE(ResumeFails([&] { options_.schedule.step_factor = 0.25; }, "had step_factor 0.5, this one has 0.25"));
  RateControlOptions& rates = options_.rate_control;
  EXPECT_TRUE(
      ResumeFails([&] { rates.control = RateControl::kGap; }, "had rate_control constant, this one has gap 2 5"));
  EXPECT_TRUE(ResumeFails([&] { options_.checkpoint.clear(); }, "resume: needs a checkpoint"));
}

TEST_F(ResumeTest, OtherModelLossOrData) {
  Run(false, 2 * kStepsPerEpoch);
  const auto fails = [&](const char* layers, Loss loss, const auto&... parts) {
    Model model(Shape{5}, layers, 1);
    options_.loss = loss;
    return Fails([&] { Train(model, train_, &validation_, options_, {}, true); }, parts...);
  };
  EXPECT_TRUE(fails("dense:3", Loss::kSoftmaxCrossEntropy, "had layers dense:20", "this one has dense:3"));
  EXPECT_TRUE(fails("dense:1", Loss::kMeanSquaredError, "had layers dense:20", "this one has dense:1"));
  options_.loss = Loss::kSoftmaxCrossEntropy;

  const float before = train_.x.row(3)[1];
  train_.x.row(3)[1] += 1;
  EXPECT_TRUE(ResumeFails([] {}, "had train 90 rows of 5 and 1", "this one has 90 rows of 5 and 1"));
  train_.x.row(3)[1] = before;
  validation_ = Clusters(41, 2);
  EXPECT_TRUE(ResumeFails([] {}, "had validation 40 rows", "this one has 41 rows"));
  has_validation_ = false;
  EXPECT_TRUE(ResumeFails([] {}, "had validation 40 rows", "this one has none"));
}

TEST_F(ResumeTest, DamagedCheckpoints) {
  const auto fails = [&](const auto& change, const auto&... parts) {
    Run(false, 2 * kStepsPerEpoch);
    TensorFile file = ReadTensorFile(options_.checkpoint);
    change(file);
    WriteTensorFile(options_.checkpoint, file);
    return ResumeFails([] {}, options_.checkpoint.string() + ": ", parts...);
  };
  const auto set_history = [](const char* text) {
    return [=](TensorFile& file) { file.metadata["fallow.history"] = text; };
  };
  for (const char* history : {"", "[", "{}", "[]", "[1]", "[{\"epoch\":1}]", "null", "[[[[", "[{\"epoch\":\"1\"}]"}) {
    EXPECT_TRUE(fails(set_history(history), "history is damaged")) << history;
  }
  EXPECT_TRUE(fails([](TensorFile& f) { f.metadata.erase("fallow.checkpoint"); }, "not a checkpoint"));
  EXPECT_TRUE(fails([](TensorFile& f) { f.metadata.erase("fallow.seed"); }, "not a checkpoint: no 'fallow.seed'"));
  EXPECT_TRUE(fails([](TensorFile& f) { f.metadata["fallow.checkpoint"] = "1"; }, "another version"));
  const auto replace_rates = [](const char* from, const char* to) {
    return [=](TensorFile& file) {
      std::string& history = file.metadata["fallow.history"];
      history.replace(history.find(from), std::string_view(from).size(), to);
    };
  };
  for (const char* rates :
       {"[[2,0.4]]", "[[2,0.4],[3,0.2]]", "[[2,0.4],[5,1.2]]", "[[2,0.4],[5]]", "[2,4]", "{}", "7"}) {
    EXPECT_TRUE(fails(replace_rates("[[2,0.4],[5,0.2]]", rates), "history is damaged")) << rates;
  }
  EXPECT_TRUE(fails([](TensorFile& f) { f.entries.pop_back(); }, "has no tensor"));
  EXPECT_TRUE(fails([](TensorFile& f) { f.entries.push_back({"x", {1}, Tensor(1, Shape{1})}); }, "of another run"));
  EXPECT_TRUE(fails([](TensorFile& f) { f.entries[0].shape = {5, 20}; }, "is [5,20], expected [20,5]"));

  Run(false, 2 * kStepsPerEpoch);
  const std::string bytes = ReadBytes(options_.checkpoint);
  WriteBytes(options_.checkpoint, bytes.substr(0, bytes.size() - 1));
  EXPECT_TRUE(ResumeFails([] {}, options_.checkpoint.string() + ": "));
  Model model(Shape{5}, kLayers, 1);
  SaveModel(options_.checkpoint, model);
  EXPECT_TRUE(ResumeFails([] {}, "not a checkpoint"));
}

// A process that trains is killed again and again at random moments, many of them while it writes a checkpoint. It may
// take ten epochs' steps at most before it waits for its death, so that even a fast one dies a few times.
TEST_F(ResumeTest, Killed) {
  options_.epochs = 60;
  options_.early_stopping_patience = 1000;
  const std::filesystem::path checkpoint = options_.checkpoint;
  options_.checkpoint.clear();
  const Outcome expected = Run(false);
  options_.checkpoint = checkpoint;

  std::mt19937 random(1);
  int kills = 0;
  for (bool finished = false; !finished;) {
    const std::size_t steps = 1 + random() % (10 * kStepsPerEpoch);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      try {
        Run(true, 0, 1, [left = steps]() mutable {
          if (--left == 0) {
            pause();
          }
        });
      } catch (...) {
        _exit(1);
      }
      _exit(0);
    }
    // Longer and longer, so that the run ends on any machine.
    std::this_thread::sleep_for(std::chrono::microseconds(random() % (10'000 * static_cast<unsigned>(kills + 1))));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    finished = WIFEXITED(status);
    if (finished) {
      ASSERT_EQ(WEXITSTATUS(status), 0);
    } else {
      ++kills;
    }
    if (std::filesystem::exists(checkpoint)) {
      ASSERT_EQ(ErrorOf([&] { ReadTensorFile(checkpoint); }), "no error");
    }
  }
  EXPECT_GE(kills, 3);
  ExpectSame(Run(true, 0, 2), expected);
  EXPECT_FALSE(std::filesystem::exists(checkpoint.string() + ".tmp"));
}

}  // namespace
}  // namespace fallow::nn
