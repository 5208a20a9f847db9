// Monte-Carlo samples against one call a sample, and running moments against the oracle.
#include "fallow/monte_carlo.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "tests/kernels/mask_cases.h"
#include "tests/kernels/operation_test.h"
#include "tests/support/oracle.h"
#include "tests/support/variants_oracle.h"

namespace fallow {
namespace {

using oracle::Elements;
using test::Edge;
using test::Nans;
using test::Operation;
using Bytes = std::vector<std::uint8_t>;

struct RowShape {
  std::size_t rows, cols;
};
constexpr RowShape kShapes[] = {{1, 1}, {1, 63}, {7, 5}, {3, 129}, {1, 16'385}, {37, 1'001}};

class MonteCarloForwardTest : public test::OperationTest {
 protected:
  // The bits of sample t are those of the stream t further on.
  static Elements Samples(const Elements& x, double p, const MaskKey& key, std::size_t samples) {
    Elements all;
    const std::size_t size = x.size() / element_bytes();
    for (std::size_t t = 0; t < samples; ++t) {
      MaskKey own = key;
      own.stream += t;
      const Bytes kept = oracle::MaskBytes(p, test::ToOracle(own), size);
      const Elements y = p == 0.0 ? x : oracle::Dropout(type(), x, kept, oracle::TrainingFactor(p));
      all.insert(all.end(), y.begin(), y.end());
    }
    return all;
  }

