// Embeddings, LSTMs and GRUs against the reference, and what holds for every layer.
#include "fallow/nn/sequences.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/monte_carlo.h"
#include "fallow/nn/training.h"
#include "tests/runtime/files.h"
#include "tests/runtime/models.h"
#include "tests/runtime/problems.h"
#include "tests/runtime/reference_model.h"
#include "tests/runtime/tensors.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

constexpr std::size_t kSteps = 7, kVocabulary = 11;
constexpr std::size_t kRows = 150;  // Two blocks, of several parts.

constexpr const char* kModels[] = {
    "embedding:11:6,lstm:9,dense:3",
    "embedding:11:6:dropout=0.3:padding=0,gru:9:mask=1,dense:3",
    "embedding:11:6:padding=0,lstm:9:dropout=0.2:recurrent_dropout=0.3:mask=1,dropout:0.5,dense:3",
    "embedding:11:6,gru:9:sequences=1:bidirectional=1:dropout=0.2,gru:5:bidirectional=1:recurrent_dropout=0.3,dense:3",
    "embedding:11:6:padding=0,lstm:9:sequences=1:bidirectional=1:zoneout=0.2:mask=1,lstm:5:zoneout=0.1:mask=1,dense:3",
    "embedding:11:6:padding=0,lstm:9:bidirectional=1:weight_dropout=0.5:mask=1,dense:3",
    "embedding:11:6,gru:33:sequences=1:weight_dropout=0.3:dropout=0.1,dense:3",
};

// With token 0 at the end of most rows.
Tensor Tokens(std::size_t rows, unsigned seed) {
  Tensor x = RandomTokens(rows, kSteps, kVocabulary, seed);
  PadRows(x);
  return x;
}

TEST(SequencesTest, EqualTheReference) {
  const Tensor x = Tokens(kRows, 1);
  for (const char* list : kModels) {
    Model model({kSteps}, list, 3);
    const reference::Network expected(model);
    for (const Mode mode : {Mode::kTrain, Mode::kInfer, Mode::kMonteCarlo}) {
      const Pass pass{.mode = mode, .seed = 9, .step = 5, .first_row = 11};
      const Tensor& y = model.Forward(pass, x);
      for (const std::size_t r : {std::size_t{0}, std::size_t{7}, std::size_t{77}, kRows - 1}) {
        const reference::Row row = expected.Forward(pass, r, reference::Rows(x)[r]);
        for (std::size_t j = 0; j < row.size(); ++j) ASSERT_NEAR(y.row(r)[j], row[j], 1e-5) << list << ' ' << r;
      }
    }
  }
}

TEST(SequencesTest, AreTheSameOnAnyThreads) {
  for (const char* list : kModels) ExpectSameOnAnyThreads(list, Tokens(kRows, 1));
}

using SequencesTargetTest = test::TargetTest;
FALLOW_TEST_EVERY_TARGET(SequencesTargetTest);

// Alone on the best target, and with others on any.
TEST_P(SequencesTargetTest, PredictionsAreTheSame) {
  const Tensor x = Tokens(2, 5), others = Tokens(40, 6);
  for (const char* list : kModels) {
    const Model model({kSteps}, list, 3);
    for (const std::size_t samples : {0, 5}) {
      const McRequest request{.x = &x, .samples = samples, .seed = 8};
      const McRequest requests[] = {{.x = &others, .samples = samples, .seed = 8}, request};
      for (const int threads : {1, 2}) {
        const Execution execution{.max_threads = threads, .target = GetParam()};
        const auto alone = PredictMonteCarlo(model, {&request, 1}, Loss::kMeanSquaredError);
        const auto together = PredictMonteCarlo(model, requests, Loss::kMeanSquaredError, {}, execution);
        EXPECT_TRUE(test::SameBits(alone[0].mean.values(), together[1].mean.values())) << list;
        EXPECT_TRUE(test::SameBits(alone[0].standard_deviation.values(), together[1].standard_deviation.values()));
      }
    }
  }
}

