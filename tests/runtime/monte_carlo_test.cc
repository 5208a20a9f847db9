#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/monte_carlo.h"
#include "tests/runtime/files.h"
#include "tests/runtime/problems.h"
#include "tests/runtime/tensors.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

constexpr std::uint64_t kSeed = 77;
constexpr std::size_t kSamples = 20;
constexpr Loss kLosses[] = {Loss::kSoftmaxCrossEntropy, Loss::kBinaryCrossEntropy, Loss::kMeanSquaredError};

Model MakeModel() { return {Shape{5}, "dense:33:relu,dropout:0.5,dense:17:tanh,dropout:0.1,dense:3", 4}; }

void ExpectSame(const McPrediction& a, const McPrediction& b) {
  EXPECT_TRUE(test::SameBits(a.mean.values(), b.mean.values()));
  EXPECT_TRUE(test::SameBits(a.standard_deviation.values(), b.standard_deviation.values()));
  EXPECT_TRUE(test::SameBits(a.predictive_entropy.values(), b.predictive_entropy.values()));
  EXPECT_TRUE(test::SameBits(a.mutual_information.values(), b.mutual_information.values()));
  ASSERT_EQ(a.quantiles.size(), b.quantiles.size());
  for (std::size_t q = 0; q < a.quantiles.size(); ++q) {
    EXPECT_TRUE(test::SameBits(a.quantiles[q].values(), b.quantiles[q].values()));
  }
}

// Straight from the definitions, in two passes over all samples.
class Reference {
 public:
  Reference(Model& model, const Tensor& x, Loss loss) : loss_(loss) {
    for (std::size_t t = 0; t < kSamples; ++t) {
      const Tensor& output = model.Forward({Mode::kMonteCarlo, kSeed, t, 0, {}}, x);
      samples_.emplace_back();
      for (std::size_t r = 0; r < output.rows(); ++r) samples_.back().push_back(Probabilities(output.row(r)));
    }
  }

  double Mean(std::size_t r, std::size_t j) const {
    double sum = 0;
    for (const auto& sample : samples_) sum += sample[r][j];
    return sum / kSamples;
  }

  double StandardDeviation(std::size_t r, std::size_t j) const {
    double sum = 0;
    for (const auto& sample : samples_) sum += std::pow(sample[r][j] - Mean(r, j), 2);
    return std::sqrt(sum / kSamples);
  }

  double PredictiveEntropy(std::size_t r) const {
    std::vector<double> mean;
    for (std::size_t j = 0; j < samples_[0][r].size(); ++j) mean.push_back(Mean(r, j));
    return Entropy(mean);
  }

  double MutualInformation(std::size_t r) const {
    double sum = 0;
    for (const auto& sample : samples_) sum += Entropy(sample[r]);
    return PredictiveEntropy(r) - sum / kSamples;
  }

 private:
  std::vector<double> Probabilities(std::span<const float> outputs) const {
    std::vector<double> p(outputs.begin(), outputs.end());
    double sum = 0;
    for (const double v : p) sum += std::exp(v);
    for (double& v : p) {
      if (loss_ == Loss::kSoftmaxCrossEntropy) v = std::exp(v) / sum;
      if (loss_ == Loss::kBinaryCrossEntropy) v = 1 / (1 + std::exp(-v));
    }
    return p;
  }

  double Entropy(const std::vector<double>& p) const {
    double sum = 0;
    for (const double v : p) {
      sum -= v * std::log(v);
      if (loss_ == Loss::kBinaryCrossEntropy) sum -= (1 - v) * std::log(1 - v);
    }
    return sum;
  }

  Loss loss_;
  std::vector<std::vector<std::vector<double>>> samples_;  // [t][r][j]
};

