// Zoneout against the oracle.
#include "fallow/zoneout.h"

#include <gtest/gtest.h>

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
using test::Nans;
using test::Operation;
using Bytes = std::vector<std::uint8_t>;

constexpr double kRates[] = {0.0, 1e-300, 0.1, 0.5, 0.9, 1.0};

class ZoneoutTest : public test::OperationTest {
 protected:
  static Operation Forward(const Elements& current, const Elements& previous, const Bytes& kept, const Mask& mask) {
    return {{{dtype(), current}, {dtype(), previous}},
            {{dtype(), oracle::Select(type(), kept, current, previous)}},
            {},
            [mask](const auto& in, const auto& out, const Execution& execution) {
              return ZoneoutForward(in[0], in[1], mask, out[0], execution);
            },
            Nans::kExact};
  }

  static Operation Backward(const Elements& dy, const Bytes& kept, const Mask& mask) {
    const Elements zero(dy.size());
    return {{{dtype(), dy}},
            {{dtype(), oracle::Select(type(), kept, dy, zero)}, {dtype(), oracle::Select(type(), kept, zero, dy)}},
            {},
            [mask](const auto& in, const auto& out, const Execution& execution) {
              return ZoneoutBackward(in[0], mask, out[0], out[1], execution);
            },
            Nans::kExact};
  }

  static Operation Inference(const Elements& current, const Elements& previous, double p) {
    const Elements expected = p == 0.0   ? current
                              : p == 1.0 ? previous
                                         : oracle::Expectation(type(), current, previous, p);
    return {{{dtype(), current}, {dtype(), previous}},
            {{dtype(), expected}},
            {},
            [p](const auto& in, const auto& out, const Execution& execution) {
              return ZoneoutInference(in[0], in[1], Rate(p), out[0], execution);
            }};
  }

  static void ExpectEverywhere(const std::vector<Operation>& operations, const test::Placement& in,
                               const test::Placement& out, int max_threads = 0) {
    for (const Operation& operation : operations) {
      ExpectOracle(operation, in, out, max_threads);
      for (std::size_t from = 0; from < operation.inputs.size(); ++from) {
        for (std::size_t to = 0; to < operation.expected.size(); ++to) ExpectOracleInPlace(operation, from, to, out);
      }
    }
  }
};