TEST_P(SequencesTargetTest, OutputsOutsideOfTrainingAreTheSame) {
  const Tensor x = Tokens(kRows, 1);
  for (const char* list : kModels) {
    Model best({kSteps}, list, 3), model({kSteps}, list, 3);
    for (const Mode mode : {Mode::kInfer, Mode::kMonteCarlo}) {
      Pass pass{.mode = mode, .seed = 9, .step = 5};
      const Tensor& expected = best.Forward(pass, x);
      pass.execution.target = GetParam();
      EXPECT_TRUE(test::SameBits(model.Forward(pass, x).values(), expected.values())) << list;
    }
  }
}

// A sample of a prediction is a pass of its own.
TEST(SequencesTest, SamplesAreThoseOfForward) {
  const Tensor x = Tokens(40, 1);
  for (const char* list : kModels) {
    Model model({kSteps}, list, 3);
    const McPrediction actual = PredictMonteCarlo(model, x, 2, 8, Loss::kMeanSquaredError);
    const Tensor first = model.Forward({.mode = Mode::kMonteCarlo, .seed = 8, .step = 0}, x).Clone();
    const Tensor& second = model.Forward({.mode = Mode::kMonteCarlo, .seed = 8, .step = 1}, x);
    for (std::size_t i = 0; i < first.values().size(); ++i) {
      ASSERT_NEAR(actual.mean.data()[i], (first.data()[i] + second.data()[i]) / 2, 1e-6) << list;
    }
  }
}

TEST(SequencesTest, ARateReplacesThoseThatAreNot0) {
  const Tensor x = Tokens(20, 2);
  const Model model({kSteps}, "embedding:11:6:dropout=0.5,lstm:9:dropout=0.1:zoneout=0.4:weight_dropout=0.2,dense:3",
                    4);
  const Model other({kSteps},
                    "embedding:11:6:dropout=0.25,lstm:9:dropout=0.25:zoneout=0.25:weight_dropout=0.25,dense:3", 4);
  const Model none({kSteps}, "embedding:11:6,lstm:9,dense:3", 4);
  const McRequest request{.x = &x, .samples = 4, .seed = 5};
  const auto predict = [&](const Model& of, std::optional<Rate> rate) {
    return std::move(PredictMonteCarlo(of, {&request, 1}, Loss::kMeanSquaredError, rate)[0].mean);
  };
  EXPECT_TRUE(test::SameBits(predict(model, Rate(0.25)).values(), predict(other, {}).values()));
  // Zoneout takes the mean.
  EXPECT_TRUE(test::SameBits(predict(model, Rate(0)).values(), Predict(model, x, Loss::kMeanSquaredError).values()));
  EXPECT_TRUE(test::SameBits(predict(none, Rate(0.5)).values(), predict(none, {}).values()));
}

TEST(SequencesTest, WordDropoutTakesAllOfATokenInASample) {
  Model model({kSteps}, "embedding:3:4:dropout=0.5", 3);
  const Tensor x = RandomTokens(kRows, kSteps, 3, 1);
  const Tensor& y = model.Forward({.mode = Mode::kTrain, .seed = 1}, x);
  std::size_t dropped = 0, both = 0;
  for (std::size_t r = 0; r < kRows; ++r) {
    std::vector<int> seen(3, -1);
    for (std::size_t t = 0; t < kSteps; ++t) {
      const int is_zero = y.row(r)[4 * t] == 0 ? 1 : 0;
      int& before = seen[static_cast<std::size_t>(x.row(r)[t])];
      EXPECT_TRUE(before == -1 || before == is_zero);
      before = is_zero;
    }
    const long zeros = std::ranges::count(seen, 1);
    dropped += zeros;
    both += zeros > 0 && std::ranges::count(seen, 0) > 0 ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(dropped), 1.5 * kRows, 60);
  EXPECT_GT(both, kRows / 3);
}