TEST(MonteCarloTest, EqualsTheDefinitions) {
  const Tensor x = Clusters(70, 1).x.Clone();
  for (const Loss loss : kLosses) {
    Model model = MakeModel();
    const McPrediction actual = PredictMonteCarlo(model, x, kSamples, kSeed, loss);
    const Reference expected(model, x, loss);
    ASSERT_EQ(actual.mean.rows(), 70u);
    ASSERT_EQ(actual.mean.cols(), 3u);
    for (std::size_t r = 0; r < x.rows(); ++r) {
      for (std::size_t j = 0; j < 3; ++j) {
        EXPECT_NEAR(actual.mean.row(r)[j], expected.Mean(r, j), 1e-6);
        EXPECT_NEAR(actual.standard_deviation.row(r)[j], expected.StandardDeviation(r, j), 1e-6);
      }
      if (loss == Loss::kMeanSquaredError) continue;
      EXPECT_NEAR(actual.predictive_entropy.row(r)[0], expected.PredictiveEntropy(r), 1e-6);
      EXPECT_NEAR(actual.mutual_information.row(r)[0], expected.MutualInformation(r), 1e-6);
      EXPECT_GT(actual.mutual_information.row(r)[0], 0);
    }
    const std::size_t entropies = loss == Loss::kMeanSquaredError ? 0 : 70;
    EXPECT_EQ(actual.predictive_entropy.rows(), entropies);
    EXPECT_EQ(actual.mutual_information.rows(), entropies);
  }
}

// A model with classes at several positions says of each what a model that ends in its outputs alone says.
TEST(MonteCarloTest, PositionsAreAsModelsOfTheirOwn) {
  const Tensor x = RandomTensor(9, {4, 5}, 1);
  Model model({4, 5}, "dropout:0.4,dense_last:3", 2);
  const McPrediction actual = PredictMonteCarlo(model, x, kSamples, kSeed, Loss::kSoftmaxCrossEntropy);
  ASSERT_EQ(actual.mean.sample_shape(), (Shape{4, 3}));
  ASSERT_EQ(actual.predictive_entropy.sample_shape(), Shape{4});
  ASSERT_EQ(actual.mutual_information.sample_shape(), Shape{4});
  for (std::size_t position = 0; position < 4; ++position) {
    Model cut({4, 5}, "dropout:0.4,flatten,dense:3", 2);
    Tensor& weight = cut.parameters()[0].parameter->value;
    std::ranges::fill(weight.values(), 0.0f);
    const std::span<const float> small = model.parameters()[0].parameter->value.values();
    std::ranges::copy(model.parameters()[1].parameter->value.values(), cut.parameters()[1].parameter->value.data());
    for (std::size_t j = 0; j < 3; ++j) std::copy_n(&small[j * 5], 5, weight.data() + j * 20 + position * 5);
    const Reference expected(cut, x, Loss::kSoftmaxCrossEntropy);
    for (std::size_t r = 0; r < x.rows(); ++r) {
      for (std::size_t j = 0; j < 3; ++j) {
        EXPECT_NEAR(actual.mean.row(r)[position * 3 + j], expected.Mean(r, j), 1e-6);
        EXPECT_NEAR(actual.standard_deviation.row(r)[position * 3 + j], expected.StandardDeviation(r, j), 1e-6);
      }
      EXPECT_NEAR(actual.predictive_entropy.row(r)[position], expected.PredictiveEntropy(r), 1e-6);
      EXPECT_NEAR(actual.mutual_information.row(r)[position], expected.MutualInformation(r), 1e-6);
    }
  }
}

