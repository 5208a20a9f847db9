// Concrete dropout against the formulas of its paper in double, and its gradient against central differences of them.
#include "fallow/concrete_dropout.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "tests/kernels/mask_cases.h"
#include "tests/kernels/operation_test.h"
#include "tests/support/noise_oracle.h"
#include "tests/support/sizes.h"
#include "tests/support/values.h"

namespace fallow {
namespace {

using oracle::Elements;
using test::Edge;
using test::Operation;
using Floats = std::vector<float>;

constexpr ConcreteRate kRates[] = {{1e-300},   {1e-6},      {0.1},       {0.5},    {0.9},
                                   {1 - 1e-7}, {0.3, 1e-3}, {0.5, 1e-3}, {0.3, 1}, {0.3, 1e3}};

// What concrete_dropout.h promises of m.
double BoundOf(const ConcreteRate& rate) {
  return 3e-7 + 1e-7 * (1 + std::abs(std::log(rate.p) - std::log1p(-rate.p))) / rate.temperature;
}

// m / (1 - p) in float, as every element is multiplied with: the forward pass of ones.
Floats Factors(const ConcreteRate& rate, const MaskKey& key, std::size_t count, Target target) {
  const Floats ones(count, 1.0f);
  Floats factors(count);
  EXPECT_TRUE(ConcreteDropoutForward(ones, rate, key, factors, {.target = target}).ok());
  return factors;
}

Floats OrdinaryFloats(std::size_t count, std::uint64_t seed) {
  Floats values = test::FloatValues(count, seed);
  for (float& value : values) {
    if (!(std::abs(value) <= 4)) value = 1.5f;
  }
  return values;
}

class ConcreteDropoutTest : public test::OperationTest {
 protected:
  static std::vector<Operation> Both(const Elements& x, const Elements& dy, const ConcreteRate& rate,
                                     const MaskKey& key, const Floats& factors) {
    const auto forward = [=](const auto& in, const auto& out, const Execution& execution) {
      return ConcreteDropoutForward(in[0], rate, key, out[0], execution);
    };
    const auto backward = [=](const auto& in, const auto& out, const Execution& execution) {
      double dp = 0;
      return ConcreteDropoutBackward(in[0], in[1], rate, key, out[0], &dp, execution);
    };
    return {{{{dtype(), x}}, {{dtype(), oracle::Multiply(type(), x, factors)}}, {}, forward},
            {{{dtype(), x}, {dtype(), dy}}, {{dtype(), oracle::Multiply(type(), dy, factors)}}, {}, backward}};
  }
};

TEST_P(ConcreteDropoutTest, EverySizeBetweenGuardPagesAndInPlace) {
  for (const std::size_t size : test::Sizes()) {
    if (size > 40'000) continue;
    const MaskKey key = {.seed = size, .stream = 3, .first_element = size % 2 == 0 ? 0 : 77 * size};
    const Elements x = test::ElementValues(type(), size, size);
    const Elements dy = test::ElementValues(type(), size, size + 1);
    for (const ConcreteRate& rate : {kRates[0], kRates[2]}) {
      if (size > 1'100 && rate.p != 0.1) continue;  // Rates change no loop.
      SCOPED_TRACE(testing::Message() << size << " elements, p " << rate.p);
      const auto both = Both(x, dy, rate, key, Factors(rate, key, size, target()));
      for (const Operation& operation : both) {
        ExpectOracle(operation, {.edge = Edge::kStart}, {.edge = Edge::kStart});
        ExpectOracle(operation, {.edge = Edge::kEnd}, {.edge = Edge::kEnd});
        for (std::size_t from = 0; from < operation.inputs.size(); ++from) ExpectOracleInPlace(operation, from, 0, {});
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(ConcreteDropoutTest, StridedRowsAlignmentsAndThreads) {
  for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{77, 3}, {50, 33}, {3, 1000}, {37, 1901}}) {
    const MaskKey key = {.seed = rows, .stream = cols, .first_element = rows % 2, .rounds = Rounds::k7};
    const Elements x = test::ElementValues(type(), rows * cols, 1);
    const Elements dy = test::ElementValues(type(), rows * cols, 2);
    const ConcreteRate rate = {0.1};
    for (const Operation& operation : Both(x, dy, rate, key, Factors(rate, key, rows * cols, target()))) {
      const std::size_t step = rows * cols > 10'000 ? 9 : 1;
      for (std::size_t shift = 0; shift < 18; shift += step) {
        SCOPED_TRACE(testing::Message() << rows << " x " << cols << ", shift " << shift);
        const auto threads = static_cast<int>(1 + shift % 2);
        ExpectOracle(operation, {.rows = rows, .gap = 5, .shift = shift}, {.rows = rows, .gap = shift % 4}, threads);
        if (HasFatalFailure()) return;
      }
    }
  }
}

FALLOW_TEST_EVERY_TARGET_AND_TYPE_BUT_F64(ConcreteDropoutTest);

class ConcreteMaskTest : public test::TargetTest {
 protected:
  static Execution execution(int max_threads = 1) { return {.max_threads = max_threads, .target = GetParam()}; }
};

TEST_P(ConcreteMaskTest, IsThePapers) {
  constexpr std::size_t kCount = 50'001;
  const MaskKey key = {.seed = 11, .stream = 12, .first_element = 13};
  const std::vector<std::uint32_t> words = oracle::Words(test::ToOracle(key), kCount);
  for (const ConcreteRate& rate : kRates) {
    const Floats factors = Factors(rate, key, kCount, GetParam());
    double largest = 0;
    for (std::size_t j = 0; j < kCount; ++j) {
      const double mask = oracle::ConcreteMask(rate.p, rate.temperature, words[j]);
      // Two roundings of m and of the scale, and one of their product.
      const double product = 2e-7 * mask;
      largest = std::max(largest, std::abs(factors[j] * (1 - rate.p) - mask) - product);
      ASSERT_GT(factors[j], 0.0f);
    }
    EXPECT_LT(largest, BoundOf(rate)) << "p " << rate.p << ", temperature " << rate.temperature;
  }
}

TEST_P(ConcreteMaskTest, SameBitsOnAllTargetsFromAnyThreads) {
  constexpr std::size_t kCount = 300'001;
  const MaskKey key = {.seed = 14, .stream = 15};
  const Floats x = OrdinaryFloats(kCount, 1);
  const Floats dy = OrdinaryFloats(kCount, 2);
  for (const ConcreteRate& rate : kRates) {
    const Target plainest = SupportedTargets().back();
    Floats expected(kCount);
    Floats dx(kCount);
    double expected_dp = 0;
    ASSERT_TRUE(ConcreteDropoutBackward(x, dy, rate, key, expected, &expected_dp, {1, plainest}).ok());
    for (const int threads : {1, 2, 0}) {
      double dp = 0;
      ASSERT_TRUE(ConcreteDropoutBackward(x, dy, rate, key, dx, &dp, execution(threads)).ok());
      ASSERT_TRUE(test::SameBits(expected, dx));
      ASSERT_EQ(dp, expected_dp) << threads << " threads";
    }
  }
}

// In the units of the terms that are summed.
double ScaleOfGradient(const ConcreteRate& rate, std::span<const std::uint32_t> words, const Floats& x,
                       const Floats& dy) {
  double sum = 0;
  for (std::size_t j = 0; j < words.size(); ++j) {
    sum += std::abs(oracle::ConcreteGradient(rate.p, rate.temperature, words.subspan(j, 1), {&x[j], 1}, {&dy[j], 1}));
  }
  return sum;
}

TEST_P(ConcreteMaskTest, GradientIsTheFormulas) {
  constexpr std::size_t kCount = 40'003;
  const MaskKey key = {.seed = 16, .stream = 17, .first_element = 18};
  const std::vector<std::uint32_t> words = oracle::Words(test::ToOracle(key), kCount);
  const Floats x = OrdinaryFloats(kCount, 1);
  const Floats dy = OrdinaryFloats(kCount, 2);
  Floats dx(kCount);
  for (const ConcreteRate& rate : kRates) {
    double dp = 0;
    ASSERT_TRUE(ConcreteDropoutBackward(x, dy, rate, key, dx, &dp, execution()).ok());
    const double exact = oracle::ConcreteGradient(rate.p, rate.temperature, words, x, dy);
    // Relative errors of z and m are a few roundings of the exponent, which is up to 50 / temperature.
    const double error = 2e-6 + 1e-6 / rate.temperature;
    EXPECT_NEAR(dp, exact, error * ScaleOfGradient(rate, words, x, dy)) << rate.p << ", " << rate.temperature;
  }
}

FALLOW_TEST_EVERY_TARGET(ConcreteMaskTest);

TEST(ConcreteGradientTest, OraclesIsThatOfItsLoss) {
  const std::vector<std::uint32_t> words = oracle::Words({.seed = 19}, 2'000);
  const Floats x = OrdinaryFloats(words.size(), 1);
  const Floats dy = OrdinaryFloats(words.size(), 2);
  for (const ConcreteRate& rate : {ConcreteRate{0.1}, {0.5}, {0.9}, {0.3, 0.03}, {0.3, 1}}) {
    const double h = 1e-5 * rate.p * rate.temperature;
    const double above = oracle::ConcreteLoss(rate.p + h, rate.temperature, words, x, dy);
    const double below = oracle::ConcreteLoss(rate.p - h, rate.temperature, words, x, dy);
    const double gradient = oracle::ConcreteGradient(rate.p, rate.temperature, words, x, dy);
    EXPECT_NEAR((above - below) / (2 * h), gradient, 1e-6 * ScaleOfGradient(rate, words, x, dy)) << rate.p;
  }
}

TEST(ConcreteGradientTest, NoElementsHaveNone) {
  double dp = 77;
  ASSERT_TRUE(ConcreteDropoutBackward(Floats(), Floats(), {0.5}, {}, Array(static_cast<float*>(nullptr), 0), &dp).ok());
  EXPECT_EQ(dp, 0.0);
}

class ConcreteErrorsTest : public testing::Test {
 protected:
  void Expect(const char* argument, const Status& status) {
    EXPECT_STREQ(status.argument(), argument) << status.Message();
    EXPECT_EQ(y_, Floats(10, 77.0f));
    EXPECT_EQ(dp_, 77.0);
  }
  Status Backward(const ConstArray& x, const ConstArray& dy, const Array& dx) {
    return ConcreteDropoutBackward(x, dy, {0.5}, {}, dx, &dp_);
  }

  Floats x_ = Floats(10, 1.0f);
  Floats y_ = Floats(10, 77.0f);
  std::vector<double> f64_ = std::vector<double>(10);
  double dp_ = 77;
};

TEST_F(ConcreteErrorsTest, Rate) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const ConcreteRate& rate :
       {ConcreteRate{0}, {1}, {-0.1}, {1.5}, {nan}, {0.5, 0}, {0.5, -1}, {0.5, 9e-4}, {0.5, 1001}, {0.5, nan}}) {
    Expect("rate", ConcreteDropoutForward(x_, rate, {}, y_));
    Expect("rate", ConcreteDropoutBackward(x_, x_, rate, {}, y_, &dp_));
  }
}

TEST_F(ConcreteErrorsTest, KeyAndArrays) {
  const MaskKey late = {.first_element = (std::uint64_t{1} << 57) - 9};
  Expect("key", ConcreteDropoutForward(x_, {0.5}, late, y_));
  Expect("key", ConcreteDropoutBackward(x_, x_, {0.5}, late, y_, &dp_));
  Expect("x", ConcreteDropoutForward(f64_, {0.5}, {}, y_));
  Expect("y", ConcreteDropoutForward(x_, {0.5}, {}, f64_));
  Expect("x", Backward(ConstArray(static_cast<float*>(nullptr), 10), x_, y_));
  Expect("dy", Backward(x_, ConstArray(x_.data(), 9), y_));
  Expect("dy", Backward(x_, f64_, y_));
  Expect("dx", Backward(x_, x_, Array(y_.data(), 9)));
  Expect("dx", Backward(ConstArray(y_.data(), 9), ConstArray(x_.data(), 9), Array(y_.data() + 1, 9)));
  Expect("dx", Backward(ConstArray(x_.data(), 9), ConstArray(y_.data(), 9), Array(y_.data() + 1, 9)));
  Expect("dp", ConcreteDropoutBackward(x_, x_, {0.5}, {}, y_, nullptr));
}

}  // namespace
}  // namespace fallow
