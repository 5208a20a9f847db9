// The dropout family as layers.
#include "fallow/nn/dropout_layers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/model.h"
#include "fallow/nn/monte_carlo.h"
#include "fallow/nn/optimizer.h"
#include "tests/runtime/files.h"
#include "tests/runtime/gradient_check.h"
#include "tests/runtime/models.h"
#include "tests/runtime/tensors.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

struct FamilyCase {
  const char* layer;
  Shape input;
};

// Every layer of the family, on samples that it takes.
const FamilyCase kFamily[] = {
    {"dropout:0.3:noise_shape=1x5x1", {3, 5, 7}},
    {"dropout:0.3:noise_shape=3x5x7", {3, 5, 7}},
    {"spatial_dropout1d:0.4", {9, 5}},
    {"spatial_dropout2d:0.4", {9, 5, 2}},
    {"alpha_dropout:0.2", {13}},
    {"feature_alpha_dropout:0.3", {9, 5}},
    {"gaussian_dropout:0.4", {13}},
    {"gaussian_noise:0.5", {13}},
    {"drop_path:0.4", {9, 5}},
    {"drop_block2d:0.3:3", {2, 7, 5}},
    {"dropconnect:9:0.4", {13}},
    {"concrete_dropout", {13}},
};

TEST(DropoutFamilyTest, Gradients) {
  for (const FamilyCase& c : kFamily) {
    const std::string layer = c.layer;
    ExpectGradients(c.input, layer + ",dense:4,tanh,dense:3", 5);
    // Between layers: its input is a layer's output, and the gradient to it counts.
    const std::string cols = std::to_string(c.input.elements());
    if (c.input.rank() == 1) ExpectGradients({6}, "dense:" + cols + ",tanh," + layer + ",dense:3", 5);
    ExpectGradients(c.input, "batch_norm,relu," + layer + ",dense:3", 5);
  }
  ExpectGradients({4}, "dense:9,relu,concrete_dropout:rate=0.4:temperature=0.5,dense:3", 150);
  ExpectGradients({3}, "dropconnect:150:0.3:bias=0,tanh,dropconnect:2:0.5", 150);
}

TEST(DropoutFamilyTest, GradientsOfConcreteDropoutsRegularisation) {
  ExpectGradients({4}, "concrete_dropout:weight_regularizer=0.5:dropout_regularizer=0.25,dense:6,tanh,dense:2", 3);
  ExpectGradients(
      {4}, "dense:5,tanh,concrete_dropout:rate=0.6:weight_regularizer=0.5:dropout_regularizer=0,dense:6,tanh,dense:2",
      3);
}

// The gradient of its term of the next weight is that of an L2 penalty of weight_regularizer / (1 - p).
TEST(ConcreteDropoutTest, PenalisesTheNextWeight) {
  Model model({4}, "concrete_dropout:rate=0.2:weight_regularizer=0.5,relu,dense:6:l2=0.25", 3);
  const Pass pass{.mode = Mode::kTrain};
  const Tensor x = RandomTensor(3, {4}, 1);
  const Tensor dy = model.Forward(pass, x).Clone();
  for (int step = 0; step < 2; ++step) {
    model.Forward(pass, x);
    model.Backward(pass, dy);
    EXPECT_NEAR(model.parameters()[1].parameter->l2, 0.25 + 0.5 / 0.8, 1e-6);
  }
  // Not further than the next layer with parameters.
  Model normalised({4}, "concrete_dropout,layer_norm,dense:6", 3);
  normalised.Forward(pass, x);
  normalised.Backward(pass, dy);
  EXPECT_EQ(normalised.parameters()[3].parameter->l2, 0.0f);
}

TEST(ConcreteDropoutTest, LearnsItsRateWithoutWeightDecay) {
  Model model({4}, "concrete_dropout:weight_regularizer=0:dropout_regularizer=0,dense:2", 3);
  Optimizer optimizer({.algorithm = Algorithm::kSGD, .weight_decay = 0.5}, model.parameters());
  Tensor dy(3, {2});
  const Pass pass{.mode = Mode::kTrain};
  const Tensor x = RandomTensor(3, {4}, 1);
  model.Forward(pass, x);
  model.Backward(pass, dy);
  const float before = model.parameters()[0].parameter->value.data()[0];
  optimizer.Step(0.1, {});
  EXPECT_EQ(model.parameters()[0].parameter->value.data()[0], before);
  EXPECT_NEAR(before, std::log(0.1 / 0.9), 1e-6);
}

TEST(DropoutFamilyTest, ThreadsChangeNoBit) {
  for (const FamilyCase& c : kFamily) {
    ExpectSameOnAnyThreads(std::string(c.layer) + ",dense:40,relu,dense:3", RandomTensor(300, c.input, 1));
  }
}

