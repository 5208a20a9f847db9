// Convolutions: shapes, text, errors, the one order of sums. Gradients are in gradients_test.cc, PyTorch's values in
// golden_test.cc.
#include "fallow/nn/convolution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/model.h"
#include "fallow/nn/monte_carlo.h"
#include "tests/runtime/files.h"
#include "tests/runtime/models.h"
#include "tests/runtime/tensors.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

std::string PlanError(const Shape& input, const char* layer) {
  return ErrorOf([&] { ParseLayers(layer)[0]->Plan(input); });
}

Shape OutputOf(const Shape& input, const char* layer) { return ParseLayers(layer)[0]->Plan(input).output; }

TEST(ConvolutionTest, SpecsReadBack) {
  for (const char* list :
       {"conv2d:32:3", "conv2d:8:3x5:stride=2:padding=1x2:dilation=2x1:groups=4:l1=0.1:l2=1e-04:max_norm=3:bias=0",
        "conv2d:1:2:padding=same", "conv1d:4:5:stride=2:padding=2:dilation=3:groups=2:bias=0",
        "conv1d:4:4:padding=same"}) {
    EXPECT_EQ(Specs(list), list);
  }
  EXPECT_EQ(Specs("conv2d:8:3x3:relu:stride=1x1:padding=1x1:bias=1"), "conv2d:8:3:padding=1,relu");
  EXPECT_EQ(Specs("conv1d:8:3:linear:dilation=1"), "conv1d:8:3");
  EXPECT_EQ(Specs("conv2d:8:3x1:padding=same:dilation=2,conv1d:8:1:padding=same"),
            "conv2d:8:3x1:padding=2x0:dilation=2,conv1d:8:1");
}

TEST(ConvolutionTest, TextErrors) {
  const auto error = [](const char* list) { return ErrorOf([&] { ParseLayers(list); }); };
  EXPECT_EQ(error("conv2d:8"), "layer 1 \"conv2d:8\": expected conv2d:FILTERS:KERNEL");
  EXPECT_EQ(error("conv2d:x:3"), "layer 1 \"conv2d:x:3\": got \"x\", expected a whole number of filters");
  EXPECT_EQ(error("conv2d:8:3x"), "layer 1 \"conv2d:8:3x\": got \"\", expected a whole number");
  EXPECT_EQ(error("conv1d:8:3x3"), "layer 1 \"conv1d:8:3x3\": got \"3x3\", expected a whole number");
  EXPECT_EQ(error("conv2d:8:0"), "layer 1 \"conv2d:8:0\": conv2d: the kernel is 0, expected 1 to 2147483647");
  EXPECT_EQ(error("conv2d:8:3:stride=0"),
            "layer 1 \"conv2d:8:3:stride=0\": conv2d: the stride is 0, expected 1 to 2147483647");
  EXPECT_EQ(error("conv2d:0:3"), "layer 1 \"conv2d:0:3\": conv2d: 0 filters, expected 1 to 2147483647");
  EXPECT_EQ(error("conv2d:8:3:groups=0"),
            "layer 1 \"conv2d:8:3:groups=0\": conv2d: 0 groups, expected 1 to 2147483647");
  EXPECT_EQ(error("conv2d:8:3:groups=3"),
            "layer 1 \"conv2d:8:3:groups=3\": conv2d: 8 filters, expected a multiple of the 3 groups");
  EXPECT_EQ(error("conv2d:8:3:stride=2:padding=same"),
            "layer 1 \"conv2d:8:3:stride=2:padding=same\": conv2d: padding \"same\" with a stride of 2, expected a "
            "stride of 1");
  EXPECT_EQ(error("conv1d:8:3:padding=1:padding=same"),
            "layer 1 \"conv1d:8:3:padding=1:padding=same\": conv1d: padding \"same\" and a padding of 1, expected one "
            "of them");
  EXPECT_EQ(error("conv1d:8:3:l1=-1"), "layer 1 \"conv1d:8:3:l1=-1\": conv1d: l1 is -1, expected a number >= 0");
  EXPECT_EQ(error("conv2d:8:3:pad=1"),
            "layer 1 \"conv2d:8:3:pad=1\": got \"pad=1\", expected stride=S, padding=P, padding=same, dilation=D, "
            "groups=G, l1=X, l2=X, max_norm=X or bias=0");
}

