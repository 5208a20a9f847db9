// Batch and layer normalisation.
#include "fallow/nn/norm_layers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/model.h"
#include "tests/runtime/files.h"
#include "tests/runtime/gradient_check.h"
#include "tests/runtime/models.h"
#include "tests/runtime/tensors.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

Tensor& Find(Model& model, const std::string& name) {
  for (const NamedParameter& named : model.parameters()) {
    if (named.name == name) return named.parameter->value;
  }
  throw std::runtime_error(name);
}

TEST(BatchNormTest, Gradients) {
  ExpectGradients({5}, "dense:9:bias=0,batch_norm,tanh,dense:3", 8);
  ExpectGradients({5}, "dense:70:bias=0,batch_norm:eps=0.1,relu,dense:3:bias=0,batch_norm", 7);
  ExpectGradients({3, 2, 4}, "batch_norm,tanh,dense:4", 6);
  ExpectGradients({3, 37}, "batch_norm,batch_norm,tanh,dense:4", 5);
  ExpectGradients({4}, "batch_norm,tanh,dense:4", 150);  // More rows than a block.
}

TEST(LayerNormTest, Gradients) {
  ExpectGradients({5}, "dense:9,layer_norm,tanh,dense:3", 4);
  ExpectGradients({5}, "dense:70,layer_norm:eps=0.1,relu,dense:9,layer_norm", 4);
  ExpectGradients({3, 2, 7}, "layer_norm,tanh,dense:4", 5);
  ExpectGradients({4}, "layer_norm,tanh,dense:4", 150);
}

TEST(BatchNormTest, RunningStatisticsFollowTheBatches) {
  Model model({2, 3}, "batch_norm:momentum=0.25", 1);
  const Tensor x = RandomTensor(4, {2, 3}, 1);
  model.Forward({.mode = Mode::kTrain}, x);
  for (std::size_t c = 0; c < 2; ++c) {
    double mean = 0, variance = 0;
    for (std::size_t r = 0; r < 4; ++r) {
      for (std::size_t j = 0; j < 3; ++j) mean += x.row(r)[3 * c + j] / 12;
    }
    for (std::size_t r = 0; r < 4; ++r) {
      for (std::size_t j = 0; j < 3; ++j) variance += std::pow(x.row(r)[3 * c + j] - mean, 2) / 11;
    }
    EXPECT_NEAR(Find(model, "0.running_mean").data()[c], 0.25 * mean, 1e-6);
    EXPECT_NEAR(Find(model, "0.running_var").data()[c], 0.75 + 0.25 * variance, 1e-6);
  }
  const float before = Find(model, "0.running_var").data()[0];
  model.Forward({.mode = Mode::kInfer}, x);
  model.Forward({.mode = Mode::kMonteCarlo}, x);
  EXPECT_EQ(Find(model, "0.running_var").data()[0], before);
}

TEST(BatchNormTest, OneNumberAChannelGivesTheBias) {
  Model model({3}, "batch_norm", 1);
  Find(model, "0.bias").data()[1] = 5;
  const Tensor& y = model.Forward({.mode = Mode::kTrain}, RandomTensor(1, {3}, 1));
  EXPECT_EQ(y.data()[0], 0.0f);
  EXPECT_EQ(y.data()[1], 5.0f);
  EXPECT_EQ(Find(model, "0.running_var").data()[0], 1.0f);
}

// Nothing cancels where the mean is far from 0: one part in 2^24 of 1000, over a deviation of 1.
TEST(BatchNormTest, MeansFarFromZero) {
  Model model({1}, "batch_norm", 1);
  Tensor x = RandomTensor(1000, {1}, 3), shifted = x.Clone();
  for (float& v : shifted.values()) v += 1000;
  const Tensor expected = model.Forward({.mode = Mode::kTrain}, x).Clone();
  const Tensor& y = model.Forward({.mode = Mode::kTrain}, shifted);
  for (std::size_t i = 0; i < 1000; ++i) ASSERT_NEAR(y.data()[i], expected.data()[i], 2e-4) << i;
}

