// Are masks random? The keep rate alone does not tell: two published dropout kernels pass it although one drops aligned
// groups of four elements together, and the other shares most of its bits between adjacent seeds. Correlations do.
//
// Bounds. If elements are kept independently with probability q, then for a mask of n elements
//   the number kept has mean nq and variance nq(1 - q);
//   with z_i = (keep(i) - q) / sqrt(q(1 - q)), of mean 0 and variance 1, the sum over m pairs of z_i * z'_j has mean 0
//   and variance m, because the products of different pairs are uncorrelated even where pairs share an element.
// Both sums are nearly normal at these m, so |sum| / sqrt(variance) exceeds 5 with probability 5.7e-7. The roughly
// 4,000 checks here would all pass for 99.8 % of good generators; seeds are fixed, so this one passes always or never.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "fallow/mask.h"

namespace fallow {
namespace {

constexpr double kMaxZ = 5.0;
constexpr std::size_t kCount = std::size_t{1} << 20;
constexpr double kRates[] = {0.1, 0.5, 0.75, 0.9};
// Neighbours, then the widths of a word, two words and a block, where a layout error would show.
constexpr std::size_t kLags[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 32, 64, 96, 128, 256, 1024};

using Mask = std::vector<std::uint8_t>;
using MaskView = std::span<const std::uint8_t>;

Mask Generate(double p, const MaskKey& key) {
  Mask mask(kCount);
  const Status status = GenerateMask({Rate(p), key}, kCount, MaskFormat::kBytes, mask);
  EXPECT_TRUE(status.ok()) << status.Message();
  return mask;
}

double KeepProbability(double p) { return static_cast<double>(Rate(p).threshold()) * 0x1p-32; }

double Kept(MaskView mask) { return std::accumulate(mask.begin(), mask.end(), 0.0); }

double KeepRateZ(MaskView mask, double q) {
  const auto n = static_cast<double>(mask.size());
  return (Kept(mask) - n * q) / std::sqrt(n * q * (1 - q));
}

// Of the pairs (a[i], b[i + lag]). The sum of z * z' is multiplied out into three counts.
double CorrelationZ(MaskView a, MaskView b, std::size_t lag, double q) {
  const MaskView from = a.first(a.size() - lag);
  const MaskView to = b.subspan(lag);
  std::size_t both = 0;
  for (std::size_t i = 0; i < from.size(); ++i) both += from[i] & to[i];
  const auto pairs = static_cast<double>(from.size());
  const double sum = static_cast<double>(both) - q * (Kept(from) + Kept(to)) + pairs * q * q;
  return sum / (q * (1 - q)) / std::sqrt(pairs);
}

void ExpectUncorrelatedWithItself(MaskView mask, double q) {
  for (const std::size_t lag : kLags) EXPECT_LT(std::abs(CorrelationZ(mask, mask, lag, q)), kMaxZ) << "lag " << lag;
}

void ExpectUncorrelated(MaskView a, MaskView b, double q) {
  EXPECT_LT(std::abs(CorrelationZ(a, b, 0, q)), kMaxZ) << "lag 0";
  for (const std::size_t lag : kLags) {
    EXPECT_LT(std::abs(CorrelationZ(a, b, lag, q)), kMaxZ) << "lag " << lag;
    EXPECT_LT(std::abs(CorrelationZ(b, a, lag, q)), kMaxZ) << "lag -" << lag;
  }
}

class MaskStatisticsTest : public testing::TestWithParam<Rounds> {
 protected:
  // Adjacent in what a caller varies: seed, stream (a step or a layer), part of the tensor.
  MaskKey key() const { return {.seed = 2026, .stream = StreamOf(1, 1), .rounds = GetParam()}; }
  MaskKey WithSeed(std::uint64_t seed) const { return {.seed = seed, .stream = key().stream, .rounds = GetParam()}; }
  MaskKey WithStream(std::uint64_t stream) const { return {.seed = 2026, .stream = stream, .rounds = GetParam()}; }
  MaskKey WithFirst(std::uint64_t first) const {
    return {.seed = 2026, .stream = key().stream, .first_element = first, .rounds = GetParam()};
  }

