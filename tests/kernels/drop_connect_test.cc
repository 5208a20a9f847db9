// DropConnect (Wan et al., ICML 2013) is dropout on weights: a dense layer that does it with the functions of
// dropout.h, forward and backward, against central differences.
#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "fallow/dropout.h"

namespace fallow {
namespace {

constexpr std::size_t kSamples = 4, kInputs = 5, kOutputs = 3;

using Matrix = std::vector<double>;

Matrix Numbers(std::size_t count, double seed) {
  Matrix numbers(count);
  for (std::size_t i = 0; i < count; ++i) numbers[i] = static_cast<double>((i * 37 + 11) % 64) / 32.0 - seed;
  return numbers;
}

// A dense layer, y = x W^T, whose weights are dropped: once a step, or for each sample anew with its own stream.
class Layer {
 public:
  Layer(const Rate& rate, bool per_sample) : rate_(rate), per_sample_(per_sample) {}

  Matrix Forward(const Matrix& x, const Matrix& weights) const {
    Matrix y(kSamples * kOutputs);
    for (std::size_t n = 0; n < kSamples; ++n) {
      Matrix dropped(weights.size());
      EXPECT_TRUE(DropoutForward(weights, MaskOf(n), dropped).ok());
      for (std::size_t o = 0; o < kOutputs; ++o) {
        for (std::size_t i = 0; i < kInputs; ++i) y[n * kOutputs + o] += x[n * kInputs + i] * dropped[o * kInputs + i];
      }
    }
    return y;
  }

  // dx uses the dropped weights; dW adds each sample's outer product where its mask keeps.
  void Backward(const Matrix& x, const Matrix& weights, const Matrix& dy, Matrix& dx, Matrix& d_weights) const {
    for (std::size_t n = 0; n < kSamples; ++n) {
      Matrix dropped(weights.size());
      Matrix outer(weights.size());
      EXPECT_TRUE(DropoutForward(weights, MaskOf(n), dropped).ok());
      for (std::size_t o = 0; o < kOutputs; ++o) {
        for (std::size_t i = 0; i < kInputs; ++i) {
          dx[n * kInputs + i] += dy[n * kOutputs + o] * dropped[o * kInputs + i];
          outer[o * kInputs + i] = dy[n * kOutputs + o] * x[n * kInputs + i];
        }
      }
      EXPECT_TRUE(DropoutAccumulate(outer, MaskOf(n), d_weights).ok());
    }
  }

 private:
  Mask MaskOf(std::size_t sample) const { return {rate_, MaskKey{.seed = 4, .stream = per_sample_ ? sample : 0}}; }

  Rate rate_;
  bool per_sample_;
};

double Loss(const Matrix& y, const Matrix& dy) {
  double sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) sum += y[i] * dy[i];
  return sum;
}

TEST(DropConnectTest, GradientsAreThoseOfCentralDifferences) {
  constexpr double kStep = 1e-3;
  const Matrix x = Numbers(kSamples * kInputs, 0.9);
  const Matrix dy = Numbers(kSamples * kOutputs, 1.1);
  const Matrix weights = Numbers(kOutputs * kInputs, 1.0);
  for (const Scaling scaling : {Scaling::kInTraining, Scaling::kAtInference}) {
    for (const bool per_sample : {false, true}) {
      const Layer layer(Rate(0.5, scaling), per_sample);
      Matrix dx(x.size());
      Matrix d_weights(weights.size());
      layer.Backward(x, weights, dy, dx, d_weights);
      const auto slope = [&](const Matrix& at, std::size_t i, const auto& loss) {
        Matrix up = at;
        Matrix down = at;
        up[i] += kStep;
        down[i] -= kStep;
        return (loss(up) - loss(down)) / (2 * kStep);
      };
      for (std::size_t i = 0; i < weights.size(); ++i) {
        const auto loss = [&](const Matrix& w) { return Loss(layer.Forward(x, w), dy); };
        EXPECT_NEAR(d_weights[i], slope(weights, i, loss), 1e-9);
      }
      for (std::size_t i = 0; i < x.size(); ++i) {
        const auto loss = [&](const Matrix& v) { return Loss(layer.Forward(v, weights), dy); };
        EXPECT_NEAR(dx[i], slope(x, i, loss), 1e-9);
      }
    }
  }
}

// One mask a step: all samples' products first, one pass of DropoutBackward after.
TEST(DropConnectTest, OneMaskAStepNeedsOnePassForTheWeightGradient) {
  const Matrix x = Numbers(kSamples * kInputs, 0.9);
  const Matrix dy = Numbers(kSamples * kOutputs, 1.1);
  Matrix dx(x.size());
  Matrix expected(kOutputs * kInputs);
  Matrix sum(kOutputs * kInputs);
  Matrix d_weights(kOutputs * kInputs);
  Layer(Rate(0.5), false).Backward(x, Numbers(kOutputs * kInputs, 1.0), dy, dx, expected);
  for (std::size_t n = 0; n < kSamples; ++n) {
    for (std::size_t o = 0; o < kOutputs; ++o) {
      for (std::size_t i = 0; i < kInputs; ++i) sum[o * kInputs + i] += dy[n * kOutputs + o] * x[n * kInputs + i];
    }
  }
  ASSERT_TRUE(DropoutBackward(sum, {Rate(0.5), MaskKey{.seed = 4}}, d_weights).ok());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(d_weights[i], expected[i], 1e-12);
}

}  // namespace
}  // namespace fallow