TEST(ConvolutionTest, Shapes) {
  EXPECT_EQ(OutputOf({28, 28}, "conv2d:32:3"), (Shape{32, 26, 26}));
  EXPECT_EQ(OutputOf({3, 28, 30}, "conv2d:8:3x5:padding=1x2"), (Shape{8, 28, 30}));
  EXPECT_EQ(OutputOf({3, 28, 31}, "conv2d:8:3:stride=2x3:dilation=2"), (Shape{8, 12, 9}));
  EXPECT_EQ(OutputOf({3, 9, 9}, "conv2d:8:4:padding=same:dilation=3"), (Shape{8, 9, 9}));
  EXPECT_EQ(OutputOf({3, 3}, "conv2d:8:3"), (Shape{8, 1, 1}));
  EXPECT_EQ(OutputOf({50}, "conv1d:8:3"), (Shape{8, 48}));
  EXPECT_EQ(OutputOf({4, 50}, "conv1d:8:3:stride=5:padding=1"), (Shape{8, 10}));
  EXPECT_EQ(ParseLayers("conv2d:8:3x5:groups=2")[0]->Plan({4, 9, 9}).parameters, 8 * (2 * 15 + 1));
}

TEST(ConvolutionTest, PlanErrors) {
  EXPECT_EQ(PlanError({784}, "conv2d:8:3"), "conv2d: samples of 1 dimensions, expected channels, height and width");
  EXPECT_EQ(PlanError({3, 4, 5}, "conv1d:8:3"), "conv1d: samples of 3 dimensions, expected channels and length");
  EXPECT_EQ(PlanError({3, 0, 5}, "conv2d:8:3"), "conv2d: samples without elements");
  EXPECT_EQ(PlanError({3, 8, 8}, "conv2d:8:3:groups=2"), "conv2d: 3 channels, expected a multiple of the 2 groups");
  EXPECT_EQ(PlanError({2, 8}, "conv2d:8:3:padding=0x1"),
            "conv2d: a window 3 wide, expected at most the input's 2 with its padding");
  EXPECT_EQ(PlanError({5}, "conv1d:8:3:dilation=3"),
            "conv1d: a window 7 wide, expected at most the input's 5 with its padding");
}

// What a hostile file may ask for neither overflows nor takes memory.
TEST(ConvolutionTest, PlansOfEnormousSizes) {
  EXPECT_EQ(PlanError({4}, "conv1d:1:2147483647:dilation=2147483647:padding=same"),
            "conv1d: the input is 4611686011984936966 wide with its padding, expected at most 2147483647");
  EXPECT_EQ(PlanError({4, 4}, "conv2d:1:1:padding=1000000"),
            "conv2d: the padded input is 1x2000004x2000004, expected at most 2147483647 elements");
  EXPECT_EQ(PlanError({std::size_t{1} << 40, 1}, "conv1d:1:1"),
            "conv1d: the input is 1099511627776x1x1, expected at most 2147483647 elements");
  EXPECT_EQ(PlanError({std::size_t{1} << 20, std::size_t{1} << 20}, "conv2d:1:1"),
            "conv2d: the input is 1x1048576x1048576, expected at most 2147483647 elements");
  EXPECT_EQ(PlanError({1, 100, 100}, "conv2d:2147483647:1"),
            "conv2d: the output is 2147483647x100x100, expected at most 2147483647 elements");
  EXPECT_EQ(ParseLayers("conv1d:2147483647:1")[0]->Plan({2147483647, 1}).parameters,
            std::uint64_t{2147483647} * 2147483648u);
}

TEST(ConvolutionTest, StartsAsPyTorchsConv2d) {
  const auto layer = MakeConv2D(64, {3, 5}, {.groups = 2});
  layer->Build({8, 9, 9}, 1, 0);
  const Parameter& weight = layer->parameters()[0];
  EXPECT_EQ(weight.name, "weight");
  EXPECT_EQ(weight.value.rows(), 64);
  EXPECT_EQ(weight.value.sample_shape(), (Shape{4, 3, 5}));
  const float limit = 1 / std::sqrt(60.0f);
  for (const Parameter& parameter : layer->parameters()) {
    float largest = 0;
    for (const float value : parameter.value.values()) largest = std::max(largest, std::abs(value));
    EXPECT_LT(largest, limit);
    EXPECT_GT(largest, 0.9f * limit);
  }
}

