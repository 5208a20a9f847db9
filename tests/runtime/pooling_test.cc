// Pooling: shapes, text, errors, special values. Gradients are in gradients_test.cc, PyTorch's values in
// golden_test.cc.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "fallow/nn/convolution.h"
#include "fallow/nn/error.h"
#include "fallow/nn/model.h"
#include "tests/runtime/files.h"
#include "tests/runtime/models.h"
#include "tests/runtime/tensors.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

Shape OutputOf(const Shape& input, const char* layer) { return ParseLayers(layer)[0]->Plan(input).output; }

TEST(PoolingTest, SpecsReadBack) {
  for (const char* list :
       {"maxpool2d:2", "maxpool2d:3x2:stride=2x1:padding=1", "avgpool2d:2:stride=1:padding=1:count_include_pad=0",
        "maxpool1d:3:stride=1:padding=1", "avgpool1d:4:padding=1:count_include_pad=0", "global_avgpool",
        "global_maxpool", "global_avgpool:keepdims=1,global_maxpool:keepdims=1"}) {
    EXPECT_EQ(Specs(list), list);
  }
  EXPECT_EQ(Specs("maxpool2d:2x2:stride=2"), "maxpool2d:2");
  EXPECT_EQ(Specs("avgpool1d:4:stride=4:padding=0:count_include_pad=1"), "avgpool1d:4");
  EXPECT_EQ(Specs("avgpool2d:4:count_include_pad=0"), "avgpool2d:4");
}

TEST(PoolingTest, TextErrors) {
  const auto error = [](const char* list) { return ErrorOf([&] { ParseLayers(list); }); };
  EXPECT_EQ(error("maxpool2d"), "layer 1 \"maxpool2d\": expected maxpool2d:KERNEL");
  EXPECT_EQ(error("maxpool2d:0"), "layer 1 \"maxpool2d:0\": maxpool2d: the kernel is 0, expected 1 to 2147483647");
  EXPECT_EQ(error("maxpool2d:3:padding=2"),
            "layer 1 \"maxpool2d:3:padding=2\": maxpool2d: the padding is 2, expected at most half of the kernel");
  EXPECT_EQ(error("maxpool1d:2:count_include_pad=0"),
            "layer 1 \"maxpool1d:2:count_include_pad=0\": got \"count_include_pad=0\", expected stride=S or padding=P");
  EXPECT_EQ(error("global_avgpool:2"), "layer 1 \"global_avgpool:2\": got \"2\", expected keepdims=1");
}

TEST(PoolingTest, Shapes) {
  EXPECT_EQ(OutputOf({3, 7, 8}, "maxpool2d:2"), (Shape{3, 3, 4}));
  EXPECT_EQ(OutputOf({7, 8}, "maxpool2d:2x3:stride=1x2:padding=1"), (Shape{8, 4}));
  EXPECT_EQ(OutputOf({3, 7}, "avgpool1d:3:stride=1"), (Shape{3, 5}));
  EXPECT_EQ(OutputOf({7}, "avgpool1d:3"), (Shape{2}));
  EXPECT_EQ(OutputOf({3, 7, 8}, "global_maxpool"), (Shape{3}));
  EXPECT_EQ(OutputOf({3, 7, 8}, "global_avgpool:keepdims=1"), (Shape{3, 1, 1}));
  EXPECT_EQ(ErrorOf([] { OutputOf({3}, "maxpool2d:2"); }),
            "maxpool2d: samples of 1 dimensions, expected channels, height and width");
  EXPECT_EQ(ErrorOf([] {
              OutputOf({1, 4}, "maxpool2d:2");
            }),
            "maxpool2d: a window 2 wide, expected at most the input's 1 with its padding");
  EXPECT_EQ(ErrorOf([] { OutputOf({}, "global_avgpool"); }),
            "global_avgpool: samples of shape 1, expected channels of at least one element");
}

std::vector<float> Pooled(const char* layer, const Shape& input, const std::vector<float>& values, Mode mode,
                          Target target) {
  Model model(input, layer, 1);
  Tensor x(1, input);
  std::ranges::copy(values, x.data());
  const auto y = model.Forward({.mode = mode, .execution = {.target = target}}, x).values();
  return {y.begin(), y.end()};
}

