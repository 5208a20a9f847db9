// Gradients of whole models against central differences of the double-precision reference, dropout on, its mask held by
// the key.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "fallow/nn/loss.h"
#include "fallow/nn/model.h"
#include "tests/runtime/problems.h"
#include "tests/runtime/reference_model.h"
#include "tests/runtime/tensors.h"

namespace fallow::nn {
namespace {

constexpr Pass kPass{.mode = Mode::kTrain, .seed = 7, .step = 3};

struct Case {
  Shape input;
  const char* layers;
  Loss loss = Loss::kSoftmaxCrossEntropy;
};

// Tokens for an embedding; for layers that look for padding, rows of all lengths.
Tensor InputFor(const Case& c, std::size_t rows) {
  const std::string_view layers = c.layers;
  if (layers.starts_with("embedding:")) return RandomTokens(rows, c.input[0], 5, 1);
  Tensor x = RandomTensor(rows, c.input, 1);
  if (layers.find(":mask=1") != std::string_view::npos) PadRows(x);
  return x;
}

double CentralDifference(reference::Network& model, double& parameter, const std::vector<reference::Row>& x, Loss loss,
                         const Tensor& target) {
  constexpr double kStep = 1e-5;
  const double at = parameter;
  parameter = at + kStep;
  const double above = model.MeanLoss(kPass, x, loss, target);
  parameter = at - kStep;
  const double below = model.MeanLoss(kPass, x, loss, target);
  parameter = at;
  return (above - below) / (2 * kStep);
}

void ExpectGradients(const Case& c, std::size_t rows) {
  SCOPED_TRACE(std::string(c.layers) + ", " + std::to_string(rows) + " rows");
  Model model(c.input, c.layers, 5);
  for (const NamedParameter& named : model.parameters()) {
    if (named.parameter->name == "bias") named.parameter->value = RandomTensor(1, {named.parameter->value.cols()}, 4);
  }
  reference::Network expected(model);
  const Tensor x = InputFor(c, rows);
  const Tensor target = RandomTarget(c.loss, rows, model.output_shape(), 2);
  const std::vector<reference::Row> x_rows = reference::Rows(x);

  Tensor dy;
  const Tensor& output = model.Forward(kPass, x);
  const LossSum sum = Evaluate(c.loss, output, target, &dy);
  EXPECT_NEAR(sum.mean_loss(), expected.MeanLoss(kPass, x_rows, c.loss, target), 1e-5);
  model.Backward(kPass, dy);

  const std::vector<NamedParameter> parameters = model.parameters();
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    const auto gradient = parameters[p].parameter->gradient.values();
    float largest = 0;
    for (const float g : gradient) largest = std::max(largest, std::abs(g));
    EXPECT_GT(largest, 0.0f) << parameters[p].name;
    // Not all: a prime stride meets every unit and input.
    for (std::size_t i = 0; i<gradient.size(); i += gradient.size()> 100 ? 7 : 1) {
      ASSERT_NEAR(gradient[i], CentralDifference(expected, expected.parameters[p][i], x_rows, c.loss, target),
                  1e-6 + 2e-5 * largest)
          << parameters[p].name << ' ' << i;
    }
  }
}

TEST(GradientsTest, Dense) { ExpectGradients({{6}, "dense:5"}, 4); }

TEST(GradientsTest, DenseWithoutBias) { ExpectGradients({{2, 3}, "dense:7:bias=0,dense:3"}, 4); }

TEST(GradientsTest, EveryLoss) {
  for (const Loss loss : {Loss::kSoftmaxCrossEntropy, Loss::kBinaryCrossEntropy, Loss::kMeanSquaredError}) {
    ExpectGradients({{6}, "dense:9:tanh,dense:4", loss}, 5);
  }
}

TEST(GradientsTest, ClassesAtEveryPosition) {
  ExpectGradients({{6}, "embedding:5:4,lstm:7:sequences=1,dropout:0.3,dense_last:5"}, 3);
}

TEST(GradientsTest, EveryActivationBetweenDenseLayers) {
  for (const char* name : {"relu", "leaky_relu:0.3", "elu", "selu", "gelu", "silu", "sigmoid", "tanh", "softmax"}) {
    ExpectGradients({{5}, ("dense:8," + std::string(name) + ",dense:3").c_str()}, 4);
  }
}

TEST(GradientsTest, EveryActivationWithDropoutAroundIt) {
  for (const char* name : {"relu", "leaky_relu:0.3", "elu", "selu", "gelu", "silu", "sigmoid", "tanh", "softmax"}) {
    const std::string layers = "dropout:0.2,dense:16,dropout:0.3," + std::string(name) + ",dropout:0.5,dense:3";
    ExpectGradients({{5}, layers.c_str()}, 4);
  }
}

TEST(GradientsTest, ActivationsBehindEachOther) {
  ExpectGradients({{5}, "dense:8,relu,elu,dropout:0.4,leaky_relu,dense:6,tanh,sigmoid,selu,dense:3"}, 4);
  ExpectGradients({{5}, "dense:8,gelu,dropout:0.4,silu,relu,softmax,dense:3"}, 4);
  // What relu needs outlives the dropout layer, which needs nothing.
  ExpectGradients({{5}, "dense:8,relu,dropout:0.4,sigmoid,dense:3"}, 4);
}

TEST(GradientsTest, Permute) {
  ExpectGradients({{5}, "dense:24,relu,reshape:2x3x4,permute:3x1x2,tanh,permute:2x1x3,dense:3"}, 4);
}

TEST(GradientsTest, LastLayerIsNotDense) {
  for (const char* last : {"softmax", "sigmoid", "relu", "gelu", "dropout:0.4", "flatten"}) {
    ExpectGradients({{5}, ("dense:8:tanh,dense:6," + std::string(last)).c_str(), Loss::kMeanSquaredError}, 4);
  }
}

// Layers before the first with parameters get no gradients.
TEST(GradientsTest, FirstLayersWithoutParameters) {
  ExpectGradients({{2, 3}, "tanh,flatten,dropout:0.2,dense:8:relu,dense:3"}, 4);
  ExpectGradients({{2, 3}, "softmax,dense:8,flatten,relu,dense:3"}, 4);
}

TEST(GradientsTest, DropoutOfNothingAndOfAll) {
  ExpectGradients({{5}, "dense:8:relu,dropout:0,dense:3"}, 4);
  Model model({5}, "dense:8:relu,dropout:1,dense:3:bias=0", 1);
  const Tensor x = RandomTensor(4, {5}, 1);
  Tensor dy = model.Forward(kPass, x).Clone();
  for (const float y : dy.values()) EXPECT_EQ(y, 0.0f);
  std::fill(dy.values().begin(), dy.values().end(), 1.0f);
  model.Backward(kPass, dy);
  for (const float g : model.parameters()[0].parameter->gradient.values()) EXPECT_EQ(g, 0.0f);
}

TEST(GradientsTest, Embedding) { ExpectGradients({{6}, "embedding:5:3,dense:4"}, 4); }

TEST(GradientsTest, RecurrentLayers) {
  for (const std::string kind : {"lstm", "gru"}) {
    ExpectGradients({{4, 3}, (kind + ":5,dense:3").c_str()}, 4);
    ExpectGradients({{6}, ("embedding:5:3," + kind + ":4:sequences=1," + kind + ":3:bidirectional=1,dense:3").c_str()},
                    4);
    ExpectGradients({{6}, ("embedding:5:3:dropout=0.3," + kind + ":7:dropout=0.3,dense:3").c_str()}, 4);
    for (const char* option : {"dropout=0.4", "recurrent_dropout=0.4", "zoneout=0.3", "weight_dropout=0.4", "mask=1"}) {
      ExpectGradients({{3, 2}, (kind + ":3:sequences=1:" + option + ",dense:2").c_str()}, 4);
    }
    const std::string all =
        ":2:dropout=0.2:recurrent_dropout=0.3:zoneout=0.2:weight_dropout=0.5:mask=1:bidirectional=1";
    ExpectGradients({{3, 2}, (kind + all + ":sequences=1," + kind + all + ",dense:2").c_str()}, 4);
    // Blocks and parts of rows; blocks of gradients.
    ExpectGradients({{2, 2}, (kind + ":3:recurrent_dropout=0.2,dense:2").c_str()}, 150);
    ExpectGradients({{2, 2}, (kind + ":130,dense:2").c_str()}, 1);
  }
}

// More rows than a block, more units than a gradient block.
TEST(GradientsTest, SeveralBlocks) { ExpectGradients({{3}, "dropout:0.2,dense:150:relu,dropout:0.5,dense:2"}, 150); }

TEST(GradientsTest, Graphs) {
  for (const char* graph : kGraphs) {
    ExpectGradients({{6}, graph}, 4);
    ExpectGradients({{6}, graph}, 131);  // Two blocks.
  }
}

TEST(GradientsTest, Attention) {
  for (const char* attention : {"attention:2", "attention:1:dropout=0.3", "attention:4:causal=1:dropout=0.5:bias=0"}) {
    // As the first layer that learns, and behind another.
    ExpectGradients({{5, 8}, (std::string(attention) + ",dense:3").c_str()}, 4);
    ExpectGradients(
        {{5, 6}, ("dense_last:8:tanh," + std::string(attention) + "@a,dense_last:8:gelu,add:a,dense:3").c_str()}, 11);
  }
  ExpectGradients({{3, 48}, "attention:8,dense:3"}, 2);  // Several blocks of units.
}

TEST(GradientsTest, DenseOverTheLastDimension) {
  ExpectGradients({{2, 3, 4}, "dense_last:7:relu,dropout:0.3,dense_last:5:bias=0,dense:3"}, 4);
  ExpectGradients({{4}, "dense_last:150,dense:3"}, 2);
}

TEST(GradientsTest, Convolutions) {
  ExpectGradients({{7, 6}, "conv2d:4:3,tanh,dropout:0.3,conv2d:3:2x3:stride=2x1:bias=0,flatten,dense:3"}, 3);
  ExpectGradients({{4, 5, 6}, "conv2d:6:3:silu:padding=2x1:groups=2,conv2d:6:3x2:padding=same:dilation=2:groups=6"}, 2);
  ExpectGradients({{2, 4, 4}, "conv2d:33:3:tanh:padding=1,conv2d:2:3:padding=1,dense:3"}, 9);
  ExpectGradients({{11}, "conv1d:4:3:elu:padding=1,conv1d:3:3:stride=2:dilation=2,dense:3"}, 3);
  ExpectGradients({{4, 9}, "conv1d:4:4:padding=same:groups=2,gelu,conv1d:2:1"}, 3);
}

TEST(GradientsTest, Pooling) {
  ExpectGradients({{7, 8}, "conv2d:3:2,maxpool2d:2,dropout:0.3,dense:3"}, 3);
  ExpectGradients({{7, 8}, "conv2d:3:2,maxpool2d:3x2:stride=1x2:padding=1,dense:3"}, 3);
  ExpectGradients({{7, 8}, "conv2d:3:2,avgpool2d:3:stride=2:padding=1,avgpool2d:2:count_include_pad=0"}, 3);
  ExpectGradients({{7, 8}, "conv2d:3:2,avgpool2d:3x2:stride=1:padding=1:count_include_pad=0"}, 3);
  ExpectGradients({{3, 9}, "conv1d:4:2,maxpool1d:3:stride=1:padding=1,avgpool1d:2"}, 3);
  ExpectGradients({{7, 8}, "conv2d:3:2,global_avgpool"}, 3);
  ExpectGradients({{7, 8}, "conv2d:3:2,global_maxpool:keepdims=1"}, 3);
  ExpectGradients({{3, 37}, "conv1d:4:1,global_avgpool"}, 3);
}

// A layer that saves comes before all that learn.
TEST(GradientsTest, PoolingOfTheInput) { ExpectGradients({{4, 6}, "maxpool2d:2,dense:3"}, 4); }

TEST(GradientsTest, OneRow) { ExpectGradients({{5}, "dense:8:relu,dropout:0.3,dense:3"}, 1); }

}  // namespace
}  // namespace fallow::nn
