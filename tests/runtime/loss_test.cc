#include "fallow/nn/loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
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

TEST(LossTest, SumsAdd) {
  LossSum a{.loss = 1.5, .correct = 1, .rows = 2};
  a.Add({.loss = 0.5, .correct = 1, .rows = 2});
  EXPECT_EQ(a.mean_loss(), 0.5);
  EXPECT_EQ(a.accuracy(), 0.5);
}

TEST(LossTest, NamesReadBack) {
  for (const Loss loss : kLosses) EXPECT_EQ(ParseLoss(Name(loss)), loss);
  try {
    ParseLoss("hinge");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(
        error.what(),
        "loss: got \"hinge\", expected one of softmax_cross_entropy, binary_cross_entropy, mean_squared_error");
  }
}

std::string TargetError(Loss loss, std::size_t outputs, const std::vector<float>& values, std::size_t cols) {
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
  EXPECT_EQ(TargetError(Loss::kSoftmaxCrossEntropy, 3, {0, 1, 2}, 1), "");
  EXPECT_EQ(TargetError(Loss::kSoftmaxCrossEntropy, 3, {0, 3}, 1),
            "train.csv: row 1 has 3, expected a class from 0 to 2");
  EXPECT_NE(TargetError(Loss::kSoftmaxCrossEntropy, 3, {0.5f}, 1), "");
  EXPECT_NE(TargetError(Loss::kSoftmaxCrossEntropy, 3, {-1}, 1), "");
  EXPECT_NE(TargetError(Loss::kSoftmaxCrossEntropy, 3, {nan}, 1), "");
  EXPECT_EQ(TargetError(Loss::kSoftmaxCrossEntropy, 3, {0, 1, 0}, 3),
            "train.csv: got 3 columns, expected 1 for softmax_cross_entropy with 3 outputs");
  EXPECT_EQ(TargetError(Loss::kBinaryCrossEntropy, 2, {0, 1}, 2), "");
  EXPECT_EQ(TargetError(Loss::kBinaryCrossEntropy, 2, {0, 1.5}, 2),
            "train.csv: row 0 has 1.5, expected a number in [0, 1]");
  EXPECT_NE(TargetError(Loss::kBinaryCrossEntropy, 2, {0, nan}, 2), "");
  EXPECT_EQ(TargetError(Loss::kMeanSquaredError, 2, {-5, 100}, 2), "");
  EXPECT_NE(TargetError(Loss::kMeanSquaredError, 2, {nan, 1}, 2), "");
}

}  // namespace
}  // namespace fallow::nn