// Alone, in a batch, and as plain passes; with a rate of its own, and without dropout.
TEST(MonteCarloTest, Graphs) {
  const Tensor x = RandomTensor(3, {6}, 5), others = RandomTensor(140, {6}, 6);
  for (const char* graph : kGraphs) {
    SCOPED_TRACE(graph);
    Model model(Shape{6}, graph, 4);
    Tensor mean(3, {3});
    for (std::uint64_t t = 0; t < kSamples; ++t) {
      const Tensor& y = model.Forward({Mode::kMonteCarlo, kSeed, t, 0, {}}, x);
      for (std::size_t i = 0; i < 9; ++i) mean.values()[i] += y.values()[i] / kSamples;
    }
    const McRequest request{.x = &x, .samples = kSamples, .seed = kSeed}, other{.x = &others, .samples = 9, .seed = 2};
    const McRequest plain{.x = &x};
    const std::vector<McRequest> batch = {other, request, plain};
    const Loss loss = Loss::kMeanSquaredError;
    const auto together = PredictMonteCarlo(model, batch, loss);
    for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(together[1].mean.values()[i], mean.values()[i], 1e-5);
    ExpectSame(together[1], PredictMonteCarlo(model, {&request, 1}, loss)[0]);
    EXPECT_TRUE(test::SameBits(together[2].mean.values(), model.Forward({}, x).values()));
    EXPECT_TRUE(test::SameBits(PredictMonteCarlo(model, batch, loss, Rate(0))[1].mean.values(),
                               PredictMonteCarlo(model, {&plain, 1}, loss)[0].mean.values()));
  }
}

// Requests of many shapes: rows, samples, seeds.
std::vector<McRequest> SomeRequests(const std::vector<Tensor>& inputs, std::span<const double> quantiles) {
  std::vector<McRequest> requests;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    constexpr std::size_t kSampleCounts[] = {3, 0, 1, 1500, 20, 0, 7, 400};
    requests.push_back({&inputs[i], kSampleCounts[i % std::size(kSampleCounts)], 90 + i / 2,
                        i % 3 == 0 ? quantiles : std::span<const double>()});
  }
  return requests;
}

std::vector<Tensor> SomeInputs() {
  std::vector<Tensor> inputs;
  for (const std::size_t rows : {1, 3, 1, 1, 150, 200, 2, 5, 0, 1}) inputs.push_back(Clusters(rows, 1).x.Clone());
  return inputs;
}

using SharedBatchTest = test::TargetTest;
FALLOW_TEST_EVERY_TARGET(SharedBatchTest);

// Alone on the best target, and with others, in any order, on any.
TEST_P(SharedBatchTest, ChangesNoBit) {
  const std::vector<Tensor> inputs = SomeInputs();
  constexpr double kQuantiles[] = {0.05, 0.5, 1};
  std::vector<McRequest> requests = SomeRequests(inputs, kQuantiles);
  const Model model(Shape{5}, "dense:33:gelu,dropout:0.5,dense:17:tanh,dropout:0.1,dense:18:selu,dense:4", 4);
  for (const Loss loss : {kLosses[0], kLosses[1], kLosses[2], Loss::kGaussianNegativeLogLikelihood}) {
    for (const int threads : {1, 2, 0}) {
      SCOPED_TRACE(testing::Message() << Name(loss) << ", " << threads << " threads");
      const Execution execution{.max_threads = threads, .target = GetParam()};
      const std::vector<McPrediction> together = PredictMonteCarlo(model, requests, loss, {}, execution);
      for (std::size_t i = 0; i < requests.size(); ++i) {
        SCOPED_TRACE(i);
        const McPrediction alone = std::move(PredictMonteCarlo(model, {&requests[i], 1}, loss)[0]);
        ExpectSame(alone, together[i]);
      }
      std::ranges::rotate(requests, requests.begin() + 3);
    }
  }
}

// A prediction of some rows is that of each alone, but for the row numbers that choose masks.
TEST(MonteCarloTest, RowsDoNotDependOnEachOther) {
  const Tensor x = Clusters(301, 2).x.Clone();
  const Model model = MakeModel();
  const McPrediction whole = PredictMonteCarlo(model, x, kSamples, kSeed, kLosses[0]);
  Tensor one(1, Shape{5});
  std::ranges::copy(x.row(0), one.data());
  const McPrediction first = PredictMonteCarlo(model, one, kSamples, kSeed, kLosses[0]);
  EXPECT_TRUE(test::SameBits(first.mean.values(), whole.mean.row(0)));
}

