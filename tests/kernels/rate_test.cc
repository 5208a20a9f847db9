#include "fallow/rate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include "tests/support/oracle.h"

namespace fallow {
namespace {

constexpr std::uint64_t kTwoTo32 = std::uint64_t{1} << 32;

// 1 - T / 2^32, and one minus that, are doubles for every T in [0, 2^32]: this rate's threshold can only be T.
Rate RateOfThreshold(std::uint64_t threshold) { return Rate(1.0 - static_cast<double>(threshold) * 0x1p-32); }

// The same threshold, but the factor is q, and it is for inference.
void ExpectOracleAtInference(double p) {
  const Rate rate(p, Scaling::kAtInference);
  ASSERT_EQ(rate.threshold(), oracle::Threshold(p)) << p;
  ASSERT_EQ(rate.scale(), p == 1.0 ? 0.0f : 1.0f) << p;
  ASSERT_EQ(rate.scale_f64(), p == 1.0 ? 0.0 : 1.0) << p;
  ASSERT_EQ(rate.inference_scale(), std::ldexp(static_cast<double>(oracle::Threshold(p)), -32)) << p;
}

void ExpectOracle(double p) {
  const Rate rate(p);
  ASSERT_TRUE(rate.valid()) << p;
  ASSERT_EQ(rate.threshold(), oracle::Threshold(p)) << p;
  ASSERT_EQ(rate.scale(), oracle::Scale(p)) << p;
  ASSERT_EQ(rate.scale_f64(), oracle::ScaleF64(p)) << p;
  ASSERT_EQ(rate.inference_scale(), 1.0) << p;
  ExpectOracleAtInference(p);
}

void ExpectThreshold(std::uint64_t threshold) {
  const Rate rate = RateOfThreshold(threshold);
  ASSERT_EQ(rate.threshold(), threshold);
  ASSERT_EQ(rate.scale(), oracle::ScaleOfThreshold(threshold)) << "threshold " << threshold;
  ASSERT_EQ(rate.scale_f64(), oracle::ScaleF64OfThreshold(threshold)) << "threshold " << threshold;
}

TEST(RateTest, ThresholdsAndScalesWorkedOutByHand) {
  struct Known {
    double p;
    std::uint64_t threshold;
    float scale;
  };
  constexpr Known kKnown[] = {
      {0.0, kTwoTo32, 1.0f},
      {-0.0, kTwoTo32, 1.0f},
      {std::numeric_limits<double>::denorm_min(), kTwoTo32 - 1, 1.0f},  // Never the threshold that keeps all.
      {1e-300, kTwoTo32 - 1, 1.0f},
      {1e-12, kTwoTo32 - 1, 1.0f},
      {0x1p-33, kTwoTo32 - 1, 1.0f},  // 2^32 - 1/2 is a tie, and to even would be 2^32.
      {0x1p-32, kTwoTo32 - 1, 1.0f},
      {3 * 0x1p-33, kTwoTo32 - 2, 1.0f},  // A tie, to even.
      {0.1, 3865470566, 1.1111112f},      // 0.9 * 2^32 = 3865470566.4
      {0.25, 3u << 30, 1.3333334f},
      {0.3, 3006477107, 1.4285715f},  // 0.7 * 2^32 = 3006477107.2
      {0.5, 1u << 31, 2.0f},
      {0.75, 1u << 30, 4.0f},
      {0.9, 429496730, 10.0f},  // 429496729.6; the scale 9.99999999 is 10 as a float.
      {1 - 0x1p-32, 1, 4294967296.0f},
      {1 - 3 * 0x1p-33, 2, 2147483648.0f},  // 1.5 is a tie, to even.
      {1 - 0x1p-33, 1, 4294967296.0f},      // 0.5 is a tie, and to even would be 0.
      {1 - 0x1p-53, 1, 4294967296.0f},      // Never the threshold that keeps nothing.
      {1.0, 0, 0.0f},
  };
  for (const Known& known : kKnown) {
    const Rate rate(known.p);
    EXPECT_TRUE(rate.valid()) << known.p;
    EXPECT_EQ(rate.drop_probability(), known.p);
    EXPECT_EQ(rate.threshold(), known.threshold) << known.p;
    EXPECT_EQ(rate.scale(), known.scale) << known.p;
    EXPECT_EQ(oracle::Threshold(known.p), known.threshold) << known.p;
    EXPECT_EQ(oracle::Scale(known.p), known.scale) << known.p;
  }
}

TEST(RateTest, RandomProbabilitiesEqualTheOracle) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    const double uniform = static_cast<double>(random() >> 11) * 0x1p-53;
    ExpectOracle(uniform);
    ExpectOracle(std::ldexp(uniform, -static_cast<int>(random() % 60)));
    ExpectOracle(1 - std::ldexp(uniform, -static_cast<int>(random() % 60)));
    if (HasFatalFailure()) return;
  }
}

