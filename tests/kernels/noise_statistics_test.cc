// Are the normals normal, and independent?
//
// Bounds. A statistic is divided by its standard deviation for independent standard normals, and by then nearly normal
// itself at these sizes: beyond 5 with probability 5.7e-7. The moments that are needed: E z^2 = 1, E z^4 = 3, E z^6 =
// 15, E z^8 = 105, so that
//   z        has mean 0 and variance 1           z^3  has mean 0 and variance 15
//   z^2 - 1  has mean 0 and variance 2           z^4 - 3  has mean 0 and variance 105 - 9 = 96
// and a product of two such, of different elements, has mean 0 and the product of their variances; such products are
// uncorrelated even where they share an element. About 1,000 statistics are looked at, so that 99.9 % of good
// generators would pass them all; seeds are fixed, so this one passes always or never.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fallow/concrete_dropout.h"
#include "fallow/gaussian.h"
#include "fallow/random.h"

namespace fallow {
namespace {

using Numbers = std::vector<float>;
using View = std::span<const float>;

constexpr double kMaxZ = 5.0;
constexpr std::size_t kCount = std::size_t{1} << 18;
// Neighbours, the partner of a pair at 1, and the lengths of vectors, of two, and of the buffers of words.
constexpr std::size_t kLags[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 32, 64, 128, 1024, 2048};

Numbers Normals(const MaskKey& key) {
  Numbers z(kCount);
  const Status status = GenerateNormals(key, z);
  EXPECT_TRUE(status.ok()) << status.Message();
  return z;
}

Numbers Uniforms(const MaskKey& key) {
  Numbers u(kCount);
  const Status status = GenerateUniforms(key, u);
  EXPECT_TRUE(status.ok()) << status.Message();
  return u;
}

// The sum of function(x) over its standard deviation, for a function of mean 0.
template <class Function>
double SumZ(View x, double variance, const Function& function) {
  double sum = 0;
  for (const float value : x) sum += function(static_cast<double>(value));
  return sum / std::sqrt(variance * static_cast<double>(x.size()));
}

void ExpectMomentsOfNormal(View z) {
  EXPECT_LT(std::abs(SumZ(z, 1, [](double v) { return v; })), kMaxZ) << "mean";
  EXPECT_LT(std::abs(SumZ(z, 2, [](double v) { return v * v - 1; })), kMaxZ) << "variance";
  EXPECT_LT(std::abs(SumZ(z, 15, [](double v) { return v * v * v; })), kMaxZ) << "skewness";
  EXPECT_LT(std::abs(SumZ(z, 96, [](double v) { return v * v * v * v - 3; })), kMaxZ) << "kurtosis";
}

double NormalBelow(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

// Pearson's statistic of equally likely cells, to which `cell` sends each number, made normal by Wilson and Hilferty.
template <class Cell>
double ChiSquareZ(View x, std::size_t cells, const Cell& cell) {
  std::vector<std::size_t> counts(cells);
  for (const float value : x) ++counts[std::min(cells - 1, static_cast<std::size_t>(cell(value)))];
  const double expected = static_cast<double>(x.size()) / static_cast<double>(cells);
  double statistic = 0;
  for (const std::size_t count : counts) {
    const double difference = static_cast<double>(count) - expected;
    statistic += difference * difference / expected;
  }
  const double freedom = static_cast<double>(cells - 1);
  const double variance = 2 / (9 * freedom);
  return (std::cbrt(statistic / freedom) - (1 - variance)) / std::sqrt(variance);
}

// The largest difference of the distribution from Phi, times the root of the size: above 2.8 with probability
// 2 exp(-2 * 2.8^2) = 3e-7 (Kolmogorov and Smirnov).
double KolmogorovSmirnov(Numbers z) {
  std::ranges::sort(z);
  const auto n = static_cast<double>(z.size());
  double largest = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    const double below = NormalBelow(z[i]);
    const auto rank = static_cast<double>(i);
    largest = std::max({largest, below - rank / n, (rank + 1) / n - below});
  }
  return largest * std::sqrt(n);
}

// Of a[i] and b[i + lag], and of their squares.
void ExpectUncorrelatedAt(View a, View b, std::size_t lag) {
  const std::size_t pairs = a.size() - lag;
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 0; i < pairs; ++i) {
    const double x = a[i];
    const double y = b[i + lag];
    sum += x * y;
    squares += (x * x - 1) * (y * y - 1);
  }
  EXPECT_LT(std::abs(sum) / std::sqrt(static_cast<double>(pairs)), kMaxZ) << "lag " << lag;
  EXPECT_LT(std::abs(squares) / std::sqrt(4 * static_cast<double>(pairs)), kMaxZ) << "squares, lag " << lag;
}

void ExpectUncorrelated(View a, View b) {
  ExpectUncorrelatedAt(a, b, 0);
  for (const std::size_t lag : kLags) {
    ExpectUncorrelatedAt(a, b, lag);
    ExpectUncorrelatedAt(b, a, lag);
  }
}

class NoiseStatisticsTest : public testing::TestWithParam<Rounds> {
 protected:
  static MaskKey key() { return {.seed = 2026, .stream = StreamOf(1, 1), .rounds = GetParam()}; }
};

TEST_P(NoiseStatisticsTest, MomentsOfNormals) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE(seed);
    ExpectMomentsOfNormal(Normals({.seed = seed, .rounds = GetParam()}));
  }
}