TEST(MonteCarloTest, ARateReplacesThoseOfAllDropouts) {
  const Tensor x = Clusters(40, 2).x.Clone();
  const Model model = MakeModel();
  const Model other({5}, "dense:33:relu,dropout:0.25,dense:17:tanh,dropout:0.25,dense:3", 4);
  const Model none({5}, "dense:33:relu,dropout:0,dense:17:tanh,dropout:0,dense:3", 4);
  const McRequest request{.x = &x, .samples = kSamples, .seed = kSeed};
  const auto predict = [&](const Model& of, std::optional<Rate> rate) {
    return std::move(PredictMonteCarlo(of, {&request, 1}, kLosses[0], rate)[0]);
  };
  ExpectSame(predict(model, Rate(0.25)), predict(other, {}));
  ExpectSame(predict(none, Rate(0.25)), predict(other, {}));
  ExpectSame(predict(model, Rate(0)), predict(none, {}));
}

TEST(MonteCarloTest, Quantiles) {
  const Tensor x = Clusters(3, 2).x.Clone();
  Model model = MakeModel();
  constexpr double kQuantiles[] = {0, 0.05, 0.5, 0.999, 1};
  const McRequest request{.x = &x, .samples = kSamples, .seed = kSeed, .quantiles = kQuantiles};
  const McPrediction prediction = std::move(PredictMonteCarlo(model, {&request, 1}, Loss::kMeanSquaredError)[0]);
  ASSERT_EQ(prediction.quantiles.size(), 5u);
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t j = 0; j < 3; ++j) {
      std::vector<double> samples;
      for (std::size_t t = 0; t < kSamples; ++t) {
        samples.push_back(model.Forward({Mode::kMonteCarlo, kSeed, t, 0, {}}, x).row(r)[j]);
      }
      std::ranges::sort(samples);
      EXPECT_NEAR(prediction.quantiles[0].row(r)[j], samples.front(), 1e-6);
      EXPECT_NEAR(prediction.quantiles[1].row(r)[j], 0.05 * samples[0] + 0.95 * samples[1], 1e-6);  // 0.05 * 19 = 0.95
      EXPECT_NEAR(prediction.quantiles[2].row(r)[j], 0.5 * samples[9] + 0.5 * samples[10], 1e-6);
      EXPECT_NEAR(prediction.quantiles[4].row(r)[j], samples.back(), 1e-6);
    }
  }
}

// The mixture of the samples' normal distributions.
TEST(MonteCarloTest, MeansAndVariancesOfGaussians) {
  constexpr Loss kLoss = Loss::kGaussianNegativeLogLikelihood;
  const Tensor x = Clusters(40, 1).x.Clone();
  Model model(Shape{5}, "dense:33:relu,dropout:0.5,dense:4", 4);
  const McPrediction actual = PredictMonteCarlo(model, x, kSamples, kSeed, kLoss);
  ASSERT_EQ(actual.mean.cols(), 2u);
  EXPECT_EQ(actual.predictive_entropy.rows(), 0u);
  std::vector<Tensor> samples;
  for (std::size_t t = 0; t < kSamples; ++t) {
    samples.push_back(model.Forward({Mode::kMonteCarlo, kSeed, t, 0, {}}, x).Clone());
  }
  for (std::size_t r = 0; r < x.rows(); ++r) {
    for (std::size_t j = 0; j < 2; ++j) {
      double first = 0, second = 0;  // Moments of the mixture.
      for (const Tensor& sample : samples) {
        const double mean = sample.row(r)[j], variance = std::exp(sample.row(r)[2 + j]);
        first += mean / kSamples;
        second += (variance + mean * mean) / kSamples;
      }
      EXPECT_NEAR(actual.mean.row(r)[j], first, 1e-6);
      EXPECT_NEAR(actual.standard_deviation.row(r)[j], std::sqrt(second - first * first), 1e-5);
    }
  }
  // Without dropout, the model's own.
  const McRequest request{.x = &x};
  const McPrediction plain = std::move(PredictMonteCarlo(model, {&request, 1}, kLoss)[0]);
  const Tensor& y = model.Forward({}, x);
  EXPECT_NEAR(plain.mean.row(3)[1], y.row(3)[1], 1e-6);
  EXPECT_NEAR(plain.standard_deviation.row(3)[1], std::exp(y.row(3)[3] / 2), 1e-5);
}