TEST(SequencesTest, PaddingHasNoGradientAndChangesNothing) {
  Model model({kSteps},
              "embedding:11:6:padding=0,lstm:9:sequences=1:bidirectional=1:mask=1,gru:5:bidirectional=1:mask=1", 3);
  Model shorter({kSteps - 3},
                "embedding:11:6:padding=0,lstm:9:sequences=1:bidirectional=1:mask=1,gru:5:bidirectional=1:mask=1", 3);
  Tensor x(1, {kSteps}), part(1, {kSteps - 3});
  for (std::size_t t = 0; t + 3 < kSteps; ++t) x.row(0)[t] = part.row(0)[t] = static_cast<float>(t + 2);
  EXPECT_TRUE(test::SameBits(model.Forward({}, x).values(), shorter.Forward({}, part).values()));
  const Pass pass{.mode = Mode::kTrain};
  model.Forward(pass, x);
  model.Backward(pass, RandomTensor(1, model.output_shape(), 2));
  const Tensor& gradient = model.parameters()[0].parameter->gradient;
  for (const float g : gradient.row(0)) EXPECT_EQ(g, 0.0f);
  EXPECT_NE(gradient.row(2)[0], 0.0f);
}

TEST(SequencesTest, NothingButPaddingIsZeros) {
  Model model({kSteps}, "embedding:11:6:padding=0,lstm:9:sequences=1:mask=1,gru:5:bidirectional=1:mask=1", 3);
  const Tensor x(3, {kSteps});
  const Pass pass{.mode = Mode::kTrain};
  for (const float y : model.Forward({}, x).values()) EXPECT_EQ(y, 0.0f);
  for (const float y : model.Forward(pass, x).values()) EXPECT_EQ(y, 0.0f);
  model.Backward(pass, RandomTensor(3, model.output_shape(), 2));
  for (const auto& [name, parameter] : model.parameters()) {
    for (const float g : parameter->gradient.values()) ASSERT_EQ(g, 0.0f) << name;
  }
}

TEST(SequencesTest, NaNIsPassedOnWithinItsRow) {
  for (const char* list : {"lstm:4", "gru:4:mask=1"}) {
    Model model({3, 2}, list, 1);
    Tensor x = RandomTensor(2, {3, 2}, 1);
    x.row(1)[1] = std::numeric_limits<float>::quiet_NaN();
    for (const Mode mode : {Mode::kTrain, Mode::kInfer}) {
      const Tensor& y = model.Forward({.mode = mode}, x);
      for (const float v : y.row(0)) EXPECT_FALSE(std::isnan(v));
      for (const float v : y.row(1)) EXPECT_TRUE(std::isnan(v));
    }
  }
}

// Stopped between two epochs and resumed on another number of threads: the same bits.
TEST(SequencesTest, TrainingResumes) {
  Dataset data{Tokens(90, 1), RandomTarget(Loss::kSoftmaxCrossEntropy, 90, 3, 2)};
  for (const char* list : kModels) {
    const auto train = [&](std::size_t epochs, int threads, const std::filesystem::path& checkpoint, bool resume) {
      Model model({kSteps}, list, 3);
      TrainingOptions options;
      options.epochs = 4;
      options.batch_size = 40;
      options.checkpoint = checkpoint;
      options.execution.max_threads = threads;
      std::size_t finished = 0;
      TrainingCallbacks callbacks;
      callbacks.on_epoch = [&](const EpochRecord& record) { finished = record.epoch; };
      callbacks.should_stop = [&] { return finished == epochs; };
      Train(model, data, nullptr, options, callbacks, resume);
      return Weights(model);
    };
    const TemporaryFolder folder;
    const std::vector<float> whole = train(5, 1, {}, false);
    train(2, 1, folder / "run.safetensors", false);
    EXPECT_TRUE(test::SameBits(whole, train(5, 2, folder / "run.safetensors", true))) << list;
  }
}