// In inference: sums in the order channel, row, column of the window, and the bias last.
float OrderedElement(const Parameter& weight, float bias, const Tensor& x, std::size_t f, std::size_t i,
                     std::size_t j) {
  const Shape &shape = x.sample_shape(), &window = weight.value.sample_shape();
  float sum = 0;
  for (std::size_t c = 0; c < window[0]; ++c) {
    for (std::size_t u = 0; u < window[1]; ++u) {
      for (std::size_t v = 0; v < window[2]; ++v) {
        const volatile float product = weight.value.row(f)[(c * window[1] + u) * window[2] + v] *
                                       x.data()[(c * shape[1] + i + u) * shape[2] + j + v];
        sum += product;
      }
    }
  }
  return sum + bias;
}

using ConvolutionTargetTest = test::TargetTest;
FALLOW_TEST_EVERY_TARGET(ConvolutionTargetTest);

TEST_P(ConvolutionTargetTest, InferenceTakesSumsInOneOrder) {
  Model model({5, 9, 11}, "conv2d:37:3x2", 1);
  const Tensor x = RandomTensor(1, {5, 9, 11}, 2);
  const Tensor& y = model.Forward({.execution = {.target = GetParam()}}, x);
  const auto parameters = model.parameters();
  std::size_t at = 0;
  for (std::size_t f = 0; f < 37; ++f) {
    for (std::size_t i = 0; i < 7; ++i) {
      for (std::size_t j = 0; j < 10; ++j, ++at) {
        const float expected =
            OrderedElement(*parameters[0].parameter, parameters[1].parameter->value.data()[f], x, f, i, j);
        ASSERT_TRUE(test::SameBits({&expected, 1}, y.values().subspan(at, 1))) << f << ", " << i << ", " << j;
      }
    }
  }
}

constexpr char kNetwork[] =
    "conv2d:9:3:relu:padding=1,maxpool2d:3:stride=2:padding=1,dropout:0.3,conv2d:35:3:silu,avgpool2d:2:stride=1,"
    "conv2d:6:2:tanh,global_avgpool,dropout:0.5,dense:4";

// Alone on the best target, and with others on any.
TEST_P(ConvolutionTargetTest, PredictionsDoNotDependOnOthers) {
  const Model model(Shape{3, 12, 11}, kNetwork, 1);
  std::vector<Tensor> inputs;
  for (const std::size_t rows : {1, 3, 20})
    inputs.push_back(RandomTensor(rows, {3, 12, 11}, static_cast<unsigned>(rows)));
  std::vector<McRequest> requests;
  for (const Tensor& x : inputs) requests.push_back({&x, 2 + x.rows(), 5 + x.rows(), {}});
  for (const int threads : {1, 2}) {
    const auto together = PredictMonteCarlo(model, requests, Loss::kSoftmaxCrossEntropy, {},
                                            {.max_threads = threads, .target = GetParam()});
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const auto alone = PredictMonteCarlo(model, {&requests[i], 1}, Loss::kSoftmaxCrossEntropy);
      EXPECT_TRUE(test::SameBits(alone[0].mean.values(), together[i].mean.values()));
      EXPECT_TRUE(test::SameBits(alone[0].standard_deviation.values(), together[i].standard_deviation.values()));
    }
  }
}

// A batch of one block, cut into parts, and one of several.
TEST_P(ConvolutionTargetTest, TrainingDoesNotDependOnThreads) {
  for (const std::size_t rows : {5, 60, 200}) {
    std::vector<Tensor> results[2];
    for (const int threads : {1, 2}) {
      Model model({3, 12, 11}, "conv2d:9:3:relu:padding=1,maxpool2d:2,conv2d:40:3,global_maxpool,dense:4", 1);
      const Pass pass{.mode = Mode::kTrain, .execution = {.max_threads = threads, .target = GetParam()}};
      const Tensor x = RandomTensor(rows, {3, 12, 11}, 1);
      results[threads - 1].push_back(model.Forward(pass, x).Clone());
      model.Backward(pass, RandomTensor(rows, {4}, 2));
      for (const NamedParameter& named : model.parameters()) {
        results[threads - 1].push_back(named.parameter->gradient.Clone());
      }
    }
    for (std::size_t i = 0; i < results[0].size(); ++i) {
      EXPECT_TRUE(test::SameBits(results[0][i].values(), results[1][i].values())) << rows << " rows, " << i;
    }
  }
}

