#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "tests/runtime/reference_model.h"
#include "tests/runtime/tensors.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

constexpr Activation kElementwise[] = {Activation::kReLU,    Activation::kLeakyReLU, Activation::kELU,
                                       Activation::kSELU,    Activation::kGELU,      Activation::kSiLU,
                                       Activation::kSigmoid, Activation::kTanh};
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

using ActivationsTest = test::TargetTest;
FALLOW_TEST_EVERY_TARGET(ActivationsTest);

std::vector<float> Forward(Layer& layer, const std::vector<float>& x, Target target) {
  std::vector<float> y(x.size());
  layer.Build({x.size()}, 1, 0);
  layer.ForwardRows({.execution = {.max_threads = 1, .target = target}}, {0, 1}, x.data(), y.data(), {});
  return y;
}

std::vector<float> Backward(Layer& layer, const std::vector<float>& x, const std::vector<float>& dy, Target target) {
  const std::vector<float> y = Forward(layer, x, target);
  std::vector<float> dx(x.size());
  layer.BackwardRows({.mode = Mode::kTrain, .execution = {.max_threads = 1, .target = target}}, {0, 1}, x.data(),
                     y.data(), dy.data(), dx.data(), {});
  return dx;
}

// Dense where functions bend, and out to where exp overflows and vanishes.
std::vector<float> Arguments() {
  std::vector<float> x;
  for (int i = -4000; i <= 4000; ++i) x.push_back(static_cast<float>(i) / 400.0f + 1e-4f);
  for (float magnitude = 1e-30f; magnitude < 1e4f; magnitude *= 3) {
    x.push_back(magnitude);
    x.push_back(-magnitude);
  }
  return x;
}

TEST_P(ActivationsTest, HaveTheSameBitsOnEveryTarget) {
  const std::vector<float> x = Arguments(), dy(x.size(), 0.7f);
  for (const Activation activation : kElementwise) {
    const std::string name(Name(activation));
    EXPECT_TRUE(test::SameBits(Forward(*MakeActivation(activation), x, GetParam()),
                               Forward(*MakeActivation(activation), x, Target())))
        << name;
    EXPECT_TRUE(test::SameBits(Backward(*MakeActivation(activation), x, dy, GetParam()),
                               Backward(*MakeActivation(activation), x, dy, Target())))
        << name;
  }
  EXPECT_TRUE(test::SameBits(Forward(*MakeSoftmax(), x, GetParam()), Forward(*MakeSoftmax(), x, Target())));
}

TEST_P(ActivationsTest, EqualTheFormulas) {
  const std::vector<float> x = Arguments();
  for (const Activation activation : kElementwise) {
    const std::string name(Name(activation));
    const std::vector<float> y = Forward(*MakeActivation(activation), x, GetParam());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double expected = reference::Activate(name, x[i]);
      ASSERT_NEAR(y[i], expected, 1e-6 * std::abs(expected) + 2e-7 * std::max(1.0f, std::abs(x[i])))
          << name << ' ' << x[i];
    }
  }
}

TEST_P(ActivationsTest, GradientsEqualCentralDifferences) {
  const std::vector<float> x = Arguments();
  const std::vector<float> dy(x.size(), 0.5f);
  for (const Activation activation : kElementwise) {
    const std::string name(Name(activation));
    const std::vector<float> dx = Backward(*MakeActivation(activation), x, dy, GetParam());
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (std::abs(x[i]) < 1e-4f) continue;  // A kink is near.
      ASSERT_NEAR(dx[i], 0.5 * reference::Differentiate(name, x[i]), 1e-6) << name << ' ' << x[i];
    }
  }
}

// Relatively, also far out, where Phi(x) = (1 + erf(x / sqrt 2)) / 2 cancels.
TEST_P(ActivationsTest, GELUKeepsItsRelativeAccuracy) {
  std::vector<float> x;
  for (int i = 1; i < 60000; ++i) {
    x.push_back(static_cast<float>(i) * 2e-4f);
    x.push_back(static_cast<float>(i) * -2e-4f);
  }
  const std::vector<float> y = Forward(*MakeActivation(Activation::kGELU), x, GetParam());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double expected = 0.5 * x[i] * std::erfc(-x[i] / std::sqrt(2.0));
    const double bound = x[i] > 0 ? 3e-7 : 5e-7 + 1e-7 * x[i] * x[i];
    ASSERT_NEAR(y[i], expected, bound * std::abs(expected)) << x[i];
  }
}

TEST_P(ActivationsTest, NaNPassesThroughAtAnyPosition) {
  for (const Activation activation : kElementwise) {
    for (std::size_t at = 0; at < 37; ++at) {
      std::vector<float> x(37, 0.5f);
      x[at] = kNaN;
      const std::vector<float> y = Forward(*MakeActivation(activation), x, GetParam());
      for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(std::isnan(y[i]), i == at) << Name(activation) << ' ' << at;
    }
  }
  std::vector<float> x(37, 0.5f);
  x[36] = kNaN;
  for (const float y : Forward(*MakeSoftmax(), x, GetParam())) EXPECT_TRUE(std::isnan(y));
}