// Cosines and sines, of both pairs of a block.
TEST_P(NoiseStatisticsTest, MomentsOfEveryPositionInABlock) {
  const Numbers z = Normals(key());
  for (std::size_t position = 0; position < 4; ++position) {
    SCOPED_TRACE(position);
    Numbers column;
    for (std::size_t i = position; i < z.size(); i += 4) column.push_back(z[i]);
    ExpectMomentsOfNormal(column);
  }
}

TEST_P(NoiseStatisticsTest, DistributionOfNormals) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const Numbers z = Normals({.seed = seed, .rounds = GetParam()});
    EXPECT_LT(KolmogorovSmirnov(z), 2.8) << seed;
    for (const std::size_t cells : {16, 256, 4096}) {
      const auto scale = static_cast<double>(cells);
      const double chi = ChiSquareZ(z, cells, [&](double v) { return NormalBelow(v) * scale; });
      EXPECT_LT(std::abs(chi), kMaxZ) << seed << ", " << cells << " cells";
    }
  }
}

TEST_P(NoiseStatisticsTest, TailsOfNormals) {
  Numbers all;
  for (std::uint64_t stream = 0; stream < 64; ++stream) {
    const Numbers z = Normals({.seed = 1, .stream = stream, .rounds = GetParam()});
    all.insert(all.end(), z.begin(), z.end());
  }
  for (const double limit : {2.0, 3.0, 4.0, 5.0}) {  // Above 5, five are expected.
    const double p = NormalBelow(-limit);
    const auto indicator = [&](double sign) { return [=](double v) { return (sign * v > limit ? 1 : 0) - p; }; };
    EXPECT_LT(std::abs(SumZ(all, p * (1 - p), indicator(1))), kMaxZ) << "above " << limit;
    EXPECT_LT(std::abs(SumZ(all, p * (1 - p), indicator(-1))), kMaxZ) << "below -" << limit;
  }
}

// Pairs of neighbours fall evenly into the cells of a square.
TEST_P(NoiseStatisticsTest, PairsOfNormals) {
  const Numbers z = Normals(key());
  for (const std::size_t first : {0, 1}) {
    Numbers cells;
    for (std::size_t i = first; i + 1 < z.size(); i += 2) {
      const double row = std::floor(NormalBelow(z[i]) * 64);
      cells.push_back(static_cast<float>(row * 64 + std::floor(NormalBelow(z[i + 1]) * 64)));
    }
    EXPECT_LT(std::abs(ChiSquareZ(cells, 4096, [](float cell) { return cell; })), kMaxZ) << first;
  }
}