TEST(DropoutFamilyTest, IsTheIdentityInInference) {
  for (const FamilyCase& c : kFamily) {
    if (std::string(c.layer).starts_with("dropconnect")) continue;
    Model model(c.input, c.layer, 5);
    const Tensor x = RandomTensor(3, c.input, 1);
    EXPECT_TRUE(test::SameBits(x.values(), model.Forward({}, x).values())) << c.layer;
    EXPECT_TRUE(test::SameBits(x.values(), Predict(model, x, Loss::kMeanSquaredError).values())) << c.layer;
  }
  Model dropped({13}, "dropconnect:9:0.4", 5), dense({13}, "dense:9", 5);
  const Tensor x = RandomTensor(3, {13}, 1);
  EXPECT_TRUE(test::SameBits(dense.Forward({}, x).values(), dropped.Forward({}, x).values()));
}

using FamilyTargetTest = test::TargetTest;
FALLOW_TEST_EVERY_TARGET(FamilyTargetTest);

// Predictions, alone and in a batch on any target: the same bits, and those of passes one by one.
TEST_P(FamilyTargetTest, SharedBatchesChangeNoBit) {
  constexpr std::size_t kSamples = 5;
  for (const FamilyCase& c : kFamily) {
    SCOPED_TRACE(c.layer);
    Model model(c.input, "batch_norm,tanh," + std::string(c.layer) + ",dense:4,layer_norm,dense:2", 5);
    const Tensor x = RandomTensor(40, c.input, 1), y = RandomTensor(1, c.input, 2);
    const McRequest requests[] = {{.x = &y, .samples = kSamples, .seed = 1},
                                  {.x = &x, .samples = kSamples, .seed = 2},
                                  {.x = &y, .samples = kSamples, .seed = 3}};
    const auto together =
        PredictMonteCarlo(model, requests, Loss::kMeanSquaredError, {}, {.max_threads = 2, .target = GetParam()});
    for (std::size_t i = 0; i < 3; ++i) {
      const McPrediction alone = std::move(PredictMonteCarlo(model, {&requests[i], 1}, Loss::kMeanSquaredError)[0]);
      EXPECT_TRUE(test::SameBits(alone.mean.values(), together[i].mean.values()));
      EXPECT_TRUE(test::SameBits(alone.standard_deviation.values(), together[i].standard_deviation.values()));
      EXPECT_GT(alone.standard_deviation.data()[0], 0);
    }
    for (const std::size_t row : {0, 39}) {
      double mean = 0;
      for (std::size_t t = 0; t < kSamples; ++t) {
        mean += model.Forward({Mode::kMonteCarlo, 2, t, 0, {}}, x).row(row)[1] / double{kSamples};
      }
      EXPECT_NEAR(together[1].mean.row(row)[1], mean, 1e-5);
    }
  }
}

TEST(DropoutFamilyTest, ARateReplacesTheLayersOwn) {
  const auto predict = [](const Shape& input, const std::string& layer, std::optional<Rate> rate) {
    const Model model(input, layer + ",dense:2", 5);
    const Tensor x = RandomTensor(4, input, 1);
    const McRequest request{.x = &x, .samples = 3, .seed = 1};
    return std::move(PredictMonteCarlo(model, {&request, 1}, Loss::kMeanSquaredError, rate)[0].standard_deviation);
  };
  const std::tuple<const char*, const char*, Shape> cases[] = {
      {"dropout:0.3:noise_shape=1x5", "dropout:0.7:noise_shape=1x5", {3, 5}},
      {"spatial_dropout1d:0.3", "spatial_dropout1d:0.7", {9, 5}},
      {"alpha_dropout:0.3", "alpha_dropout:0.7", {13}},
      {"gaussian_dropout:0.3", "gaussian_dropout:0.7", {13}},
      {"drop_block2d:0.3:3", "drop_block2d:0.7:3", {2, 7, 5}},
      {"dropconnect:9:0.3", "dropconnect:9:0.7", {13}},
  };
  for (const auto& [layer, other, input] : cases) {
    SCOPED_TRACE(layer);
    EXPECT_TRUE(test::SameBits(predict(input, layer, Rate(0.7)).values(), predict(input, other, {}).values()));
    EXPECT_FALSE(test::SameBits(predict(input, layer, {}).values(), predict(input, other, {}).values()));
  }
  // Nothing is random when nothing or all is dropped.
  for (const FamilyCase& c : kFamily) {
    SCOPED_TRACE(c.layer);
    const bool noise = std::string(c.layer).starts_with("gaussian_noise");
    EXPECT_EQ(predict(c.input, c.layer, Rate(0)).data()[0] > 0, noise);
    // Keeps some elements at any rate.
    if (std::string(c.layer).starts_with("drop_block")) continue;
    EXPECT_EQ(predict(c.input, c.layer, Rate(1)).data()[0] > 0, noise);
  }
}