TEST_P(ZoneoutTest, EverySizeBetweenGuardPagesAndInPlace) {
  for (const std::size_t size : test::Sizes()) {
    if (size > 20'000) continue;
    const MaskKey key = {.seed = size, .stream = 4, .first_element = size % 2 == 0 ? 0 : 77 * size};
    const auto uniforms = oracle::Uniforms(test::ToOracle(key), size);
    const Elements current = test::ElementValues(type(), size, size);
    const Elements previous = test::ElementValues(type(), size, size + 1);
    for (const double p : kRates) {
      SCOPED_TRACE(testing::Message() << size << " elements, p " << p);
      const Bytes kept = oracle::MaskBytes(p, uniforms);
      const Mask mask(Rate(p), key);
      const std::vector<Operation> operations = {Forward(current, previous, kept, mask), Backward(current, kept, mask),
                                                 Inference(current, previous, p)};
      for (const Edge edge : {Edge::kStart, Edge::kEnd}) ExpectEverywhere(operations, {.edge = edge}, {.edge = edge});
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(ZoneoutTest, StridedRowsAlignmentsAndThreads) {
  for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{77, 3}, {50, 33}, {37, 1901}}) {
    const MaskKey key = {.seed = rows, .stream = cols};
    const Bytes kept = oracle::MaskBytes(0.1, test::ToOracle(key), rows * cols);
    const Elements current = test::ElementValues(type(), rows * cols, 1);
    const Elements previous = test::ElementValues(type(), rows * cols, 2);
    const Mask mask(Rate(0.1), key);
    const std::vector<Operation> operations = {Forward(current, previous, kept, mask), Backward(current, kept, mask),
                                               Inference(current, previous, 0.1)};
    for (std::size_t shift = 0; shift < 18; ++shift) {
      SCOPED_TRACE(testing::Message() << rows << " x " << cols << ", shift " << shift);
      ExpectEverywhere(operations, {.rows = rows, .gap = shift % 5, .shift = shift},
                       {.rows = rows, .gap = shift % 3, .shift = 17 - shift}, static_cast<int>(1 + shift % 2));
      if (HasFatalFailure()) return;
    }
  }
}

// A whole unit of a sequence at a time, and a mask from bytes.
TEST_P(ZoneoutTest, BroadcastAndStoredMasks) {
  constexpr std::size_t kSteps = 7, kUnits = 45;
  const MaskKey key = {.seed = 5};
  const Bytes units = oracle::MaskBytes(0.3, test::ToOracle(key), 2 * kUnits);
  Bytes kept;
  for (std::size_t i = 0; i < 2 * kSteps * kUnits; ++i)
    kept.push_back(units[i / kSteps / kUnits * kUnits + i % kUnits]);
  const Elements current = test::ElementValues(type(), kept.size(), 1);
  const Elements previous = test::ElementValues(type(), kept.size(), 2);
  const Mask locked = Mask(Rate(0.3), key).Over(Broadcast::ChannelsLast(2, kSteps, kUnits));
  for (const Mask& mask : {locked, Mask(Rate(0.3), kept, MaskFormat::kBytes)}) {
    ExpectEverywhere({Forward(current, previous, kept, mask), Backward(current, kept, mask)}, {}, {});
  }
}

// Every output element comes from one of two inputs, so its derivatives are 1 and 0 in the order of the mask.
TEST(ZoneoutGradientTest, IsThatOfCentralDifferences) {
  constexpr double kStep = 0.25;  // Exact.
  const Bytes kept = {1, 0, 1, 1, 0};
  const Mask mask(Rate(0.4), kept, MaskFormat::kBytes);
  const std::vector<double> dy = {3, 5, 7, 11, 13};
  std::vector<double> d_current(5);
  std::vector<double> d_previous(5);
  ASSERT_TRUE(ZoneoutBackward(dy, mask, d_current, d_previous).ok());
  const auto loss = [&](std::vector<double> current, std::vector<double> previous) {
    std::vector<double> y(5);
    EXPECT_TRUE(ZoneoutForward(current, previous, mask, y).ok());
    double sum = 0;
    for (std::size_t i = 0; i < 5; ++i) sum += y[i] * dy[i];
    return sum;
  };
  const std::vector<double> current = {1, 2, 3, 4, 5};
  const std::vector<double> previous = {6, 7, 8, 9, 10};
  for (std::size_t i = 0; i < 5; ++i) {
    std::vector<double> up = current;
    std::vector<double> down = current;
    up[i] += kStep;
    down[i] -= kStep;
    EXPECT_EQ(d_current[i], (loss(up, previous) - loss(down, previous)) / (2 * kStep));
    up = down = previous;
    up[i] += kStep;
    down[i] -= kStep;
    EXPECT_EQ(d_previous[i], (loss(current, up) - loss(current, down)) / (2 * kStep));
  }
}

TEST(ZoneoutErrorsTest, NameTheArgument) {
  std::vector<float> a(8);
  std::vector<float> b(8);
  std::vector<float> y(8);
  std::vector<float> z(8);
  const Mask mask(Rate(0.5), MaskKey{});
  const ConstArray null(static_cast<float*>(nullptr), 8);
  EXPECT_STREQ(ZoneoutForward(null, b, mask, y).argument(), "current");
  EXPECT_STREQ(ZoneoutForward(a, null, mask, y).argument(), "previous");
  EXPECT_STREQ(ZoneoutForward(a, {b.data(), 7}, mask, y).argument(), "previous");
  EXPECT_STREQ(ZoneoutForward(a, b, mask, {y.data(), 7}).argument(), "y");
  EXPECT_STREQ(ZoneoutForward({a.data(), 6}, {b.data(), 6}, mask, {b.data() + 1, 6}).argument(), "y");
  EXPECT_STREQ(ZoneoutForward(a, b, {Rate(-1), MaskKey{}}, y).argument(), "rate");
  EXPECT_STREQ(ZoneoutInference(a, b, Rate(2), y).argument(), "rate");
  EXPECT_STREQ(ZoneoutInference(a, {b.data(), DType::kF16, 8}, Rate(0.5), y).argument(), "previous");
  EXPECT_STREQ(ZoneoutBackward(null, mask, y, z).argument(), "dy");
  EXPECT_STREQ(ZoneoutBackward(a, mask, {y.data(), 7}, z).argument(), "d_current");
  EXPECT_STREQ(ZoneoutBackward(a, mask, y, {z.data(), 7}).argument(), "d_previous");
  EXPECT_STREQ(ZoneoutBackward(a, mask, y, y).argument(), "d_previous");
  EXPECT_EQ(y, std::vector<float>(8));
  EXPECT_EQ(z, std::vector<float>(8));
}

FALLOW_TEST_EVERY_TARGET_AND_TYPE(ZoneoutTest);

}  // namespace
}  // namespace fallow