TEST(MonteCarloTest, GaussiansNeedAnEvenNumberOfOutputs) {
  const Model model(Shape{5}, "dense:3", 4);
  EXPECT_THROW(Predict(model, Clusters(2, 1).x, Loss::kGaussianNegativeLogLikelihood), Error);
}

TEST(MonteCarloTest, NaNIsPassedOn) {
  Model identity(Shape{2}, "flatten", 1);
  Tensor x(2, Shape{2});
  x.row(0)[1] = std::numeric_limits<float>::quiet_NaN();
  constexpr double kQuantiles[] = {0, 0.5};
  for (const Loss loss : kLosses) {
    const McRequest request{.x = &x, .samples = 3, .seed = kSeed, .quantiles = kQuantiles};
    const McPrediction prediction = std::move(PredictMonteCarlo(identity, {&request, 1}, loss)[0]);
    EXPECT_TRUE(std::isnan(prediction.mean.row(0)[1]));
    EXPECT_TRUE(std::isnan(prediction.standard_deviation.row(0)[1]));
    EXPECT_TRUE(std::isnan(prediction.quantiles[0].row(0)[1]));
    EXPECT_FALSE(std::isnan(prediction.mean.row(1)[1]));
    if (loss == Loss::kMeanSquaredError) continue;
    EXPECT_TRUE(std::isnan(prediction.predictive_entropy.row(0)[0]));
    EXPECT_TRUE(std::isnan(prediction.mutual_information.row(0)[0]));
  }
}

TEST(MonteCarloTest, SeedsGiveOtherSamples) {
  const Tensor x = Clusters(10, 3).x.Clone();
  Model model = MakeModel();
  const auto mean = [&](std::uint64_t seed) {
    return PredictMonteCarlo(model, x, kSamples, seed, Loss::kSoftmaxCrossEntropy).mean;
  };
  const Tensor one = mean(1), same = mean(1), two = mean(2);
  EXPECT_TRUE(test::SameBits(one.values(), same.values()));
  EXPECT_FALSE(test::SameBits(one.values(), two.values()));
}

TEST(MonteCarloTest, OneSampleOrNoDropoutHasNoSpread) {
  const Tensor x = Clusters(10, 3).x.Clone();
  Model with = MakeModel(), without(Shape{5}, "dense:4:relu,dense:3", 1);
  const auto expect_none = [](const McPrediction& prediction) {
    for (const float sd : prediction.standard_deviation.values()) EXPECT_EQ(sd, 0.0f);
    for (const float information : prediction.mutual_information.values()) EXPECT_LT(information, 1e-12f);
  };
  expect_none(PredictMonteCarlo(with, x, 1, kSeed, Loss::kSoftmaxCrossEntropy));
  const McPrediction sure = PredictMonteCarlo(without, x, 5, kSeed, Loss::kSoftmaxCrossEntropy);
  expect_none(sure);
  EXPECT_TRUE(test::SameBits(sure.mean.values(), Predict(without, x, Loss::kSoftmaxCrossEntropy).values()));
}

