// DropBlock against the oracle: masks bit by bit, outputs with the scale that renormalises them.
#include "fallow/drop_block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "fallow/dropout.h"
#include "tests/kernels/mask_cases.h"
#include "tests/kernels/operation_test.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/oracle.h"
#include "tests/support/values.h"
#include "tests/support/variants_oracle.h"

namespace fallow {
namespace {

using oracle::Elements;
using test::Edge;
using test::Operation;
using Bytes = std::vector<std::uint8_t>;

constexpr double kRates[] = {0.0, 1e-300, 0.1, 0.5, 0.9, 1.0};

// Maps smaller and larger than a word and a chunk; blocks of one element, of odd and even sides, of one row or column,
// and the whole map; blocks that reach further than a chunk of the mask is long, by their width, their height, or both.
constexpr DropBlockShape kShapes[] = {
    {.samples = 0, .channels = 3, .height = 7, .width = 7, .block_height = 3, .block_width = 3},
    {.width = 1},
    {.samples = 9, .channels = 4, .width = 333},
    {.samples = 3, .channels = 5, .width = 10, .block_width = 3},
    {.samples = 2, .channels = 3, .width = 700, .block_width = 64},
    {.samples = 2, .channels = 33, .height = 7, .width = 7, .block_height = 7, .block_width = 7},
    {.samples = 4, .channels = 40, .height = 14, .width = 14, .block_height = 7, .block_width = 7},
    {.samples = 2, .channels = 3, .height = 9, .width = 5, .block_height = 4, .block_width = 2},
    {.samples = 2, .channels = 3, .height = 20, .width = 1, .block_height = 6, .block_width = 1},
    {.samples = 1, .channels = 7, .height = 56, .width = 57, .block_height = 5, .block_width = 6},
    {.samples = 1, .channels = 2, .height = 130, .width = 170, .block_height = 64, .block_width = 17},
    {.samples = 1, .channels = 2, .width = 60'000, .block_width = 21'000},
    {.samples = 1, .channels = 2, .height = 33, .width = 1'000, .block_height = 30, .block_width = 9},
    {.samples = 1, .channels = 1, .height = 3, .width = 30'000, .block_height = 3, .block_width = 10'000},
};

MaskKey KeyFor(const DropBlockShape& shape) {
  return {.seed = shape.size(),
          .stream = StreamOf(3, shape.width),
          .first_element = shape.width % 2 == 0 ? std::uint64_t{0} : 1000003,
          .rounds = shape.height % 2 == 0 ? Rounds::k7 : Rounds::k10};
}

Bytes OracleMask(const DropBlockShape& s, double p, const MaskKey& key) {
  return oracle::DropBlockMask(
      {s.samples, s.channels, s.height, s.width, s.block_height, s.block_width, s.channels_share}, p,
      test::ToOracle(key));
}

std::string Show(const DropBlockShape& s, double p) {
  return std::to_string(s.samples) + " x " + std::to_string(s.channels) + " x " + std::to_string(s.height) + " x " +
         std::to_string(s.width) + ", blocks of " + std::to_string(s.block_height) + " x " +
         std::to_string(s.block_width) + (s.channels_share ? ", shared" : "") + ", p " + std::to_string(p);
}

class DropBlockMaskTest : public test::TargetTest {};

TEST_P(DropBlockMaskTest, IsTheOraclesForEveryShape) {
  for (DropBlockShape shape : kShapes) {
    for (const bool share : {false, true}) {
      shape.channels_share = share;
      const MaskKey key = KeyFor(shape);
      for (const double p : kRates) {
        SCOPED_TRACE(Show(shape, p));
        const Bytes expected = OracleMask(shape, p, key);
        const Bytes expected_bits = oracle::PackBits(expected);
        const test::GuardedBuffer<std::uint8_t> bytes(expected.size(), Edge::kEnd);
        const test::GuardedBuffer<std::uint8_t> bits(expected_bits.size(), Edge::kEnd);
        for (const int threads : {1, 2}) {
          const Execution execution{.max_threads = threads, .target = GetParam()};
          ASSERT_TRUE(GenerateDropBlockMask(shape, Rate(p), key, MaskFormat::kBytes, bytes.span(), execution).ok());
          ASSERT_TRUE(test::SameBits(expected, bytes.span()));
          ASSERT_TRUE(GenerateDropBlockMask(shape, Rate(p), key, MaskFormat::kBits, bits.span(), execution).ok());
          ASSERT_TRUE(test::SameBits(expected_bits, bits.span()));
        }
      }
    }
  }
}

// A mask that was stored, for any operation: the rate of its kept elements gives the scale but for its last bit.
TEST_P(DropBlockMaskTest, StoredMaskWithTheRateOfItsKeptElements) {
  const DropBlockShape& shape = kShapes[6];
  const MaskKey key = KeyFor(shape);
  Bytes bits(BitMaskBytes(shape.size()));
  ASSERT_TRUE(GenerateDropBlockMask(shape, Rate(0.2), key, MaskFormat::kBits, bits, {.target = GetParam()}).ok());
  std::size_t kept = 0;
  ASSERT_TRUE(CountKept({Rate(0.2), bits, MaskFormat::kBits}, shape.size(), &kept).ok());
  const Rate rate(1.0 - static_cast<double>(kept) / static_cast<double>(shape.size()));
  EXPECT_NEAR(rate.scale(), static_cast<double>(shape.size()) / static_cast<double>(kept), 2e-7);
}

FALLOW_TEST_EVERY_TARGET(DropBlockMaskTest);

class DropBlockTest : public test::OperationTest {
 protected:
  static Elements OutputOf(const Elements& x, const Bytes& kept, double p, Scaling scaling) {
    if (p == 0.0) return x;
    const oracle::Factor one = {1.0f, 1.0};
    return oracle::Dropout(type(), x, kept, scaling == Scaling::kInTraining ? oracle::Renormalisation(kept) : one);
  }

  // Forward or backward, which are the same but for the names of their arguments.
  static Operation OperationOf(const DropBlockShape& shape, double p, bool backward = false,
                               Scaling scaling = Scaling::kInTraining) {
    const MaskKey key = KeyFor(shape);
    const Elements x = test::ElementValues(type(), shape.size());
    const auto function = backward ? DropBlockBackward : DropBlockForward;
    const auto call = [=](const auto& in, const auto& out, const Execution& execution) {
      return function(in[0], shape, Rate(p, scaling), key, out[0], execution);
    };
    return {{{dtype(), x}}, {{dtype(), OutputOf(x, OracleMask(shape, p, key), p, scaling)}}, {}, call};
  }
};

TEST_P(DropBlockTest, ForwardAndBackwardForEveryShape) {
  for (const DropBlockShape& shape : kShapes) {
    for (const double p : kRates) {
      SCOPED_TRACE(Show(shape, p));
      const bool backward = shape.width % 2 == 0;
      const Operation operation = OperationOf(shape, p, backward);
      ExpectOracle(operation, {.edge = Edge::kStart}, {.edge = Edge::kStart}, 1);
      ExpectOracle(operation, {.edge = Edge::kEnd}, {.edge = Edge::kEnd}, 2);
      ExpectOracleInPlace(operation, 0, 0, {});
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(DropBlockTest, StridedRowsAndAlignments) {
  for (const DropBlockShape& shape : {kShapes[4], kShapes[6], kShapes[9]}) {
    const Operation operation = OperationOf(shape, 0.2);
    const std::size_t rows = shape.samples * shape.channels * shape.height;
    for (std::size_t shift = 0; shift < 18; ++shift) {
      SCOPED_TRACE(Show(shape, 0.2) + ", shift " + std::to_string(shift));
      ExpectOracle(operation, {.rows = rows, .gap = shift % 3}, {.rows = rows, .gap = shift % 2, .shift = shift});
      ExpectOracleInPlace(operation, 0, 0, {.rows = rows, .gap = shift % 4, .shift = shift});
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(DropBlockTest, WithoutScale) {
  const Operation operation = OperationOf(kShapes[6], 0.3, false, Scaling::kAtInference);
  ExpectOracle(operation, {}, {});
  ExpectOracleInPlace(operation, 0, 0, {});
}

FALLOW_TEST_EVERY_TARGET_AND_TYPE(DropBlockTest);

// By hand: 0.1 * 14^2 / 7^2 / 8^2, and 0.1 * 10 / 3 / 8.
TEST(DropBlockSeedsTest, ProbabilityHasTheFactorForPlacesWhereABlockFits) {
  EXPECT_DOUBLE_EQ(kShapes[6].SeedProbability(0.1), 0.00625);
  EXPECT_DOUBLE_EQ(kShapes[3].SeedProbability(0.1), 1.0 / 24.0);
}

// With one sample and channel, [start, start + 3) is lost where seed `start` is drawn, and the mean stays.
TEST(DropBlockSeedsTest, SeedIsTheUpperLeftCornerAndTheMeanStays) {
  const DropBlockShape shape = {.width = 1000, .block_width = 3};
  const MaskKey key = {.seed = 77};
  const std::vector<double> x(1000, 1.0);
  std::vector<double> y(1000);
  ASSERT_TRUE(DropBlockForward(x, shape, Rate(0.25), key, y).ok());
  const Rate seeds(shape.SeedProbability(0.25));
  double sum = 0;
  std::size_t lost = 0;
  for (std::size_t i = 0; i < 1000; ++i) {
    bool keep = true;
    for (std::size_t start = i < 2 ? 0 : i - 2; start <= std::min<std::size_t>(i, 997); ++start) {
      keep = keep && MaskUniform(key, start) < seeds.threshold();
    }
    EXPECT_EQ(y[i] != 0.0, keep) << i;
    sum += y[i];
    lost += keep ? 0 : 1;
  }
  EXPECT_NEAR(sum, 1000.0, 1e-9);
  EXPECT_NEAR(static_cast<double>(lost), 225.0, 60.0);  // 1 - (1 - 1/12)^3 of all; five standard deviations.
}

TEST(DropBlockSeedsTest, NothingKeptGivesZeros) {
  const DropBlockShape shape = {.samples = 2, .height = 5, .width = 5, .block_height = 5, .block_width = 5};
  const std::vector<float> x(50, std::numeric_limits<float>::infinity());
  std::vector<float> y(50, 1.0f);
  ASSERT_TRUE(DropBlockForward(x, shape, Rate(1.0), {}, y).ok());
  EXPECT_EQ(y, std::vector<float>(50));
}

TEST(DropBlockErrorsTest, NameTheArgument) {
  std::vector<float> x(60);
  std::vector<float> y(60);
  Bytes stored(60);
  const DropBlockShape shape = {.samples = 2, .channels = 3, .width = 10, .block_width = 3};
  const auto error = [&](const DropBlockShape& s, const Rate& rate = Rate(0.5), const MaskKey& key = {}) {
    const Status forward = DropBlockForward(x, s, rate, key, y);
    const Status generate = GenerateDropBlockMask(s, rate, key, MaskFormat::kBytes, stored);
    EXPECT_FALSE(generate.ok());
    return std::string(forward.argument());
  };
  EXPECT_EQ(error(shape, Rate(-0.1)), "rate");
  EXPECT_EQ(error(shape, Rate(0.5), {.first_element = (std::uint64_t{1} << 57) - 1}), "key");
  EXPECT_EQ(error({.samples = 2, .channels = 3, .width = 11, .block_width = 3}), "shape");
  EXPECT_EQ(error({.samples = 2, .channels = 3, .width = 10, .block_width = 11}), "shape");
  EXPECT_EQ(error({.samples = 2, .channels = 3, .width = 10, .block_width = 0}), "shape");
  EXPECT_EQ(error({.samples = 2, .channels = 3, .width = 10, .block_height = 2}), "shape");
  EXPECT_EQ(error({.samples = std::size_t{1} << 40, .channels = 1 << 24, .width = 10}), "shape");
  EXPECT_STREQ(DropBlockForward({static_cast<float*>(nullptr), 60}, shape, Rate(0.5), {}, y).argument(), "x");
  EXPECT_STREQ(DropBlockForward(x, shape, Rate(0.5), {}, {y.data(), 59}).argument(), "y");
  EXPECT_STREQ(DropBlockBackward({static_cast<float*>(nullptr), 60}, shape, Rate(0.5), {}, y).argument(), "dy");
  EXPECT_STREQ(DropBlockBackward(x, shape, Rate(0.5), {}, {y.data(), 59}).argument(), "dx");
  EXPECT_STREQ(GenerateDropBlockMask(shape, Rate(0.5), {}, MaskFormat::kBits, stored).argument(), "stored");
  EXPECT_EQ(y, std::vector<float>(60));
  EXPECT_EQ(stored, Bytes(60));
}

}  // namespace
}  // namespace fallow
