// Gaussian noise and Gaussian dropout against the oracle, bit by bit, given the normals.
#include "fallow/gaussian.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "fallow/random.h"
#include "tests/kernels/operation_test.h"
#include "tests/support/noise_oracle.h"
#include "tests/support/sizes.h"

namespace fallow {
namespace {

using oracle::Elements;
using test::Edge;
using test::Operation;

constexpr double kRates[] = {0.0, 1e-300, 0.1, 0.5, 0.9};

float StddevOf(double p) { return static_cast<float>(std::sqrt(p / (1 - p))); }

class GaussianTest : public test::OperationTest {
 protected:
  static std::vector<float> Normals(const MaskKey& key, std::size_t count) {
    std::vector<float> z(count);
    EXPECT_TRUE(GenerateNormals(key, z, {.target = target()}).ok());
    return z;
  }

  static Operation Call(const Elements& x, const Elements& expected,
                        const std::function<Status(const ConstArray&, const Array&, const Execution&)>& call) {
    return {{{dtype(), x}}, {{dtype(), expected}}, {}, [call](const auto& in, const auto& out, const auto& execution) {
              return call(in[0], out[0], execution);
            }};
  }

  // Dropout forward and backward at rate p, and noise of the same standard deviation.
  static std::vector<Operation> All(const Elements& x, const std::vector<float>& z, double p, const MaskKey& key) {
    const float stddev = StddevOf(p);
    const Elements product = stddev == 0 ? x : oracle::MultiplyByNoise(type(), x, z, stddev);
    const Elements sum = stddev == 0 ? x : oracle::AddNoise(type(), x, z, stddev);
    const Rate rate(p);
    return {Call(x, product,
                 [=](const auto& in, const auto& out, const auto& execution) {
                   return GaussianDropoutForward(in, rate, key, out, execution);
                 }),
            Call(x, product,
                 [=](const auto& in, const auto& out, const auto& execution) {
                   return GaussianDropoutBackward(in, rate, key, out, execution);
                 }),
            Call(x, sum, [=](const auto& in, const auto& out, const auto& execution) {
              return GaussianNoise(in, stddev, key, out, execution);
            })};
  }
};

TEST_P(GaussianTest, EverySizeBetweenGuardPagesAndInPlace) {
  for (const std::size_t size : test::Sizes()) {
    if (size > 40'000) continue;
    const MaskKey key = {.seed = size, .stream = 3, .first_element = size % 2 == 0 ? 0 : 77 * size};
    const std::vector<float> z = Normals(key, size);
    const Elements x = test::ElementValues(type(), size, size);
    for (const double p : kRates) {
      if (size > 1'100 && p != 0.1) continue;  // Rates change no loop.
      SCOPED_TRACE(testing::Message() << size << " elements, p " << p);
      for (const Operation& operation : All(x, z, p, key)) {
        ExpectOracle(operation, {.edge = Edge::kStart}, {.edge = Edge::kStart});
        ExpectOracle(operation, {.edge = Edge::kEnd}, {.edge = Edge::kEnd});
        ExpectOracleInPlace(operation, 0, 0, {});
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(GaussianTest, StridedRowsAlignmentsAndThreads) {
  for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{77, 3}, {50, 33}, {3, 1000}, {37, 1901}}) {
    const MaskKey key = {.seed = rows, .stream = cols, .first_element = rows % 2, .rounds = Rounds::k7};
    const std::vector<float> z = Normals(key, rows * cols);
    const Elements x = test::ElementValues(type(), rows * cols);
    for (const Operation& operation : All(x, z, 0.1, key)) {
      const std::size_t step = rows * cols > 10'000 ? 9 : 1;
      for (std::size_t shift = 0; shift < 18; shift += step) {
        SCOPED_TRACE(testing::Message() << rows << " x " << cols << ", shift " << shift);
        const auto threads = static_cast<int>(1 + shift % 2);
        ExpectOracle(operation, {.rows = rows, .gap = 5, .shift = shift}, {.rows = rows, .gap = shift % 4}, threads);
        ExpectOracleInPlace(operation, 0, 0, {.rows = rows, .gap = 1, .shift = shift});
        if (HasFatalFailure()) return;
      }
    }
  }
}

// A signalling NaN is quiet after any sum or product.
TEST_P(GaussianTest, NoNoiseCopiesEveryBit) {
  const Elements x = test::ElementValues(type(), 5'003);
  for (Operation& operation : All(x, std::vector<float>(5'003), 0.0, {})) {
    operation.nans = test::Nans::kExact;
    ExpectOracle(operation, {}, {});
  }
}

FALLOW_TEST_EVERY_TARGET_AND_TYPE_BUT_F64(GaussianTest);

class GaussianErrorsTest : public testing::Test {
 protected:
  void Expect(const char* argument, const Status& status) {
    EXPECT_STREQ(status.argument(), argument) << status.Message();
    EXPECT_EQ(y_, std::vector<float>(10, 77.0f));
  }

  std::vector<float> x_ = std::vector<float>(10, 1.0f);
  std::vector<float> y_ = std::vector<float>(10, 77.0f);
  std::vector<double> f64_ = std::vector<double>(10);
  Rate rate_ = Rate(0.5);
};

TEST_F(GaussianErrorsTest, Rate) {
  for (const double p : {-0.1, 1.0, 1.5, std::numeric_limits<double>::quiet_NaN()}) {
    Expect("rate", GaussianDropoutForward(x_, Rate(p), {}, y_));
    Expect("rate", GaussianDropoutBackward(x_, Rate(p), {}, y_));
  }
  EXPECT_TRUE(GaussianDropoutForward(x_, Rate(1 - 0x1p-53), {}, y_).ok());
}

TEST_F(GaussianErrorsTest, Stddev) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double stddev : {-1e-300, -1.0, 1e39, infinity, std::numeric_limits<double>::quiet_NaN()}) {
    Expect("stddev", GaussianNoise(x_, stddev, {}, y_));
  }
}

TEST_F(GaussianErrorsTest, Key) {
  const MaskKey late = {.first_element = (std::uint64_t{1} << 57) - 9};
  Expect("key", GaussianNoise(x_, 1, late, y_));
  Expect("key", GaussianDropoutForward(x_, rate_, late, y_));
  Expect("key", GaussianDropoutBackward(x_, rate_, {.layout = MaskStream::kOneDnn}, y_));
}

TEST_F(GaussianErrorsTest, Arrays) {
  const Array y = y_;
  Expect("x", GaussianNoise(f64_, 1, {}, y));
  Expect("x", GaussianNoise(ConstArray(static_cast<float*>(nullptr), 10), 1, {}, y));
  Expect("dy", GaussianDropoutBackward(f64_, rate_, {}, y));
  Expect("y", GaussianNoise(x_, 1, {}, Array(y_.data(), 9)));
  Expect("y", GaussianDropoutForward(x_, rate_, {}, f64_));
  Expect("y", GaussianDropoutForward(ConstArray(y_.data(), 9), rate_, {}, Array(y_.data() + 1, 9)));
  Expect("dx", GaussianDropoutBackward(x_, rate_, {}, Array(y_.data(), 2, 5, 4)));
  EXPECT_TRUE(GaussianNoise(std::vector<float>(), 1, {}, Array(y_.data(), 0)).ok());
}

}  // namespace
}  // namespace fallow