TEST_P(ActivationsTest, Infinities) {
  const auto at = [&](Activation activation, float x) {
    return Forward(*MakeActivation(activation), {x}, GetParam())[0];
  };
  EXPECT_EQ(at(Activation::kReLU, kInfinity), kInfinity);
  EXPECT_EQ(at(Activation::kReLU, -kInfinity), 0.0f);
  EXPECT_EQ(at(Activation::kLeakyReLU, -kInfinity), -kInfinity);
  EXPECT_EQ(at(Activation::kELU, kInfinity), kInfinity);
  EXPECT_EQ(at(Activation::kELU, -kInfinity), -1.0f);
  EXPECT_EQ(at(Activation::kGELU, kInfinity), kInfinity);
  EXPECT_EQ(at(Activation::kGELU, -kInfinity), 0.0f);
  EXPECT_EQ(at(Activation::kSiLU, kInfinity), kInfinity);
  EXPECT_EQ(at(Activation::kSigmoid, kInfinity), 1.0f);
  EXPECT_EQ(at(Activation::kSigmoid, -kInfinity), 0.0f);
  EXPECT_EQ(at(Activation::kTanh, kInfinity), 1.0f);
  EXPECT_EQ(at(Activation::kTanh, -kInfinity), -1.0f);
}

// Every size around a vector, in place and not, memory outside untouchable.
TEST_P(ActivationsTest, StayInsideAndGiveTheSameInPlace) {
  const Pass pass{.mode = Mode::kTrain, .execution = {.max_threads = 1, .target = GetParam()}};
  for (const char* name : {"relu", "gelu", "tanh", "softmax"}) {
    for (std::size_t n = 1; n <= 35; ++n) {
      const Tensor source = RandomTensor(1, {n}, 5);
      const test::GuardedBuffer<float> x(source.values(), test::Edge::kEnd), dy(source.values(), test::Edge::kEnd);
      const test::GuardedBuffer<float> y(n, test::Edge::kEnd), dx(n, test::Edge::kEnd);
      const auto layer = std::move(ParseLayers(name)[0]);
      layer->Build({n}, 1, 0);
      layer->ForwardRows(pass, {0, 1}, x.span().data(), y.span().data(), {});
      layer->BackwardRows(pass, {0, 1}, x.span().data(), y.span().data(), dy.span().data(), dx.span().data(), {});
      layer->BackwardRows(pass, {0, 1}, x.span().data(), y.span().data(), dy.span().data(), dy.span().data(), {});
      EXPECT_TRUE(test::SameBits(dx.span(), dy.span())) << name << ' ' << n;
      layer->ForwardRows(pass, {0, 1}, x.span().data(), x.span().data(), {});
      EXPECT_TRUE(test::SameBits(y.span(), x.span())) << name << ' ' << n;
    }
  }
}

TEST_P(ActivationsTest, SoftmaxWorksOnTheLastDimension) {
  const auto layer = MakeSoftmax();
  layer->Build({3, 5}, 1, 0);
  const Tensor x = RandomTensor(2, {3, 5}, 1);
  Tensor y(2, {3, 5});
  layer->ForwardRows({.execution = {.target = GetParam()}}, {0, 2}, x.data(), y.data(), {});
  for (std::size_t group = 0; group < 6; ++group) {
    const reference::Row expected = reference::Softmax({x.data() + group * 5, x.data() + group * 5 + 5});
    for (std::size_t j = 0; j < 5; ++j) EXPECT_NEAR(y.data()[group * 5 + j], expected[j], 1e-6);
  }
}

TEST_P(ActivationsTest, SoftmaxOfLargeNumbers) {
  const std::vector<float> y = Forward(*MakeSoftmax(), {1e30f, -1e30f, 0}, GetParam());
  EXPECT_EQ(y, (std::vector<float>{1, 0, 0}));
}

// Comparisons and products alone.
TEST_P(ActivationsTest, ReLUsAreTheSameBitsForEveryTarget) {
  const std::vector<float> x = Arguments();
  for (const Activation activation : {Activation::kReLU, Activation::kLeakyReLU}) {
    const auto layer = MakeActivation(activation, 0.3);
    EXPECT_TRUE(test::SameBits(Forward(*layer, x, {}), Forward(*layer, x, GetParam())));
    EXPECT_TRUE(test::SameBits(Backward(*layer, x, x, {}), Backward(*layer, x, x, GetParam())));
  }
}

TEST(ActivationTest, NamesReadBack) {
  for (const Activation activation : kElementwise) EXPECT_EQ(ParseActivation(Name(activation)), activation);
  EXPECT_EQ(ParseActivation("linear"), Activation::kLinear);
  try {
    ParseActivation("swish");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "activation: got \"swish\", expected one of linear, relu, leaky_relu, elu, selu, gelu, silu, sigmoid, "
                 "tanh");
  }
}

TEST(ActivationTest, RefusesWhatIsNoLayer) {
  EXPECT_THROW(MakeActivation(Activation::kLinear), Error);
  EXPECT_THROW(MakeActivation(Activation::kLeakyReLU, -0.1), Error);
  EXPECT_THROW(MakeActivation(Activation::kLeakyReLU, std::nan("")), Error);
}

}  // namespace
}  // namespace fallow::nn