TEST(DropoutFamilyTest, SpecsReadBack) {
  for (const FamilyCase& c : kFamily) EXPECT_EQ(ParseLayers(c.layer)[0]->Spec(), c.layer);
  for (const char* spec : {"dropconnect:9:0.4:l2=0.5:max_norm=3:bias=0", "dense:4:unit_norm=1",
                           "concrete_dropout:rate=0.2:temperature=0.5:weight_regularizer=0:dropout_regularizer=0.1"}) {
    EXPECT_EQ(ParseLayers(spec)[0]->Spec(), spec);
  }
  EXPECT_EQ(ParseLayers("dropconnect:9:0.4:relu:l2=0.5").size(), 2u);
}

TEST(DropoutFamilyTest, Errors) {
  const auto parse = [](const char* list) { return ErrorOf([&] { ParseLayers(list); }); };
  EXPECT_EQ(parse("spatial_dropout1d:2"),
            "layer 1 \"spatial_dropout1d:2\": spatial_dropout1d: the rate is 2, expected a number in [0, 1]");
  EXPECT_EQ(parse("alpha_dropout"), "layer 1 \"alpha_dropout\": expected alpha_dropout:RATE");
  EXPECT_EQ(parse("dropout:0.5:noise_shape=0x3"),
            "layer 1 \"dropout:0.5:noise_shape=0x3\": got \"0x3\", expected a shape such as 28x28");
  EXPECT_EQ(parse("dropout:0.5:shape=3"),
            "layer 1 \"dropout:0.5:shape=3\": got \"shape=3\", expected noise_shape=SHAPE");
  EXPECT_EQ(parse("gaussian_dropout:1"),
            "layer 1 \"gaussian_dropout:1\": gaussian_dropout: the rate is 1, expected a number in [0, 1)");
  EXPECT_EQ(parse("gaussian_noise:-1"),
            "layer 1 \"gaussian_noise:-1\": gaussian_noise: the standard deviation is -1, expected a number >= 0");
  EXPECT_EQ(parse("drop_block2d:0.1:0"),
            "layer 1 \"drop_block2d:0.1:0\": drop_block2d: the block size is 0, expected at least 1");
  EXPECT_EQ(parse("dropconnect:4"), "layer 1 \"dropconnect:4\": expected dropconnect:UNITS:RATE");
  EXPECT_EQ(parse("dropconnect:4:1.5"),
            "layer 1 \"dropconnect:4:1.5\": dropconnect: the rate is 1.5, expected a number in [0, 1]");
  EXPECT_EQ(parse("concrete_dropout:rate=1"),
            "layer 1 \"concrete_dropout:rate=1\": concrete_dropout: the rate is 1, expected a number in (0, 1)");
  EXPECT_EQ(parse("concrete_dropout:temperature=0"),
            "layer 1 \"concrete_dropout:temperature=0\": concrete_dropout: temperature is 0, expected a number in "
            "[0.001, 1000]");
  EXPECT_EQ(parse("dense:4:unit_norm=1:max_norm=2"),
            "layer 1 \"dense:4:unit_norm=1:max_norm=2\": dense: both max_norm and unit_norm, expected one of them");

  const auto plan = [](const char* layer, const Shape& input) {
    return ErrorOf([&] { ParseLayers(layer)[0]->Plan(input); });
  };
  EXPECT_EQ(plan("spatial_dropout2d:0.5", {3, 4}), "spatial_dropout2d: samples of shape 3x4, expected 3 dimensions");
  EXPECT_EQ(plan("dropout:0.5:noise_shape=1x3", {4, 4}),
            "dropout: samples of shape 4x4, expected those of the noise shape 1x3 where it is not 1");
  EXPECT_EQ(plan("drop_block2d:0.5:4", {3, 4, 3}),
            "drop_block2d: blocks of 4 on samples of shape 3x4x3, expected at most 3");
}

// A step's masks may reach as far as a stream: a row's of weights are longer than the row.
TEST(DropConnectTest, RowsBeyondTheStreamAreRefused) {
  Model model({1024}, "dropconnect:1024:0.5", 1);
  const Pass pass{.mode = Mode::kMonteCarlo, .first_row = std::uint64_t{1} << 38};
  EXPECT_EQ(ErrorOf([&] { model.Forward(pass, RandomTensor(1, {1024}, 1)); }),
            "model: first row 274877906944, expected at most 137438953472 rows");
}

}  // namespace
}  // namespace fallow::nn