using PoolingTargetTest = test::TargetTest;
FALLOW_TEST_EVERY_TARGET(PoolingTargetTest);

TEST_P(PoolingTargetTest, PaddingIsLessThanAnyNumber) {
  for (const Mode mode : {Mode::kInfer, Mode::kTrain}) {
    EXPECT_EQ(Pooled("maxpool1d:3:stride=1:padding=1", {4}, {-5, -kInfinity, -kInfinity, -kInfinity}, mode, GetParam()),
              (std::vector<float>{-5, -5, -kInfinity, -kInfinity}));
  }
}

TEST_P(PoolingTargetTest, NaNIsPassedOn) {
  const float nan = std::nanf("");
  for (const Mode mode : {Mode::kInfer, Mode::kTrain}) {
    for (const char* layer : {"maxpool2d:2", "avgpool2d:2"}) {
      const std::vector<float> y =
          Pooled(layer, {2, 8}, {nan, 1, 1, nan, 1, 1, 1, 1, 1, 1, 1, 1, nan, 1, 1, 1}, mode, GetParam());
      for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(std::isnan(y[i]), i < 3) << layer << ' ' << i;
    }
    for (const char* layer : {"global_maxpool", "global_avgpool"}) {
      const std::vector<float> y = Pooled(layer, {3, 3}, {nan, 1, 2, 1, nan, 2, 1, 2, 3}, mode, GetParam());
      EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[1]) && !std::isnan(y[2])) << layer;
    }
  }
}

// Of equal numbers, such as zeros behind a relu, the first by rows gets the gradient.
TEST_P(PoolingTargetTest, TheFirstLargestGetsTheGradient) {
  Tensor x(1, {4, 6});
  const std::vector<float> values = {0, 0, 1, 3, 0,  0,  //
                                     0, 5, 3, 3, 0,  0,  //
                                     5, 0, 3, 1, -1, 0,  //
                                     0, 0, 0, 0, 0,  -1};
  std::ranges::copy(values, x.data());
  const Pass pass{.mode = Mode::kTrain, .execution = {.max_threads = 1, .target = GetParam()}};
  Tensor dy(1, {1, 4, 3});
  for (std::size_t i = 0; i < 12; ++i) dy.data()[i] = static_cast<float>(std::size_t{1} << i);
  const auto layer = ParseLayers("maxpool2d:3x2:stride=1x2:padding=1x0");
  layer[0]->Build({4, 6}, 1, 0);
  std::vector<float> y(12), dx(24), saved(layer[0]->saved()), scratch(layer[0]->scratch(Mode::kTrain, 1));
  const Memory memory{.saved = saved.data(), .scratch = scratch.data()};
  layer[0]->ForwardRows(pass, {0, 1}, x.data(), y.data(), memory);
  layer[0]->BackwardRows(pass, {0, 1}, x.data(), y.data(), dy.data(), dx.data(), memory);
  std::vector<float> expected(24, 0.0f);
  const std::vector<std::size_t> chosen = {7, 3, 4, 7, 3, 4, 7, 8, 10, 12, 14, 17};
  for (std::size_t i = 0; i < 12; ++i) expected[chosen[i]] += static_cast<float>(std::size_t{1} << i);
  EXPECT_EQ(dx, expected);
}

// Widths around a vector's, usual and unusual strides.
TEST_P(PoolingTargetTest, SameBitsOnEveryTarget) {
  for (const char* layer : {"maxpool2d:2", "maxpool2d:3:stride=1:padding=1", "maxpool2d:3:stride=3", "avgpool2d:2",
                            "avgpool2d:3:stride=1:padding=1:count_include_pad=0", "avgpool2d:4:stride=3"}) {
    for (const std::size_t width : {4, 7, 16, 33, 70}) {
      Model model({2, 5, width}, layer, 1);
      const Tensor x = RandomTensor(3, {2, 5, width}, 1);
      const Tensor expected = model.Forward({}, x).Clone();
      for (const Mode mode : {Mode::kInfer, Mode::kTrain}) {
        const Tensor& actual = model.Forward({.mode = mode, .execution = {.target = GetParam()}}, x);
        EXPECT_TRUE(test::SameBits(expected.values(), actual.values())) << layer << ' ' << width;
      }
    }
  }
}

}  // namespace
}  // namespace fallow::nn