TEST_P(NoiseStatisticsTest, NoCorrelationInsideAStream) {
  const Numbers z = Normals(key());
  for (const std::size_t lag : kLags) ExpectUncorrelatedAt(z, z, lag);
}

TEST_P(NoiseStatisticsTest, NoCorrelationBetweenAdjacentKeys) {
  const Numbers z = Normals(key());
  MaskKey seed = key();
  MaskKey step = key();
  MaskKey layer = key();
  MaskKey high = key();
  MaskKey part = key();
  seed.seed += 1;
  step.stream += 1;
  layer.stream = StreamOf(2, 1);
  high.seed |= std::uint64_t{1} << 32;
  part.first_element += kCount;
  for (const MaskKey& other : {seed, step, layer, high, part}) {
    SCOPED_TRACE(testing::Message() << "seed " << other.seed << ", stream " << other.stream);
    ExpectUncorrelated(z, Normals(other));
  }
}

// One key may serve a mask and noise.
TEST_P(NoiseStatisticsTest, NoCorrelationWithTheMask) {
  const Numbers z = Normals(key());
  std::vector<std::uint8_t> mask(kCount);
  ASSERT_TRUE(GenerateMask({Rate(0.5), key()}, kCount, MaskFormat::kBytes, mask).ok());
  Numbers kept;
  for (const std::uint8_t keep : mask) kept.push_back(keep != 0 ? 1.0f : -1.0f);  // Of variance 1.
  ExpectUncorrelated(z, kept);
}

TEST_P(NoiseStatisticsTest, Uniforms) {
  Numbers u = Uniforms(key());
  for (const std::size_t cells : {16, 256, 4096}) {
    const auto scale = static_cast<double>(cells);
    EXPECT_LT(std::abs(ChiSquareZ(u, cells, [&](double v) { return v * scale; })), kMaxZ) << cells << " cells";
  }
  EXPECT_LT(std::abs(SumZ(u, 1.0 / 12, [](double v) { return v - 0.5; })), kMaxZ) << "mean";
  // (u - 1/2)^2 has mean 1/12 and variance 1/80 - 1/144 = 1/180.
  EXPECT_LT(std::abs(SumZ(u, 1.0 / 180, [](double v) { return (v - 0.5) * (v - 0.5) - 1.0 / 12; })), kMaxZ)
      << "variance";
}

// Of ones: mean 1 and the variance of dropout, p / (1 - p).
TEST_P(NoiseStatisticsTest, GaussianDropoutHasTheMomentsOfDropout) {
  const Numbers ones(kCount, 1.0f);
  Numbers y(kCount);
  for (const double p : {0.1, 0.5, 0.9}) {
    ASSERT_TRUE(GaussianDropoutForward(ones, Rate(p), key(), y).ok());
    const double variance = p / (1 - p);
    EXPECT_LT(std::abs(SumZ(y, variance, [](double v) { return v - 1; })), kMaxZ) << p;
    EXPECT_LT(std::abs(SumZ(y, 2, [&](double v) { return (v - 1) * (v - 1) / variance - 1; })), kMaxZ) << p;
  }
}

// More is dropped than kept where log p - log(1 - p) + log u - log(1 - u) > 0, that is u > 1 - p: with probability p.
TEST_P(NoiseStatisticsTest, ConcreteDropoutDropsWithProbabilityP) {
  const Numbers ones(kCount, 1.0f);
  Numbers y(kCount);
  for (const double p : {0.01, 0.1, 0.5, 0.9}) {
    ASSERT_TRUE(ConcreteDropoutForward(ones, {p}, key(), y).ok());
    const double half = 0.5 / (1 - p);
    EXPECT_LT(std::abs(SumZ(y, p * (1 - p), [&](double v) { return (v < half ? 1 : 0) - p; })), kMaxZ) << p;
  }
}

INSTANTIATE_TEST_SUITE_P(, NoiseStatisticsTest, testing::Values(Rounds::k7, Rounds::k10),
                         [](const auto& rounds) { return "Philox" + std::to_string(static_cast<int>(rounds.param)); });

}  // namespace
}  // namespace fallow
