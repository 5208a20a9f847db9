// Alpha dropout against the oracle, and against what it is for.
#include "fallow/alpha_dropout.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "tests/kernels/mask_cases.h"
#include "tests/kernels/operation_test.h"
#include "tests/support/oracle.h"
#include "tests/support/sizes.h"
#include "tests/support/variants_oracle.h"

namespace fallow {
namespace {

using oracle::Elements;
using test::Edge;
using test::Operation;
using Bytes = std::vector<std::uint8_t>;

constexpr double kRates[] = {0.0, 1e-300, 0.1, 0.5, 0.9, 1.0};

class AlphaDropoutTest : public test::OperationTest {
 protected:
  static Elements ForwardOf(const Elements& x, const Bytes& kept, double p) {
    if (p == 0.0) return x;
    return p == 1.0 ? Elements(x.size()) : oracle::AlphaDropout(type(), x, kept, p);
  }

  static Elements BackwardOf(const Elements& dy, const Bytes& kept, double p) {
    if (p == 0.0) return dy;
    if (p == 1.0) return Elements(dy.size());
    const double a = oracle::AlphaOf(p).a;
    return oracle::Dropout(type(), dy, kept, {static_cast<float>(a), a});
  }

  static std::vector<Operation> Both(const Elements& x, const Bytes& kept, double p, const Mask& mask) {
    const auto forward = [mask](const auto& in, const auto& out, const Execution& execution) {
      return AlphaDropoutForward(in[0], mask, out[0], execution);
    };
    const auto backward = [mask](const auto& in, const auto& out, const Execution& execution) {
      return AlphaDropoutBackward(in[0], mask, out[0], execution);
    };
    return {{{{dtype(), x}}, {{dtype(), ForwardOf(x, kept, p)}}, {}, forward},
            {{{dtype(), x}}, {{dtype(), BackwardOf(x, kept, p)}}, {}, backward}};
  }
};

TEST_P(AlphaDropoutTest, EverySizeBetweenGuardPagesAndInPlace) {
  for (const std::size_t size : test::Sizes()) {
    if (size > 20'000) continue;
    const MaskKey key = {.seed = size, .stream = 3, .first_element = size % 2 == 0 ? 0 : 77 * size};
    const auto uniforms = oracle::Uniforms(test::ToOracle(key), size);
    const Elements x = test::ElementValues(type(), size, size);
    for (const double p : kRates) {
      SCOPED_TRACE(testing::Message() << size << " elements, p " << p);
      for (const Operation& operation : Both(x, oracle::MaskBytes(p, uniforms), p, {Rate(p), key})) {
        ExpectOracle(operation, {.edge = Edge::kStart}, {.edge = Edge::kStart});
        ExpectOracle(operation, {.edge = Edge::kEnd}, {.edge = Edge::kEnd});
        ExpectOracleInPlace(operation, 0, 0, {});
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(AlphaDropoutTest, StridedRowsAlignmentsAndThreads) {
  for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{77, 3}, {50, 33}, {3, 1000}, {37, 1901}}) {
    const MaskKey key = {.seed = rows, .stream = cols, .rounds = Rounds::k7};
    const Bytes kept = oracle::MaskBytes(0.1, test::ToOracle(key), rows * cols);
    const Elements x = test::ElementValues(type(), rows * cols);
    for (const Operation& operation : Both(x, kept, 0.1, {Rate(0.1), key})) {
      for (std::size_t shift = 0; shift < 18; ++shift) {
        SCOPED_TRACE(testing::Message() << rows << " x " << cols << ", shift " << shift);
        const auto threads = static_cast<int>(1 + shift % 2);
        ExpectOracle(operation, {.rows = rows, .gap = shift % 5, .shift = shift}, {.rows = rows, .gap = 3}, threads);
        ExpectOracle(operation, {.rows = rows}, {.rows = rows, .shift = shift}, threads);
        ExpectOracleInPlace(operation, 0, 0, {.rows = rows, .gap = 2, .shift = shift});
        if (HasFatalFailure()) return;
      }
    }
  }
}

// Whole channels: a mask over fewer elements. And masks that were stored.
TEST_P(AlphaDropoutTest, FeatureAndStoredMasks) {
  constexpr std::size_t kChannels = 40, kPositions = 35;
  const MaskKey key = {.seed = 9};
  const Bytes channels = oracle::MaskBytes(0.3, test::ToOracle(key), kChannels);
  Bytes kept;
  for (const std::uint8_t keep : channels) kept.insert(kept.end(), kPositions, keep);
  const Elements x = test::ElementValues(type(), kept.size());
  const Mask feature = Mask(Rate(0.3), key).Over(Broadcast::ChannelsFirst(2, kChannels / 2, kPositions));
  for (const Mask& mask : {feature, Mask(Rate(0.3), kept, MaskFormat::kBytes)}) {
    for (const Operation& operation : Both(x, kept, 0.3, mask)) ExpectOracle(operation, {}, {});
  }
}

// Of the constants that the kernel uses: 0 and 1 tell b and a, a dropped element the third. Mean and variance of an
// input of mean 0 and variance 1 are q b + p d and q (a^2 + b^2) + p d^2.
TEST(AlphaDropoutMomentsTest, MeanAndVarianceAreKept) {
  for (const double p : {1e-9, 0.1, 0.25, 0.5, 0.9}) {
    const std::vector<double> x = {0.0, 1.0, 0.0};
    const Bytes kept = {1, 1, 0};
    std::vector<double> y(3);
    ASSERT_TRUE(AlphaDropoutForward(x, {Rate(p), kept, MaskFormat::kBytes}, y).ok());
    const double q = std::ldexp(static_cast<double>(oracle::Threshold(p)), -32);
    const double b = y[0];
    const double a = y[1] - y[0];
    const double d = y[2];
    EXPECT_NEAR(q * b + (1 - q) * d, 0.0, 1e-15) << p;
    EXPECT_NEAR(q * (a * a + b * b) + (1 - q) * d * d, 1.0, 1e-14) << p;
    EXPECT_NEAR((d - b) / a, -1.7580993408473766, 1e-6) << p;
  }
}

// Differences of the oracle, which is linear where the mask keeps.
TEST(AlphaDropoutGradientTest, IsThatOfCentralDifferences) {
  constexpr double kStep = 1e-3;
  const Bytes kept = {1, 0, 1};
  std::vector<double> x = {0.7, -2.0, 3.0};
  const std::vector<double> ones(3, 1.0);
  std::vector<double> dx(3);
  const Mask mask(Rate(0.4), kept, MaskFormat::kBytes);
  ASSERT_TRUE(AlphaDropoutBackward(ones, mask, dx).ok());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto sum_at = [&](double value) {
      std::vector<double> moved = x;
      moved[i] = value;
      const auto* bytes = reinterpret_cast<const std::byte*>(moved.data());
      const Elements y = oracle::AlphaDropout(oracle::Type::kF64, {bytes, 3 * sizeof(double)}, kept, 0.4);
      const auto* values = reinterpret_cast<const double*>(y.data());
      return values[0] + values[1] + values[2];
    };
    EXPECT_NEAR(dx[i], (sum_at(x[i] + kStep) - sum_at(x[i] - kStep)) / (2 * kStep), 1e-10);
  }
}

TEST(AlphaDropoutErrorsTest, NameTheArgument) {
  std::vector<float> x(8);
  std::vector<float> y(8);
  const Mask mask(Rate(0.5), MaskKey{});
  EXPECT_STREQ(AlphaDropoutForward(x, {Rate(1.5), MaskKey{}}, y).argument(), "rate");
  EXPECT_STREQ(AlphaDropoutForward(x, {Rate(0.5), MaskKey{.first_element = ~0ull}}, y).argument(), "key");
  EXPECT_STREQ(AlphaDropoutForward({static_cast<float*>(nullptr), 8}, mask, y).argument(), "x");
  EXPECT_STREQ(AlphaDropoutForward(x, mask, {y.data(), 7}).argument(), "y");
  EXPECT_STREQ(AlphaDropoutForward({x.data(), 7}, mask, {x.data() + 1, 7}).argument(), "y");
  EXPECT_STREQ(AlphaDropoutBackward({static_cast<float*>(nullptr), 8}, mask, y).argument(), "dy");
  EXPECT_STREQ(AlphaDropoutBackward(x, mask, {y.data(), DType::kF16, 8}).argument(), "dx");
  EXPECT_EQ(y, std::vector<float>(8));
}

FALLOW_TEST_EVERY_TARGET_AND_TYPE(AlphaDropoutTest);

}  // namespace
}  // namespace fallow