TEST(SequencesTest, InitialValuesAndNames) {
  Model model({kSteps}, "embedding:1000:64:padding=3,gru:16:bidirectional=1", 3);
  const std::vector<NamedParameter> parameters = model.parameters();
  std::string names;
  for (const auto& [name, parameter] : parameters) names += name + ' ';
  EXPECT_EQ(names,
            "0.weight 1.weight_ih_l0 1.weight_hh_l0 1.bias_ih_l0 1.bias_hh_l0 1.weight_ih_l0_reverse "
            "1.weight_hh_l0_reverse 1.bias_ih_l0_reverse 1.bias_hh_l0_reverse ");
  double sum = 0, squares = 0;
  for (const float v : parameters[0].parameter->value.values()) {
    sum += v;
    squares += double{v} * v;
  }
  EXPECT_NEAR(sum / 64000, 0, 0.02);
  EXPECT_NEAR(squares / 64000, 1, 0.03);
  for (const float v : parameters[0].parameter->value.row(3)) EXPECT_EQ(v, 0.0f);
  for (std::size_t p = 1; p < parameters.size(); ++p) {
    float most = 0;
    for (const float v : parameters[p].parameter->value.values()) most = std::max(most, std::abs(v));
    EXPECT_LE(most, 0.25f);  // 1 / sqrt(16)
    EXPECT_GT(most, 0.2f);
  }
}

TEST(SequencesTest, TokensOutOfRangeAreErrors) {
  Model model({kSteps}, "embedding:11:6,lstm:4", 3);
  for (const float bad : {11.0f, -1.0f, 0.5f, 1e30f, std::numeric_limits<float>::quiet_NaN()}) {
    Tensor x = RandomTokens(3, kSteps, kVocabulary, 1);
    x.row(2)[4] = bad;
    EXPECT_TRUE(Fails([&] { model.Forward({}, x); }, "embedding: row 2 holds", "whole numbers from 0 to 10"));
    EXPECT_TRUE(Fails([&] { Predict(model, x, Loss::kMeanSquaredError); }, "embedding: row 2 holds"));
  }
  // From another layer they are NaN.
  Model behind({kSteps}, "relu,embedding:11:2", 3);
  Tensor x = RandomTokens(1, kSteps, kVocabulary, 1);
  x.row(0)[1] = 10.5f;
  const Tensor& y = behind.Forward({}, x);
  EXPECT_TRUE(std::isnan(y.row(0)[2]) && std::isnan(y.row(0)[3]));
  EXPECT_FALSE(std::isnan(y.row(0)[1]) || std::isnan(y.row(0)[4]));
}

TEST(SequencesTest, ShapesThatDoNotFit) {
  const auto make = [](const Shape& shape, const char* list) { return [=] { Model(shape, list, 1); }; };
  EXPECT_TRUE(Fails(make({5}, "lstm:4"), "lstm: got shape 5, expected (steps, features)"));
  EXPECT_TRUE(Fails(make({5, 3, 2}, "gru:4"), "gru: got shape 5x3x2"));
  EXPECT_TRUE(Fails(make({5, 3}, "embedding:4:2"), "embedding: got shape 5x3, expected (tokens)"));
  EXPECT_TRUE(Fails(make({std::size_t{1} << 30, 3}, "gru:4"), "expected 1 to 2^24 steps"));
}

// What a file may ask for before it shows that it has it.
TEST(SequencesTest, PlansDoNotOverflow) {
  const auto lstm = MakeLSTM(std::size_t{1} << 24, {.sequences = true, .bidirectional = true});
  const std::uint64_t units = std::uint64_t{1} << 24, inputs = (std::uint64_t{1} << 31) - 1;
  EXPECT_EQ(lstm->Plan({std::size_t{1} << 24, inputs}).parameters, 2 * 4 * units * (inputs + units + 2));
  EXPECT_EQ(MakeEmbedding(std::size_t{1} << 24, std::size_t{1} << 31)->Plan({9}).parameters, std::uint64_t{1} << 55);
}

}  // namespace
}  // namespace fallow::nn