TEST(NormLayersTest, NaNStaysInItsChannelOrGroup) {
  for (const std::string layers : {"batch_norm", "layer_norm"}) {
    Model model({2, 2}, layers, 1);
    Tensor x = RandomTensor(3, {2, 2}, 1);
    x.row(1)[2] = std::numeric_limits<float>::quiet_NaN();
    const Tensor& y = model.Forward({.mode = Mode::kTrain}, x);
    const bool whole_batch = layers == "batch_norm";
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t j = 0; j < 4; ++j) EXPECT_EQ(std::isnan(y.row(r)[j]), j >= 2 && (whole_batch || r == 1));
    }
  }
}

TEST(NormLayersTest, ThreadsChangeNoBit) {
  for (const char* layers :
       {"dense:130,batch_norm,relu,dense:130,layer_norm,dense:3", "batch_norm,layer_norm,dense:4"}) {
    for (const Shape& input : {Shape{9}, Shape{5, 6, 7}}) ExpectSameOnAnyThreads(layers, RandomTensor(300, input, 1));
  }
}

using NormTargetTest = test::TargetTest;
FALLOW_TEST_EVERY_TARGET(NormTargetTest);

TEST_P(NormTargetTest, InferenceHasTheSameBits) {
  for (const Shape& input : {Shape{77}, Shape{5, 3, 13}}) {
    Model model(input, "batch_norm,layer_norm,batch_norm", 5);
    unsigned seed = 20;
    for (const NamedParameter& named : model.parameters()) {
      for (float& v : named.parameter->value.values()) v = 0.3f + std::abs(RandomTensor(1, {1}, seed++).data()[0]);
    }
    const Tensor x = RandomTensor(9, input, 1);
    const Tensor expected = model.Forward({}, x).Clone();
    const Tensor& y = model.Forward({.execution = {.max_threads = 1, .target = GetParam()}}, x);
    EXPECT_TRUE(test::SameBits(expected.values(), y.values()));
  }
}

// Sums differ in last bits.
TEST_P(NormTargetTest, TrainingIsClose) {
  for (const Shape& input : {Shape{77}, Shape{5, 3, 13}}) {
    Model model(input, "batch_norm,layer_norm", 5);
    const Tensor x = RandomTensor(9, input, 1);
    const auto gradient = [&](Target target) {
      const Pass pass{.mode = Mode::kTrain, .execution = {.max_threads = 1, .target = target}};
      const Tensor dy = model.Forward(pass, x).Clone();
      model.Backward(pass, dy);
      return model.parameters()[0].parameter->gradient.Clone();
    };
    const Tensor expected = gradient({}), actual = gradient(GetParam());
    for (std::size_t i = 0; i < expected.cols(); ++i) ASSERT_NEAR(actual.data()[i], expected.data()[i], 1e-4);
  }
}

TEST(NormLayersTest, Errors) {
  EXPECT_EQ(ErrorOf([] { MakeBatchNorm({.momentum = 2}); }), "batch_norm: momentum is 2, expected a number in [0, 1]");
  EXPECT_EQ(ErrorOf([] { MakeBatchNorm({.eps = -1}); }), "batch_norm: eps is -1, expected a number >= 0");
  EXPECT_EQ(ErrorOf([] { MakeLayerNorm(std::nan("")); }), "layer_norm: eps is nan, expected a number >= 0");
  EXPECT_EQ(ErrorOf([] { ParseLayers("batch_norm:eps=x"); }),
            "layer 1 \"batch_norm:eps=x\": got \"x\", expected a number");
  EXPECT_EQ(ErrorOf([] { ParseLayers("batch_norm:p=1"); }),
            "layer 1 \"batch_norm:p=1\": got \"p=1\", expected momentum=X or eps=X");
  EXPECT_EQ(ErrorOf([] { ParseLayers("layer_norm:1"); }), "layer 1 \"layer_norm:1\": got \"1\", expected eps=X");
  EXPECT_THROW(MakeBatchNorm()->Plan({0}), Error);
  EXPECT_THROW(MakeLayerNorm()->Plan({3, 0}), Error);
}

TEST(NormLayersTest, SpecsReadBack) {
  for (const char* spec : {"batch_norm", "batch_norm:momentum=0.01:eps=0.001", "layer_norm", "layer_norm:eps=0.1"}) {
    EXPECT_EQ(ParseLayers(spec)[0]->Spec(), spec);
  }
}

}  // namespace
}  // namespace fallow::nn