TEST(RateTest, TiesGoToEven) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t below = 1 + random() % (kTwoTo32 - 2);
    const double p = 1.0 - (static_cast<double>(below) + 0.5) * 0x1p-32;
    ASSERT_EQ(Rate(p).threshold(), below + below % 2) << p;
    ExpectOracle(p);
    if (HasFatalFailure()) return;
  }
}

// Dividing in double and converting to float rounds twice, which 17 of the 2^32 thresholds show: those whose 2^32 / T
// is so close to the middle of two floats that the division rounds it there. Five of them; most others are these times
// two or four.
constexpr std::uint64_t kHardThresholds[] = {4026531855, 2004436223, 943201287, 939524103, 1745032969};

TEST(RateTest, ScaleIsRoundedOnceForHardThresholds) {
  for (const std::uint64_t threshold : kHardThresholds) {
    ASSERT_NE(static_cast<float>(0x1p32 / static_cast<double>(threshold)), oracle::ScaleOfThreshold(threshold));
    ExpectThreshold(threshold);
  }
}

TEST(RateTest, ScaleIsRoundedOnceForSmallLargeAndRandomThresholds) {
  std::mt19937_64 random(3);
  for (std::uint64_t i = 0; i < (1u << 17); ++i) {
    ExpectThreshold(i);
    ExpectThreshold(kTwoTo32 - i);
    for (int shift = 0; shift < 32; shift += 4) ExpectThreshold(random() % (kTwoTo32 >> shift));
    if (HasFatalFailure()) return;
  }
}

// Distance of scale * T from 2^32 in units of 2^-24, exactly: a scale has 24 bits, and is at least the float below 1.
__int128 DistanceFromExact(float scale, std::uint64_t threshold) {
  const auto product = static_cast<__int128>(std::ldexp(static_cast<double>(scale), 24)) * threshold;
  const __int128 difference = product - (static_cast<__int128>(kTwoTo32) << 24);
  return difference < 0 ? -difference : difference;
}

void ExpectNoCloserFloat(std::uint64_t threshold) {
  const float scale = oracle::ScaleOfThreshold(threshold);
  const __int128 chosen = DistanceFromExact(scale, threshold);
  ASSERT_LE(chosen, DistanceFromExact(std::nextafter(scale, 0.0f), threshold)) << threshold;
  ASSERT_LE(chosen, DistanceFromExact(std::nextafter(scale, 1e30f), threshold)) << threshold;
}

// Holds the oracle's integer arithmetic to the definition of rounding: no float is closer to 2^32 / T than the scale.
TEST(OracleTest, NoFloatIsCloserThanTheScale) {
  for (const std::uint64_t threshold : kHardThresholds) ExpectNoCloserFloat(threshold);
  std::mt19937_64 random(4);
  for (int i = 0; i < 1'000'000; ++i) {
    ExpectNoCloserFloat(1 + random() % ((kTwoTo32 - 1) >> (i % 32)));
    if (HasFatalFailure()) return;
  }
}

TEST(RateTest, InvalidProbabilitiesAreKeptAndCalledInvalid) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double p : {-0.1, 1.1, kInfinity, -kInfinity, -std::numeric_limits<double>::denorm_min(), 1 + 0x1p-52}) {
    const Rate rate(p);
    EXPECT_FALSE(rate.valid()) << p;
    EXPECT_EQ(rate.drop_probability(), p);
  }
  const Rate nan(std::numeric_limits<double>::quiet_NaN());
  EXPECT_FALSE(nan.valid());
  EXPECT_TRUE(std::isnan(nan.drop_probability()));
}

}  // namespace
}  // namespace fallow