// The output is the sample itself, so that the entropies are known; the extremes must not give NaN.
TEST(MonteCarloTest, CertainAndUndecidedOutputs) {
  Model identity(Shape{2}, "flatten", 1);
  Tensor x(2, Shape{2});
  std::ranges::copy(std::vector<float>{1000, -1000, 3, 3}, x.data());
  const McPrediction softmax = PredictMonteCarlo(identity, x, 3, kSeed, Loss::kSoftmaxCrossEntropy);
  EXPECT_EQ(softmax.mean.row(0)[0], 1.0f);
  EXPECT_EQ(softmax.predictive_entropy.row(0)[0], 0.0f);
  EXPECT_FLOAT_EQ(softmax.predictive_entropy.row(1)[0], std::log(2.0f));
  x.row(1)[0] = x.row(1)[1] = 0;
  const McPrediction sigmoid = PredictMonteCarlo(identity, x, 3, kSeed, Loss::kBinaryCrossEntropy);
  EXPECT_EQ(sigmoid.mean.row(0)[1], 0.0f);
  EXPECT_EQ(sigmoid.predictive_entropy.row(0)[0], 0.0f);
  EXPECT_FLOAT_EQ(sigmoid.predictive_entropy.row(1)[0], 2 * std::log(2.0f));
}

TEST(MonteCarloTest, Errors) {
  const Tensor x = Clusters(5, 3).x.Clone();
  Model model = MakeModel(), other(Shape{4}, "dense:3", 1);
  EXPECT_TRUE(Fails([&] { PredictMonteCarlo(model, x, 0, kSeed, kLosses[0]); }, "samples: got 0"));
  EXPECT_TRUE(Fails([&] { PredictMonteCarlo(other, x, 1, kSeed, kLosses[0]); }, "expected 4"));
  EXPECT_TRUE(Fails([&] { Predict(other, x, kLosses[0]); }, "expected 4"));
  constexpr double kTooLarge[] = {0.5, 1.5};
  const McRequest quantiles{.x = &x, .samples = 1, .quantiles = kTooLarge}, good{.x = &x, .samples = 1};
  EXPECT_TRUE(Fails([&] { PredictMonteCarlo(model, {&quantiles, 1}, kLosses[0]); }, "quantiles: got 1.5"));
  EXPECT_TRUE(Fails([&] { PredictMonteCarlo(model, {&good, 1}, kLosses[0], Rate(2)); }, "rate: got 2"));
  const McRequest samples{.x = &x, .samples = std::size_t{1} << 41};
  EXPECT_TRUE(Fails([&] { PredictMonteCarlo(model, {&samples, 1}, kLosses[0]); }, "samples: got 2199023255552"));
}

TEST(MonteCarloTest, NoRows) {
  Model model = MakeModel();
  const McPrediction none = PredictMonteCarlo(model, Tensor(0, Shape{5}), 3, kSeed, kLosses[0]);
  EXPECT_EQ(none.mean.rows(), 0u);
  EXPECT_EQ(Predict(model, Tensor(0, Shape{5}), kLosses[0]).rows(), 0u);
}

TEST(PredictTest, ManyBatchesEqualSingleRows) {
  const Tensor x = Clusters(2100, 4).x.Clone();
  Model model = MakeModel();
  for (const Loss loss : kLosses) {
    const Tensor all = Predict(model, x, loss);
    ASSERT_EQ(all.rows(), x.rows());
    for (const std::size_t r : {0u, 1u, 1023u, 1024u, 2099u}) {
      Tensor one(1, Shape{5});
      std::ranges::copy(x.row(r), one.data());
      SCOPED_TRACE(r);
      EXPECT_TRUE(test::SameBits(Predict(model, one, loss).values(), all.row(r)));
    }
    double sum = 0;
    for (const float p : all.row(5)) sum += p;
    if (loss == Loss::kSoftmaxCrossEntropy) {
      EXPECT_NEAR(sum, 1, 1e-6);
    }
  }
}

}  // namespace
}  // namespace fallow::nn