  void ExpectUncorrelatedWith(const MaskKey& other) const {
    for (const double p : kRates) {
      SCOPED_TRACE(testing::Message() << "p " << p);
      ExpectUncorrelated(Generate(p, key()), Generate(p, other), KeepProbability(p));
    }
  }
};

TEST_P(MaskStatisticsTest, KeepRate) {
  for (const double p : {0.001, 0.1, 0.25, 0.3, 0.5, 0.75, 0.9, 0.999}) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      EXPECT_LT(std::abs(KeepRateZ(Generate(p, WithSeed(seed)), KeepProbability(p))), kMaxZ) << p << ", seed " << seed;
    }
  }
}

// Every position in a block has its own bit of the Philox output.
TEST_P(MaskStatisticsTest, KeepRateOfEveryPositionInABlock) {
  constexpr std::size_t kBlock = 128;
  for (const double p : kRates) {
    const Mask mask = Generate(p, key());
    for (std::size_t position = 0; position < kBlock; ++position) {
      Mask column;
      for (std::size_t i = position; i < mask.size(); i += kBlock) column.push_back(mask[i]);
      EXPECT_LT(std::abs(KeepRateZ(column, KeepProbability(p))), kMaxZ) << p << ", position " << position;
    }
  }
}

TEST_P(MaskStatisticsTest, NoCorrelationInsideAMask) {
  for (const double p : kRates) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      SCOPED_TRACE(testing::Message() << "p " << p << ", seed " << seed);
      ExpectUncorrelatedWithItself(Generate(p, WithSeed(seed)), KeepProbability(p));
    }
  }
}

TEST_P(MaskStatisticsTest, NoCorrelationBetweenAdjacentSeeds) {
  ExpectUncorrelatedWith(WithSeed(2027));
  ExpectUncorrelatedWith(WithSeed(2026 + (std::uint64_t{1} << 32)));
}

TEST_P(MaskStatisticsTest, NoCorrelationBetweenAdjacentStepsAndLayers) {
  ExpectUncorrelatedWith(WithStream(StreamOf(1, 2)));
  ExpectUncorrelatedWith(WithStream(StreamOf(2, 1)));
}

TEST_P(MaskStatisticsTest, NoCorrelationBetweenPartsOfATensor) {
  ExpectUncorrelatedWith(WithFirst(kCount));
  ExpectUncorrelatedWith(WithFirst(std::uint64_t{1} << 39));  // Block 2^32.
}

INSTANTIATE_TEST_SUITE_P(, MaskStatisticsTest, testing::Values(Rounds::k10, Rounds::k7), [](const auto& param_info) {
  return param_info.param == Rounds::k10 ? "Rounds10" : "Rounds7";
});

// The two published defects, rebuilt: both have the right keep rate, and the correlations above tell them.
TEST(MaskStatisticsPowerTest, GroupsOfFourThatShareTheirFateAreSeen) {
  const Mask good = Generate(0.5, {});
  Mask grouped(good.size());
  for (std::size_t i = 0; i < grouped.size(); ++i) grouped[i] = good[i - i % 4];
  EXPECT_LT(std::abs(KeepRateZ(grouped, 0.5)), 2 * kMaxZ);
  for (const std::size_t lag : {1, 2, 3}) EXPECT_GT(CorrelationZ(grouped, grouped, lag, 0.5), 100) << lag;
}

TEST(MaskStatisticsPowerTest, SeedsThatShareLanesAreSeen) {
  const Mask one = Generate(0.5, {.seed = 1});
  Mask next = Generate(0.5, {.seed = 2});
  // Of eight lanes, seven hold what the lane beside them holds under the other seed.
  for (std::size_t i = 0; i + 1 < next.size(); ++i) {
    if (i % 8 != 7) next[i] = one[i + 1];
  }
  EXPECT_LT(std::abs(KeepRateZ(next, 0.5)), kMaxZ);
  EXPECT_GT(CorrelationZ(next, one, 1, 0.5), 100);
}

}  // namespace
}  // namespace fallow
