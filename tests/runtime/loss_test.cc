#include "fallow/nn/loss.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/target.h"
#include "tests/runtime/reference_model.h"
#include "tests/runtime/tensors.h"

namespace fallow::nn {
namespace {

constexpr Loss kLosses[] = {Loss::kSoftmaxCrossEntropy, Loss::kBinaryCrossEntropy, Loss::kMeanSquaredError};

Tensor RowTensor(const std::vector<float>& values) {
  Tensor x(1, {values.size()});
  std::copy(values.begin(), values.end(), x.data());
  return x;
}

TEST(LossTest, EqualsTheFormulasOnEveryTarget) {
  for (const Target target : SupportedTargets()) {
    for (const Loss loss : kLosses) {
      for (const std::size_t outputs : {1u, 2u, 3u, 7u, 8u, 16u, 17u, 100u}) {
        const Tensor x = RandomTensor(5, {outputs}, 1);
        const Tensor y = RandomTarget(loss, 5, outputs, 2);
        const LossSum sum = Evaluate(loss, x, y, nullptr, {.target = target});
        double expected = 0;
        for (std::size_t r = 0; r < 5; ++r) expected += reference::RowLoss(loss, reference::Rows(x)[r], y.row(r));
        EXPECT_NEAR(sum.loss, expected, 1e-5) << Name(loss) << ' ' << outputs << ' ' << target.name();
        EXPECT_EQ(sum.rows, 5u);
      }
    }
  }
}

TEST(LossTest, GradientEqualsCentralDifferences) {
  constexpr double kStep = 1e-5;
  for (const Loss loss : kLosses) {
    for (const std::size_t outputs : {1u, 3u, 16u, 21u}) {
      const Tensor x = RandomTensor(3, {outputs}, 3);
      const Tensor y = RandomTarget(loss, 3, outputs, 4);
      Tensor gradient;
      Evaluate(loss, x, y, &gradient);
      ASSERT_EQ(gradient.values().size(), x.values().size());
      for (std::size_t r = 0; r < 3; ++r) {
        reference::Row row = reference::Rows(x)[r];
        for (std::size_t j = 0; j < outputs; ++j) {
          const double at = row[j];
          row[j] = at + kStep;
          const double above = reference::RowLoss(loss, row, y.row(r));
          row[j] = at - kStep;
          const double below = reference::RowLoss(loss, row, y.row(r));
          row[j] = at;
          EXPECT_NEAR(gradient.row(r)[j], (above - below) / (2 * kStep) / 3, 1e-6) << Name(loss) << ' ' << outputs;
        }
      }
    }
  }
}

// exp overflows past 88 and vanishes below -104.
TEST(LossTest, LargeLogitsNeitherOverflowNorVanish) {
  Tensor gradient;
  const LossSum right = Evaluate(Loss::kSoftmaxCrossEntropy, RowTensor({1000, -1000, 0}), RowTensor({0}), &gradient);
  EXPECT_EQ(right.loss, 0.0);
  EXPECT_EQ(gradient.row(0)[0], 0.0f);
  const LossSum wrong = Evaluate(Loss::kSoftmaxCrossEntropy, RowTensor({1000, -1000, 0}), RowTensor({1}), &gradient);
  EXPECT_EQ(wrong.loss, 2000.0);
  EXPECT_EQ(gradient.row(0)[1], -1.0f);

  const LossSum binary =
      Evaluate(Loss::kBinaryCrossEntropy, RowTensor({1000, -1000, 1000, -1000}), RowTensor({1, 0, 0, 1}), &gradient);
  EXPECT_EQ(binary.loss, 500.0);
  EXPECT_EQ(gradient.row(0)[0], 0.0f);
  EXPECT_EQ(gradient.row(0)[2], 0.25f);
  EXPECT_EQ(gradient.row(0)[3], -0.25f);
}

TEST(LossTest, SmallBinaryLossesKeepTheirDigits) {
  const LossSum sum = Evaluate(Loss::kBinaryCrossEntropy, RowTensor({20}), RowTensor({1}), nullptr);
  EXPECT_NEAR(sum.loss / std::log1p(std::exp(-20.0)), 1.0, 1e-5);
}

TEST(LossTest, NaNReachesTheLoss) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Tensor gradient;
  for (const Loss loss : kLosses) {
    for (std::size_t at = 0; at < 19; ++at) {
      Tensor x(1, {19});
      x.row(0)[at] = nan;
      const Tensor y = RandomTarget(loss, 1, 19, 1);
      EXPECT_TRUE(std::isnan(Evaluate(loss, x, y, &gradient).loss)) << Name(loss) << ' ' << at;
      EXPECT_TRUE(std::isnan(gradient.row(0)[at])) << Name(loss) << ' ' << at;
    }
  }
}

Tensor Matrix(std::size_t cols, const std::vector<float>& values) {
  Tensor x(values.size() / cols, {cols});
  std::ranges::copy(values, x.data());
  return x;
}

struct PyTorchCase {
  Loss loss;
  LossOptions options;
  Tensor output, target;
  double value;
  std::vector<float> gradient;
};

// What PyTorch 1.13.1 says of cross_entropy(label_smoothing=0.2), huber_loss(delta=0.75), and gaussian_nll_loss with
// exp(s) as the variance.
std::vector<PyTorchCase> PyTorchCases() {
  std::vector<PyTorchCase> cases;
  cases.push_back({Loss::kSoftmaxCrossEntropy,
                   {.label_smoothing = 0.2},
                   Matrix(3, {1.5f, -2, 0.25f, 0.5f, 3, -1}),
                   Matrix(1, {2, 1}),
                   1.0604023933410645,
                   {0.3464032709598541f, -0.02186628431081772f, -0.3245369791984558f, 0.003964446485042572f,
                    0.021046608686447144f, -0.025011077523231506f}});
  // Of two rows with three positions each: cross_entropy(x.transpose(1, 2), y, label_smoothing=0.2).
  PyTorchCase sequences{
      Loss::kSoftmaxCrossEntropy,
      {.label_smoothing = 0.2},
      Tensor(2, {3, 4}),
      Matrix(3, {2, 0, 1, 3, 1, 0}),
      1.302304983139038,
      {0.09060321748256683f,    -0.005345709156244993f, -0.11332088708877563f,  0.028063390403985977f,
       0.00035839263000525534f, -0.005732053425163031f, 0.006635998375713825f,  -0.0012623221846297383f,
       0.001058312482200563f,   -0.02725299820303917f,  0.03375710919499397f,   -0.007562420330941677f,
       0.011839939281344414f,   0.017569661140441895f,  -0.003832068294286728f, -0.025577520951628685f,
       0.033333342522382736f,   -0.10000000894069672f,  0.033333342522382736f,  0.033333342522382736f,
       -0.12667067348957062f,   0.032430026680231094f,  0.10247296839952469f,   -0.008232291787862778f}};
  std::ranges::copy(std::vector<float>{1.5f, -2,  .25f,   .5f, 3, -1, .75f, 0, -.5f, 2, 1, -3,
                                       .25f, .5f, -1.25f, 2,   0, 0,  0,    0, 1,    2, 3, -4},
                    sequences.output.data());
  cases.push_back(std::move(sequences));
  cases.push_back({Loss::kHuber,
                   {.delta = 0.75},
                   Matrix(3, {1.5f, -2, 0.25f, 0.5f, 3, -1}),
                   Matrix(3, {1, 1, 0.5f, 2, 2.75f, -1}),
                   0.5,
                   {0.0833333358168602f, -0.125f, -0.0416666679084301f, -0.125f, 0.0416666679084301f, 0}});
  cases.push_back({Loss::kGaussianNegativeLogLikelihood,
                   {},
                   Matrix(4, {1.5f, -2, 0.5f, -1, 0.5f, 3, -2, 1}),
                   Matrix(2, {1, 1, 2, 2.75f}),
                   4.970567226409912,
                   {0.0758163332939148f, -2.0387113094329834f, 0.1060459166765213f, -2.9330670833587646f,
                    -2.7708959579467773f, 0.022992465645074844f, -1.953171968460083f, 0.12212593853473663f}});
  return cases;
}

TEST(LossTest, EqualsPyTorchs) {
  for (const PyTorchCase& c : PyTorchCases()) {
    Tensor gradient;
    const LossSum sum = Evaluate(c.loss, c.output, c.target, &gradient, {}, c.options);
    EXPECT_NEAR(sum.mean_loss(), c.value, 1e-6 * c.value) << Name(c.loss);
    for (std::size_t i = 0; i < c.gradient.size(); ++i) {
      EXPECT_NEAR(gradient.data()[i], c.gradient[i], 1e-6) << Name(c.loss) << ' ' << i;
    }
    EXPECT_EQ(Evaluate(c.loss, c.output, c.target, nullptr, {}, c.options).loss, sum.loss);
  }
}

TEST(LossTest, GradientsOfLossesWithOptionsEqualCentralDifferences) {
  constexpr float kStep = 1.0f / 128;  // Large, as outputs are float; the error is that of its square.
  for (const PyTorchCase& c : PyTorchCases()) {
    for (std::size_t i = 0; i < c.gradient.size(); ++i) {
      const auto loss_at = [&](float change) {
        Tensor moved = c.output.Clone();
        moved.data()[i] += change;
        return Evaluate(c.loss, moved, c.target, nullptr, {}, c.options).mean_loss();
      };
      EXPECT_NEAR((loss_at(kStep) - loss_at(-kStep)) / (2 * kStep), c.gradient[i], 1e-4) << Name(c.loss) << ' ' << i;
    }
  }
}

TEST(LossTest, NaNReachesLossesWithOptions) {
  for (const PyTorchCase& c : PyTorchCases()) {
    for (std::size_t i = 0; i < c.output.cols(); ++i) {
      Tensor output = c.output.Clone(), gradient;
      output.data()[i] = std::numeric_limits<float>::quiet_NaN();
      EXPECT_TRUE(std::isnan(Evaluate(c.loss, output, c.target, &gradient, {}, c.options).loss));
      EXPECT_TRUE(std::isnan(gradient.data()[i]));
    }
  }
}

TEST(LossTest, ChecksOptions) {
  const auto error_of = [](const LossOptions& options) -> std::string {
    try {
      CheckLossOptions(options);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(error_of({}), "");
  EXPECT_EQ(error_of({.label_smoothing = 1}), "label_smoothing: got 1, expected a number in [0, 1)");
  EXPECT_EQ(error_of({.delta = 0}), "delta: got 0, expected a number > 0");
  EXPECT_NE(error_of({.delta = std::nan("")}), "");
}

TEST(LossTest, CountsCorrectRows) {
  Tensor logits(3, {3});
  const float values[] = {1, 2, 3, 5, 5, 1, -1, -2, -3};
  std::copy(std::begin(values), std::end(values), logits.data());
  Tensor labels(3, {1});
  labels.row(0)[0] = 2;  // The largest.
  labels.row(1)[0] = 1;  // As large, but not the first.
  labels.row(2)[0] = 2;
  EXPECT_EQ(Evaluate(Loss::kSoftmaxCrossEntropy, logits, labels, nullptr).correct, 1u);

  Tensor sides(3, {3});
  const float targets[] = {1, 1, 1, 1, 0, 1, 0, 0, 0};
  std::copy(std::begin(targets), std::end(targets), sides.data());
  EXPECT_EQ(Evaluate(Loss::kBinaryCrossEntropy, logits, sides, nullptr).correct, 2u);
}

// A sample of T positions counts as one row, and as T predictions.
TEST(LossTest, PositionsAreAsSamplesOfTheirOwn) {
  const Tensor sequences = RandomTensor(4, {5, 7}, 1), labels = RandomTarget(Loss::kSoftmaxCrossEntropy, 4, {5, 7}, 2);
  Tensor apart(20, {7}), labels_apart(20, {1}), gradient, gradient_apart;
  std::ranges::copy(sequences.values(), apart.data());
  std::ranges::copy(labels.values(), labels_apart.data());
  const LossSum sum = Evaluate(Loss::kSoftmaxCrossEntropy, sequences, labels, &gradient);
  const LossSum sum_apart = Evaluate(Loss::kSoftmaxCrossEntropy, apart, labels_apart, &gradient_apart);
  EXPECT_NEAR(sum.mean_loss(), sum_apart.mean_loss(), 1e-12);
  EXPECT_EQ(sum.correct, sum_apart.correct);
  EXPECT_GT(sum.correct, 0u);
  EXPECT_EQ(sum.accuracy(), sum_apart.accuracy());
  EXPECT_EQ(sum.rows, 4u);
  EXPECT_EQ(sum.predictions, 20u);
  EXPECT_EQ(gradient.sample_shape(), (Shape{5, 7}));
  EXPECT_TRUE(std::ranges::equal(gradient.values(), gradient_apart.values()));
}

TEST(LossTest, Positions) {
  EXPECT_EQ(Positions(Loss::kSoftmaxCrossEntropy, {5, 7}), 5u);
  EXPECT_EQ(Positions(Loss::kSoftmaxCrossEntropy, {7}), 1u);
  EXPECT_EQ(Positions(Loss::kBinaryCrossEntropy, {5, 7}), 1u);
}

TEST(LossTest, SumsAdd) {
  LossSum a{.loss = 1.5, .correct = 1, .predictions = 6, .rows = 2};
  a.Add({.loss = 0.5, .correct = 1, .predictions = 2, .rows = 2});
  EXPECT_EQ(a.mean_loss(), 0.5);
  EXPECT_EQ(a.accuracy(), 0.25);
}

TEST(LossTest, NamesReadBack) {
  for (const Loss loss : kLosses) EXPECT_EQ(ParseLoss(Name(loss)), loss);
  for (const Loss loss : {Loss::kHuber, Loss::kGaussianNegativeLogLikelihood}) EXPECT_EQ(ParseLoss(Name(loss)), loss);
  try {
    ParseLoss("hinge");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(
        error.what(),
        "loss: got \"hinge\", expected one of softmax_cross_entropy, binary_cross_entropy, mean_squared_error, huber, "
        "gaussian_negative_log_likelihood");
  }
}

std::string TargetError(Loss loss, const Shape& outputs, const std::vector<float>& values, std::size_t cols) {
  Tensor target(values.size() / cols, {cols});
  std::copy(values.begin(), values.end(), target.data());
  try {
    CheckTarget(loss, outputs, target, "train.csv");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(LossTest, ChecksTargets) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(TargetError(Loss::kSoftmaxCrossEntropy, {3}, {0, 1, 2}, 1), "");
  EXPECT_EQ(TargetError(Loss::kSoftmaxCrossEntropy, {3}, {0, 3}, 1),
            "train.csv: row 1 has 3, expected a class from 0 to 2");
  EXPECT_NE(TargetError(Loss::kSoftmaxCrossEntropy, {3}, {0.5f}, 1), "");
  EXPECT_NE(TargetError(Loss::kSoftmaxCrossEntropy, {3}, {-1}, 1), "");
  EXPECT_NE(TargetError(Loss::kSoftmaxCrossEntropy, {3}, {nan}, 1), "");
  EXPECT_EQ(TargetError(Loss::kSoftmaxCrossEntropy, {3}, {0, 1, 0}, 3),
            "train.csv: got 3 columns, expected 1 for softmax_cross_entropy with 3 outputs");
  EXPECT_EQ(TargetError(Loss::kSoftmaxCrossEntropy, {3, 2}, {0, 1, 1}, 3), "");
  EXPECT_EQ(TargetError(Loss::kSoftmaxCrossEntropy, {3, 2}, {0, 1, 2}, 3),
            "train.csv: row 0 has 2, expected a class from 0 to 1");
  EXPECT_EQ(TargetError(Loss::kSoftmaxCrossEntropy, {3, 2}, {0, 1}, 1),
            "train.csv: got 1 columns, expected 3 for softmax_cross_entropy with 3x2 outputs");
  EXPECT_EQ(TargetError(Loss::kSoftmaxCrossEntropy, {3, 1, 1}, {0, 1}, 1),
            "loss: softmax_cross_entropy with outputs of shape 3x1x1, expected one dimension, of classes, or two, of "
            "positions and classes");
  EXPECT_EQ(TargetError(Loss::kBinaryCrossEntropy, {2}, {0, 1}, 2), "");
  EXPECT_EQ(TargetError(Loss::kBinaryCrossEntropy, {2}, {0, 1.5}, 2),
            "train.csv: row 0 has 1.5, expected a number in [0, 1]");
  EXPECT_NE(TargetError(Loss::kBinaryCrossEntropy, {2}, {0, nan}, 2), "");
  EXPECT_EQ(TargetError(Loss::kMeanSquaredError, {2}, {-5, 100}, 2), "");
  EXPECT_NE(TargetError(Loss::kMeanSquaredError, {2}, {nan, 1}, 2), "");
  EXPECT_EQ(TargetError(Loss::kGaussianNegativeLogLikelihood, {2}, {-5, 100}, 1), "");
  EXPECT_EQ(TargetError(Loss::kGaussianNegativeLogLikelihood, {3}, {-5}, 1),
            "loss: gaussian_negative_log_likelihood with 3 outputs, expected an even number: means, then logarithms of "
            "variances");
}

}  // namespace
}  // namespace fallow::nn
