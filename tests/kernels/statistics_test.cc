// The statistics themselves: that they count right, and that what they return is standard normal for random bits.
#include "tests/support/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include "tests/support/bit_sequence.h"
#include "tests/support/control_bits.h"

namespace fallow::test {
namespace {

std::vector<std::uint8_t> Bytes(double q, std::uint64_t seed, std::size_t count) {
  std::vector<std::uint8_t> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = ControlBit(q, seed, 0, i);
  return bytes;
}

TEST(BitSequenceTest, HoldsTheBitsAndZerosPastThem) {
  for (const std::size_t size : {1, 63, 64, 65, 200}) {
    const auto bytes = Bytes(0.5, size, size);
    const BitSequence bits = BitSequence::OfBytes(bytes);
    ASSERT_EQ(bits.size(), size);
    std::size_t ones = 0;
    for (std::size_t i = 0; i <= size; ++i) {
      std::uint64_t word = 0;
      for (std::size_t j = i; j < std::min(size, i + 64); ++j) word |= std::uint64_t{bytes[j]} << (j - i);
      EXPECT_EQ(bits.Word(i), word) << i << " of " << size;
      if (i < size) ones += bytes[i];
    }
    EXPECT_EQ(bits.ones(), ones);
    EXPECT_EQ(bits.Complement().ones(), size - ones);
    EXPECT_EQ(bits.Complement().Word(size), 0u);
  }
}

TEST(BitSequenceTest, TakesPackedBitsAndEveryNth) {
  const std::vector<std::uint8_t> packed = {0b10010110, 0b11111101};
  const BitSequence bits(packed, 11);
  EXPECT_EQ(bits.Word(0), 0b101'10010110u);
  EXPECT_EQ(bits.Every(3, 1).size(), 4u);  // Bits 1, 4, 7, 10.
  EXPECT_EQ(bits.Every(3, 1).Word(0), 0b1111u);
}

TEST(StatisticsTest, CorrelationIsThatOfTheDefinition) {
  constexpr double kQ = 0.3;
  const auto a = Bytes(kQ, 1, 300);
  const auto b = Bytes(kQ, 2, 333);
  for (const std::size_t lag : {0, 1, 32, 33, 63, 64, 65, 200, 332}) {
    double sum = 0;
    double pairs = 0;
    for (std::size_t i = 0; i < a.size() && i + lag < b.size(); ++i, ++pairs) sum += (a[i] - kQ) * (b[i + lag] - kQ);
    EXPECT_NEAR(CorrelationZ(BitSequence::OfBytes(a), BitSequence::OfBytes(b), lag, kQ),
                sum / (kQ * (1 - kQ)) / std::sqrt(pairs), 1e-9)
        << lag;
  }
}

TEST(StatisticsTest, ChiSquareIsNearTheTabledQuantiles) {
  // Upper 0.1 % points, and the normal distribution's.
  EXPECT_NEAR(ChiSquareZ(16.266, 3), 3.0902, 0.05);
  EXPECT_NEAR(ChiSquareZ(29.588, 10), 3.0902, 0.02);
  EXPECT_NEAR(ChiSquareZ(149.449, 100), 3.0902, 0.01);
  EXPECT_NEAR(TwoSidedP(3.0902), 0.002, 1e-6);
}

struct Statistic {
  const char* name;
  double (*z)(const BitSequence& bits, double q);
};

constexpr Statistic kStatistics[] = {
    {"Ones", OnesZ},
    {"Autocorrelation", [](const BitSequence& bits, double q) { return CorrelationZ(bits, bits, 5, q); }},
    {"Pairs", [](const BitSequence& bits, double q) { return TuplesZ(bits, 2, q); }},
    {"Eights", [](const BitSequence& bits, double q) { return TuplesZ(bits, 8, q); }},
    {"Gaps", GapsZ},
    {"RunLengths", RunLengthsZ},
    {"RunCount", RunCountZ},
};

// Over m random sequences, the deviates' sum by the square root of m, and the sum of their squares as a chi-square of m
// degrees, are standard normal; beyond 5 once in 1.7 million.
TEST(StatisticsTest, DeviatesAreStandardNormal) {
  constexpr std::uint64_t kSequences = 200;
  constexpr double kMaxZ = 5;
  for (const double q : {0.1, 0.5, 0.9}) {
    std::array<double, std::size(kStatistics)> sums = {};
    std::array<double, std::size(kStatistics)> squares = {};
    for (std::uint64_t seed = 0; seed < kSequences; ++seed) {
      const BitSequence bits = BitSequence::OfBytes(Bytes(q, seed, 80'000));
      for (std::size_t i = 0; i < std::size(kStatistics); ++i) {
        const double z = kStatistics[i].z(bits, q);
        sums[i] += z;
        squares[i] += z * z;
      }
    }
    for (std::size_t i = 0; i < std::size(kStatistics); ++i) {
      EXPECT_LT(std::abs(sums[i]) / std::sqrt(kSequences), kMaxZ) << kStatistics[i].name << ", q " << q;
      EXPECT_LT(std::abs(ChiSquareZ(squares[i], kSequences)), kMaxZ) << kStatistics[i].name << ", q " << q;
    }
  }
}

}  // namespace
}  // namespace fallow::test