// Values so large that blocks have few rows, behind them layers of all rows, and a connection from one to the other.
TEST(ConvolutionTest, BlocksOfFewRows) {
  constexpr char kGraph[] =
      "conv2d:8:3:padding=1,relu@a,conv2d:8:3:padding=1,add:a,maxpool2d:2,conv2d:2:1,global_avgpool";
  constexpr std::size_t kRows = 21;
  const Shape input{64, 64};
  const Tensor x = RandomTensor(kRows, input, 1), dy = RandomTensor(kRows, {2}, 2);
  std::vector<std::vector<double>> sums;
  Model one(input, kGraph, 1), all(input, kGraph, 1);
  const Pass pass{.mode = Mode::kTrain, .execution = {.max_threads = 2}};
  const Tensor& y = all.Forward(pass, x);
  for (std::size_t r = 0; r < kRows; ++r) {
    Tensor row(1, input), row_dy(1, {2});
    std::ranges::copy(x.row(r), row.data());
    std::ranges::copy(dy.row(r), row_dy.data());
    EXPECT_TRUE(test::SameBits(one.Forward(pass, row).values(), y.row(r))) << r;
    one.Backward(pass, row_dy);
    const auto parameters = one.parameters();
    sums.resize(parameters.size());
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      const auto gradient = parameters[p].parameter->gradient.values();
      sums[p].resize(gradient.size());
      for (std::size_t i = 0; i < gradient.size(); ++i) sums[p][i] += gradient[i];
    }
  }
  all.Backward(pass, dy);
  const auto parameters = all.parameters();
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    const auto gradient = parameters[p].parameter->gradient.values();
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      EXPECT_NEAR(gradient[i], sums[p][i], 1e-4) << parameters[p].name << ' ' << i;
    }
  }
}

TEST(ConvolutionTest, BlocksOfFewRowsShareMemory) {
  constexpr std::size_t kRows = 50;
  const Shape input{28, 28};
  const Tensor x = RandomTensor(kRows, input, 1);
  for (const char* list : {"conv2d:8:3:relu,maxpool2d:2,conv2d:12:3,tanh,dropout:0.3,dense:10",
                           "conv2d:8:3@a,relu,maxpool2d:2,dense:4@b,from:a,global_avgpool,concat:b,dense:3"}) {
    Model all(input, list, 1), one(input, list, 1);
    for (const Mode mode : {Mode::kInfer, Mode::kMonteCarlo, Mode::kTrain}) {
      const Tensor& y = all.Forward({.mode = mode}, x);
      for (std::size_t r = 0; r < kRows; ++r) {
        Tensor row(1, input);
        std::ranges::copy(x.row(r), row.data());
        const Tensor& alone = one.Forward({.mode = mode, .first_row = r}, row);
        for (std::size_t j = 0; j < y.cols(); ++j) ASSERT_NEAR(alone.row(0)[j], y.row(r)[j], 1e-5) << list << r;
      }
    }
  }
}

TEST(ConvolutionTest, NaNReachesItsWindowsAlone) {
  Model model({6, 6}, "conv2d:2:3", 1);
  Tensor x = RandomTensor(2, {6, 6}, 1);
  x.row(1)[0] = std::nanf("");
  const Tensor& y = model.Forward({}, x);
  for (std::size_t i = 0; i < y.values().size(); ++i) EXPECT_EQ(std::isnan(y.values()[i]), i == 32 || i == 48) << i;
}

TEST(ConvolutionTest, NoRows) {
  Model model({6, 6}, "conv2d:2:3:padding=1,maxpool2d:2", 1);
  const Tensor x(0, {6, 6});
  EXPECT_EQ(model.Forward({.mode = Mode::kTrain}, x).rows(), 0);
  model.Backward({.mode = Mode::kTrain}, Tensor(0, {2, 3, 3}));
}

}  // namespace
}  // namespace fallow::nn
