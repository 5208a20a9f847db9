// The gradients of bias, activation and dropout in one pass, against the oracle.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "tests/kernels/fused_cases.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/placed_rows.h"
#include "tests/support/sizes.h"
#include "tests/support/values.h"

namespace fallow {
namespace {

using oracle::Elements;
using test::Edge;
using test::FusedCase;
using test::Nans;
using test::PlacedRows;
using test::Placement;
using test::SameElements;

struct Shape {
  std::size_t rows, cols;
};
// One task and many, rows that are repeated and rows in strips.
constexpr Shape kShapes[] = {{1, 1},     {1000, 1},   {70'001, 1}, {700, 3},   {40'000, 5},
                             {257, 17},  {70, 512},   {65, 513},   {33, 1000}, {333, 1000},
                             {17, 1024}, {130, 1024}, {7, 1025},   {90, 1025}, {3, 20'001}};

class FusedBackwardTest : public test::FusedTypedTest {
 protected:
  struct Layout {
    bool dbias = true;
    enum { kApart, kOverDy, kOverX } dx = kApart;
    Placement dy = {}, x = {}, dx_place = {};
  };

  // Of dx to the bit, for an activation that is exact.
  void ExpectOracle(const FusedCase& c, Activation activation, const Layout& layout, bool special) {
    SCOPED_TRACE(testing::Message() << c.rows << " x " << c.cols << ", p " << c.p << ", activation "
                                    << static_cast<int>(activation) << ", dx " << layout.dx);
    const std::size_t size = c.rows * c.cols;
    const auto values = special ? test::ElementValues : test::OrdinaryValues;
    const Elements dy_values = values(type(), size, 1);
    const Elements x_values = values(type(), size, 2);
    const Elements bias_values = test::OrdinaryValues(type(), c.cols, 5);
    const test::GuardedBuffer<float> dbias(c.cols, layout.x.edge);
    std::ranges::fill(dbias.span(), std::numeric_limits<float>::quiet_NaN());
    const PlacedRows dy = PlaceRows(dy_values, c.rows, layout.dy);
    const PlacedRows x = PlaceRows(x_values, c.rows, layout.x);
    const PlacedRows dx = PlaceRows(test::OrdinaryValues(type(), size, 3), c.rows, layout.dx_place);
    const PlacedRows& out = layout.dx == Layout::kApart ? dx : layout.dx == Layout::kOverX ? x : dy;
    const Status status =
        BiasActivationDropoutBackward(View(dy), View(x), Row(bias_values), {activation, test::kSlope}, c.mask(),
                                      View(out), layout.dbias ? Array(dbias.span()) : Array(), execution());
    ASSERT_TRUE(status.ok()) << status.Message();
    const std::vector<float> expected =
        c.Oracle(activation, Floats(bias_values)).Backward(Floats(dy_values), Floats(x_values));
    ASSERT_TRUE(SameElements(type(), oracle::FromFloats(type(), expected), out.Read(), Nans::kAny));
    ASSERT_TRUE(out.surroundings_are_intact());
    if (&out != &x) {
      ASSERT_TRUE(SameElements(type(), x_values, x.Read())) << "x";
    }
    if (&out != &dy) {
      ASSERT_TRUE(SameElements(type(), dy_values, dy.Read())) << "dy";
    }
    if (layout.dbias && !special) ExpectSums(expected, dbias.span());
  }

  // The header's bound.
  static void ExpectSums(std::span<const float> dx, std::span<const float> dbias) {
    std::vector<double> sums(dbias.size());
    std::vector<double> magnitudes(dbias.size());
    for (std::size_t i = 0; i < dx.size(); ++i) {
      sums[i % sums.size()] += dx[i];
      magnitudes[i % sums.size()] += std::abs(dx[i]);
    }
    for (std::size_t c = 0; c < sums.size(); ++c) {
      ASSERT_NEAR(dbias[c], sums[c], std::ldexp(magnitudes[c], -19)) << "column " << c;
    }
  }
};

TEST_P(FusedBackwardTest, EverySizeBetweenGuardPages) {
  for (const std::size_t size : test::Sizes()) {
    if (size > 40'000 || size == 0) continue;
    for (const double p : {0.0, 1e-300, 0.1, 0.5, 0.9, 1.0}) {
      const FusedCase c(type(), 1, size, p);
      for (const Edge edge : {Edge::kStart, Edge::kEnd}) {
        const Placement at = {.edge = edge};
        ExpectOracle(c, Activation::kReLU, {.dy = at, .x = at, .dx_place = at}, true);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(FusedBackwardTest, EveryShapeInPlaceAndNot) {
  for (const Shape shape : kShapes) {
    const FusedCase c(type(), shape.rows, shape.cols, 0.3);
    ExpectOracle(c, Activation::kLinear, {.dx = Layout::kApart}, false);
    ExpectOracle(c, Activation::kReLU, {.dx = Layout::kOverDy}, false);
    ExpectOracle(c, Activation::kLeakyReLU, {.dbias = false, .dx = Layout::kOverX}, false);
    if (HasFatalFailure()) return;
  }
}

TEST_P(FusedBackwardTest, StridedRows) {
  for (const Shape shape : kShapes) {
    if (shape.rows * shape.cols > 100'000) continue;
    const FusedCase c(type(), shape.rows, shape.cols, 0.3);
    for (const auto dx : {Layout::kApart, Layout::kOverDy}) {
      ExpectOracle(c, Activation::kLeakyReLU,
                   {.dx = dx, .dy = {.gap = 3, .shift = 1}, .x = {.gap = 1}, .dx_place = {.gap = 2, .shift = 5}},
                   false);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(FusedBackwardTest, DerivativesAreAsGoodAsStated) {
  std::vector<float> arguments;
  for (int i = -3000; i <= 3000; ++i) arguments.push_back(static_cast<float>(i) / 300.0f + 1e-4f);
  const Elements x_values = oracle::FromFloats(type(), arguments);
  const std::vector<float> x = Floats(x_values);
  const Elements dy_values = test::OrdinaryValues(type(), x.size());
  const std::vector<float> dy = Floats(dy_values);
  for (const Activation activation : test::kActivations) {
    const FusedCase c(type(), 1, x.size(), 0.5);
    Elements dx(x_values.size());
    ASSERT_TRUE(BiasActivationDropoutBackward(Row(dy_values), Row(x_values), {}, {activation, test::kSlope}, c.mask(),
                                              Row(dx), {}, execution())
                    .ok());
    const std::vector<float> expected = c.Oracle(activation, {}).Backward(dy, x);
    const std::vector<float> actual = Floats(dx);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double bound = 1e-6 * std::abs(2 * dy[i]) + test::RoundingBound(type(), expected[i]);
      ASSERT_NEAR(actual[i], expected[i], bound) << static_cast<int>(activation) << " at " << x[i];
    }
  }
}

TEST_P(FusedBackwardTest, DroppedNaNLeavesNoTrace) {
  constexpr std::size_t kSize = 5'003;
  const FusedCase c(type(), 1, kSize, 0.4);
  const Elements nan = oracle::FromFloats(type(), std::vector<float>(kSize, std::numeric_limits<float>::quiet_NaN()));
  for (const Activation activation : test::kActivations) {
    Elements dx(nan.size());
    ASSERT_TRUE(
        BiasActivationDropoutBackward(Row(nan), Row(nan), {}, activation, c.mask(), Row(dx), {}, execution()).ok());
    for (std::size_t i = 0; i < kSize; ++i) {
      const std::byte* element = dx.data() + i * element_bytes();
      const bool zero = std::all_of(element, element + element_bytes(), [](std::byte b) { return b == std::byte{0}; });
      ASSERT_TRUE(zero || c.mask_bytes[i] != 0) << static_cast<int>(activation) << ' ' << i;
    }
  }
}

// The same bits with any number of threads and, where the activation is exact, from every target.
TEST_P(FusedBackwardTest, SumsAreTheSameForAnyNumberOfThreads) {
  for (const Shape shape : {Shape{333, 1000}, Shape{5, 20'001}, Shape{40'000, 5}, Shape{130, 1024}}) {
    const std::size_t size = shape.rows * shape.cols;
    const FusedCase c(type(), shape.rows, shape.cols, 0.1);
    const Elements x = test::OrdinaryValues(type(), size, 1);
    const Elements dy = test::OrdinaryValues(type(), size, 2);
    for (const Activation activation : {Activation::kGELU, Activation::kLeakyReLU}) {
      std::vector<float> first;
      const auto run = [&](const Execution& how) {
        Elements dx(x.size());
        std::vector<float> dbias(shape.cols);
        EXPECT_TRUE(BiasActivationDropoutBackward(Matrix(dy, shape.rows, shape.cols), Matrix(x, shape.rows, shape.cols),
                                                  {}, {activation, test::kSlope}, c.mask(),
                                                  Matrix(dx, shape.rows, shape.cols), dbias, how)
                        .ok());
        if (first.empty()) first = dbias;
        EXPECT_TRUE(test::SameBits(first, dbias)) << how.max_threads;
      };
      for (const int threads : {1, 2, 3, 0}) run(execution(threads));
      if (activation == Activation::kLeakyReLU) run({.max_threads = 1});
    }
  }
}

TEST_P(FusedBackwardTest, NoRowsSumToZero) {
  std::vector<float> dbias(7, 1.0f);
  const Array none(nullptr, dtype(), 0, 7, 7);
  ASSERT_TRUE(
      BiasActivationDropoutBackward(none, none, {}, Activation::kGELU, {Rate(0.5), MaskKey{}}, none, dbias, execution())
          .ok());
  EXPECT_EQ(dbias, std::vector<float>(7));
}

FALLOW_TEST_EVERY_TARGET_AND_FUSED_TYPE(FusedBackwardTest);

// The oracle's derivatives are those of its functions.
TEST(FusedOracleTest, DerivativesEqualCentralDifferences) {
  constexpr double kStep = 1e-5;
  for (const Activation activation : test::kActivations) {
    const oracle::Activation f = test::ToOracle(activation);
    for (double x = -9.995; x < 10; x += 0.01) {
      const double difference =
          (oracle::Activate(f, 0.3, x + kStep) - oracle::Activate(f, 0.3, x - kStep)) / (2 * kStep);
      ASSERT_NEAR(oracle::Differentiate(f, 0.3, x), difference, 1e-9) << static_cast<int>(activation) << ' ' << x;
    }
  }
}

}  // namespace
}  // namespace fallow