  static Operation OperationOf(const Elements& x, const Elements& expected, const Mask& mask, std::size_t samples) {
    const auto call = [mask, samples](const auto& in, const auto& out, const Execution& execution) {
      return MonteCarloForward(in[0], mask, samples, out[0], execution);
    };
    return {{{dtype(), x}}, {{dtype(), expected, samples}}, {}, call, Nans::kExact};
  }
};

TEST_P(MonteCarloForwardTest, IsOneCallASample) {
  for (const RowShape shape : kShapes) {
    const MaskKey key = {
        .seed = 3, .stream = StreamOf(5, 6), .first_element = shape.cols % 2 == 0 ? std::uint64_t{0} : 12'345};
    const Elements x = test::ElementValues(type(), shape.rows * shape.cols);
    for (const double p : {0.0, 1e-300, 0.1, 0.5, 0.9, 1.0}) {
      for (const std::size_t samples : {std::size_t{1}, std::size_t{5}, std::size_t{40}}) {
        if (shape.cols > 1000 && samples == 40) continue;
        SCOPED_TRACE(testing::Message() << samples << " of " << shape.rows << " x " << shape.cols << ", p " << p);
        const Operation operation = OperationOf(x, Samples(x, p, key, samples), {Rate(p), key}, samples);
        const std::size_t rows = shape.rows;
        ExpectOracle(operation, {.rows = rows, .edge = Edge::kStart}, {.rows = rows, .edge = Edge::kStart}, 1);
        ExpectOracle(operation, {.rows = rows, .edge = Edge::kEnd}, {.rows = rows, .edge = Edge::kEnd}, 2);
        ExpectOracle(operation, {.rows = rows, .gap = 3, .shift = 1}, {.rows = rows, .gap = 2, .shift = 5}, 2);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// Requests of a batch with seeds of their own; and a mask over channels.
TEST_P(MonteCarloForwardTest, RowKeysAndBroadcast) {
  constexpr std::size_t kRows = 6, kCols = 77, kSamples = 4;
  const Elements x = test::ElementValues(type(), kRows * kCols);
  std::vector<MaskKey> keys;
  for (std::size_t row = 0; row < kRows; ++row) keys.push_back({.seed = 100 + row, .stream = 7 * row});
  Elements by_row;
  Elements by_channel;
  for (std::size_t t = 0; t < kSamples; ++t) {
    Bytes kept;
    for (MaskKey key : keys) {
      key.stream += t;
      const Bytes row = oracle::MaskBytes(0.4, test::ToOracle(key), kCols);
      kept.insert(kept.end(), row.begin(), row.end());
    }
    const Elements y = oracle::Dropout(type(), x, kept, oracle::TrainingFactor(0.4));
    by_row.insert(by_row.end(), y.begin(), y.end());
    Bytes rows;
    for (const std::uint8_t keep : oracle::MaskBytes(0.4, {.seed = 1, .stream = 2 + t}, kRows)) {
      rows.insert(rows.end(), kCols, keep);
    }
    const Elements z = oracle::Dropout(type(), x, rows, oracle::TrainingFactor(0.4));
    by_channel.insert(by_channel.end(), z.begin(), z.end());
  }
  ExpectOracle(OperationOf(x, by_row, Mask(Rate(0.4), keys), kSamples), {.rows = kRows}, {.rows = kRows, .gap = 1});
  const Mask channels = Mask(Rate(0.4), MaskKey{.seed = 1, .stream = 2}).Over(Broadcast::Rows(kRows, kCols));
  ExpectOracle(OperationOf(x, by_channel, channels, kSamples), {.rows = kRows}, {.rows = kRows, .gap = 1});
}

FALLOW_TEST_EVERY_TARGET_AND_TYPE(MonteCarloForwardTest);

template <class State>
Elements ToElements(const std::vector<State>& values) {
  Elements elements(values.size() * sizeof(State));
  if (!values.empty()) std::memcpy(elements.data(), values.data(), elements.size());
  return elements;
}

class WelfordTest : public test::OperationTest {
 protected:
  // Several samples, each an operation of its own on what the one before left.
  template <class State>
  static void ExpectOracleOfSamples(std::size_t rows, std::size_t cols, const test::Placement& place, bool special) {
    const DType state = kDTypeOf<State>;
    const std::size_t size = rows * cols;
    std::vector<State> mean(size);
    std::vector<State> m2(size);
    Elements mean_before(size * sizeof(State), std::byte{0x7A}), m2_before = mean_before;  // Not looked at.
    for (std::size_t t = 0; t < 4; ++t) {
      SCOPED_TRACE(testing::Message() << rows << " x " << cols << ", sample " << t);
      const Elements sample = special ? test::ElementValues(type(), size, t) : test::OrdinaryValues(type(), size, t);
      oracle::WelfordUpdate(type(), sample, t + 1, mean, m2);
      const auto call = [t](const auto& in, const auto& out, const Execution& execution) {
        return WelfordUpdate(in[0], t, out[0], out[1], execution);
      };
      const Operation operation = {{{dtype(), sample}},
                                   {{state, ToElements(mean)}, {state, ToElements(m2)}},
                                   {{state, mean_before}, {state, m2_before}},
                                   call};
      ExpectOracle(operation, place, place, static_cast<int>(1 + t % 2));
      if (HasFatalFailure()) return;
      mean_before = ToElements(mean);
      m2_before = ToElements(m2);
    }
  }
};

TEST_P(WelfordTest, SizesPlacementsAndValues) {
  std::vector<RowShape> shapes(kShapes, kShapes + 6);
  for (std::size_t size = 0; size < 50; ++size) shapes.push_back({1, size});
  for (const RowShape shape : shapes) {
    for (const bool special : {false, true}) {
      for (const test::Placement& place : {test::Placement{.rows = shape.rows, .edge = Edge::kStart},
                                           {.rows = shape.rows, .edge = Edge::kEnd},
                                           {.rows = shape.rows, .gap = 2, .shift = 3}}) {
        if (dtype() != DType::kF64) ExpectOracleOfSamples<float>(shape.rows, shape.cols, place, special);
        ExpectOracleOfSamples<double>(shape.rows, shape.cols, place, special);
        if (HasFatalFailure()) return;
      }
    }
  }
}

FALLOW_TEST_EVERY_TARGET_AND_TYPE(WelfordTest);

class WelfordVarianceTest : public test::TargetTest {};

// A large mean, against which a sum of squares would lose everything: two passes in long double say what is right.
TEST_P(WelfordVarianceTest, IsThatOfTwoPasses) {
  constexpr std::size_t kSize = 203, kSamples = 1'000;
  const Execution execution{.target = GetParam()};
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal(1e6, 3.0);
  std::vector<std::vector<double>> samples(kSamples, std::vector<double>(kSize));
  std::vector<double> mean(kSize, NAN);
  std::vector<double> m2(kSize, NAN);
  std::vector<double> variance(kSize);
  for (std::size_t t = 0; t < kSamples; ++t) {
    for (double& value : samples[t]) value = normal(random);
    ASSERT_TRUE(WelfordUpdate(samples[t], t, mean, m2, execution).ok());
  }
  for (const std::size_t divisor : {kSamples, kSamples - 1}) {
    ASSERT_TRUE(WelfordVariance(m2, divisor, variance, execution).ok());
    for (std::size_t j = 0; j < kSize; ++j) {
      long double sum = 0;
      long double squares = 0;
      for (const auto& sample : samples) sum += sample[j];
      for (const auto& sample : samples) squares += (sample[j] - sum / kSamples) * (sample[j] - sum / kSamples);
      EXPECT_NEAR(mean[j], static_cast<double>(sum / kSamples), 1e-6);
      const auto expected = static_cast<double>(squares / static_cast<long double>(divisor));
      EXPECT_NEAR(variance[j], expected, 1e-7 * expected);
    }
  }
  ASSERT_TRUE(WelfordVariance(m2, kSamples - 1, m2, execution).ok());
  EXPECT_EQ(m2, variance) << "in place";
}

TEST_P(WelfordVarianceTest, RowsAndFloats) {
  std::vector<float> m2(1000, 5.0f);
  std::vector<float> variance(1200, -1.0f);
  const Execution execution{.target = GetParam()};
  ASSERT_TRUE(WelfordVariance({m2.data(), 40, 23, 25}, 3, {variance.data(), 40, 23, 30}, execution).ok());
  for (std::size_t i = 0; i < variance.size(); ++i) EXPECT_EQ(variance[i], i % 30 < 23 ? 5.0f / 3.0f : -1.0f) << i;
}

FALLOW_TEST_EVERY_TARGET(WelfordVarianceTest);

TEST(MonteCarloErrorsTest, NameTheArgument) {
  std::vector<float> x(8);
  std::vector<float> y(24);
  const Mask mask(Rate(0.5), MaskKey{});
  const ConstArray null(static_cast<float*>(nullptr), 8);
  const Array rows(y.data(), 3, 8, 8);
  EXPECT_TRUE(MonteCarloForward(x, {Rate(1.0), MaskKey{}}, 0, {y.data(), 0, 8, 8}).ok());
  EXPECT_STREQ(MonteCarloForward(null, mask, 3, rows).argument(), "x");
  EXPECT_STREQ(MonteCarloForward(x, {Rate(7), MaskKey{}}, 3, rows).argument(), "rate");
  EXPECT_STREQ(MonteCarloForward(x, {Rate(0.5), MaskKey{.first_element = ~0ull}}, 3, rows).argument(), "key");
  EXPECT_STREQ(MonteCarloForward(x, {Rate(0.5), Bytes(8), MaskFormat::kBytes}, 3, rows).argument(), "mask");
  EXPECT_STREQ(MonteCarloForward(x, mask, 2, rows).argument(), "y");
  EXPECT_STREQ(MonteCarloForward(x, mask, (~std::size_t{0}) / 8 + 2, rows).argument(), "y");
  EXPECT_STREQ(MonteCarloForward(x, mask, 3, y).argument(), "y") << "one row instead of three";
  EXPECT_STREQ(MonteCarloForward(x, mask, 3, {y.data(), DType::kF16, 3, 8, 8}).argument(), "y");
  EXPECT_STREQ(MonteCarloForward({y.data(), 8}, mask, 3, rows).argument(), "y");
  EXPECT_EQ(y, std::vector<float>(24));
}

TEST(WelfordErrorsTest, NameTheArgument) {
  std::vector<float> x(8);
  std::vector<float> mean(8);
  std::vector<float> m2(8);
  std::vector<double> wide(8);
  const ConstArray null(static_cast<float*>(nullptr), 8);
  EXPECT_STREQ(WelfordUpdate(null, 0, mean, m2).argument(), "sample");
  EXPECT_STREQ(WelfordUpdate(x, 0, {mean.data(), 7}, m2).argument(), "mean");
  EXPECT_STREQ(WelfordUpdate(x, 0, {mean.data(), DType::kF16, 8}, m2).argument(), "mean");
  EXPECT_STREQ(WelfordUpdate(wide, 0, mean, m2).argument(), "mean");
  EXPECT_STREQ(WelfordUpdate(x, 0, x, m2).argument(), "mean");
  EXPECT_STREQ(WelfordUpdate(x, 0, mean, wide).argument(), "m2");
  EXPECT_STREQ(WelfordUpdate(x, 0, mean, mean).argument(), "m2");
  EXPECT_STREQ(WelfordUpdate(x, 0, mean, x).argument(), "m2");
  EXPECT_STREQ(WelfordVariance({x.data(), DType::kF16, 8}, 1, {m2.data(), DType::kF16, 8}).argument(), "m2");
  EXPECT_STREQ(WelfordVariance(x, 1, {m2.data(), 7}).argument(), "variance");
  EXPECT_STREQ(WelfordVariance(x, 0, m2).argument(), "divisor");
  EXPECT_EQ(mean, std::vector<float>(8));
  EXPECT_EQ(m2, std::vector<float>(8));
}

}  // namespace
}  // namespace fallow
