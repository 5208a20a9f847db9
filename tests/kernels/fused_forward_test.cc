// Bias, activation, dropout and residual in one pass, against the oracle.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/kernels/fused_cases.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/placed_rows.h"
#include "tests/support/sizes.h"

namespace fallow {
namespace {

using oracle::Elements;
using test::Edge;
using test::FusedCase;
using test::Nans;
using test::PlacedRows;
using test::Placement;
using test::SameElements;

constexpr double kRates[] = {0.0, 1e-300, 0.1, 0.5, 0.9, 1.0};

struct Shape {
  std::size_t rows, cols;
};
// Rows shorter and longer than tiles, and chunks that end within rows.
constexpr Shape kShapes[] = {{1000, 1},  {700, 3},   {257, 17}, {70, 512},  {65, 513},
                             {33, 1000}, {17, 1024}, {7, 1025}, {3, 20'001}};

enum class BiasOf { kNone, kType, kF32 };

class FusedForwardTest : public test::FusedTypedTest {
 protected:
  // Where the arrays are. In place: y is x, or the residual.
  struct Layout {
    BiasOf bias = BiasOf::kF32;
    bool residual = true;
    enum { kApart, kOverX, kOverResidual } y = kApart;
    Placement x = {}, y_place = {};
  };

  static Elements BiasElements(BiasOf of, std::size_t cols) {
    if (of == BiasOf::kNone) return {};
    return test::OrdinaryValues(of == BiasOf::kF32 ? oracle::Type::kF32 : type(), cols, 5);
  }
  static oracle::Type BiasType(BiasOf of) { return of == BiasOf::kF32 ? oracle::Type::kF32 : type(); }

  // Bit for bit, of an activation that is exact.
  void ExpectOracle(const FusedCase& c, Activation activation, const Layout& layout, int max_threads = 0) {
    SCOPED_TRACE(testing::Message() << c.rows << " x " << c.cols << ", p " << c.p << ", activation "
                                    << static_cast<int>(activation) << ", bias " << static_cast<int>(layout.bias)
                                    << ", residual " << layout.residual << ", y " << layout.y);
    const std::size_t size = c.rows * c.cols;
    const Elements x_values = test::ElementValues(type(), size, 1);
    const Elements r_values = test::ElementValues(type(), layout.residual ? size : 0, 2);
    const Elements bias_values = BiasElements(layout.bias, c.cols);
    const test::GuardedBuffer<std::byte> bias(bias_values, layout.x.edge);
    const PlacedRows x = PlaceRows(x_values, c.rows, layout.x);
    const PlacedRows residual = PlaceRows(r_values, c.rows, layout.y_place);
    const PlacedRows y = PlaceRows(test::OrdinaryValues(type(), size, 3), c.rows, layout.y_place);
    const ConstArray bias_row =
        layout.bias == BiasOf::kNone
            ? ConstArray()
            : ConstArray(bias.span().data(), layout.bias == BiasOf::kF32 ? DType::kF32 : dtype(), c.cols);
    const PlacedRows& out = layout.y == Layout::kApart ? y : layout.y == Layout::kOverX ? x : residual;
    const Status status =
        BiasActivationDropoutForward(View(x), bias_row, {activation, test::kSlope}, c.mask(),
                                     layout.residual ? View(residual) : Array(), View(out), execution(max_threads));
    ASSERT_TRUE(status.ok()) << status.Message();
    const std::vector<float> expected = c.Oracle(activation, oracle::ToFloats(BiasType(layout.bias), bias_values))
                                            .Forward(Floats(x_values), Floats(r_values));
    ASSERT_TRUE(SameElements(type(), oracle::FromFloats(type(), expected), out.Read(), Nans::kAny));
    ASSERT_TRUE(out.surroundings_are_intact());
    if (&out != &x) {
      ASSERT_TRUE(SameElements(type(), x_values, x.Read())) << "x";
    }
    if (&out != &residual) {
      ASSERT_TRUE(SameElements(type(), r_values, residual.Read())) << "residual";
    }
  }
};

TEST_P(FusedForwardTest, EverySizeBetweenGuardPages) {
  for (const std::size_t size : test::Sizes()) {
    if (size > 40'000) continue;
    for (const double p : kRates) {
      const FusedCase c(type(), 1, size, p);
      for (const Edge edge : {Edge::kStart, Edge::kEnd}) {
        const Layout layout = {
            .bias = size % 2 == 0 ? BiasOf::kType : BiasOf::kF32, .x = {.edge = edge}, .y_place = {.edge = edge}};
        ExpectOracle(c, Activation::kReLU, layout);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(FusedForwardTest, EveryShapeActivationAndOption) {
  for (const Shape shape : kShapes) {
    const FusedCase c(type(), shape.rows, shape.cols, 0.1);
    for (const Activation activation : test::kExactActivations) {
      for (const BiasOf bias : {BiasOf::kNone, BiasOf::kType, BiasOf::kF32}) {
        for (const bool residual : {false, true}) ExpectOracle(c, activation, {.bias = bias, .residual = residual});
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(FusedForwardTest, InPlaceAndStridedRows) {
  for (const Shape shape : kShapes) {
    const FusedCase c(type(), shape.rows, shape.cols, 0.3);
    for (const std::size_t gap : {0, 5}) {
      Layout layout = {.x = {.gap = gap, .shift = 3}, .y_place = {.gap = 2 * gap, .shift = 1}};
      for (const auto y : {Layout::kApart, Layout::kOverX, Layout::kOverResidual}) {
        layout.y = y;
        ExpectOracle(c, Activation::kLeakyReLU, layout);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(FusedForwardTest, AnyAlignment) {
  const FusedCase c(type(), 3, 367, 0.1);
  for (std::size_t shift = 0; shift < 18; ++shift) {
    ExpectOracle(c, Activation::kReLU, {.x = {.shift = shift}, .y_place = {.shift = 17 - shift}});
    if (HasFatalFailure()) return;
  }
}

// Dense where functions bend, and out to where exp overflows and vanishes.
std::vector<float> Arguments() {
  std::vector<float> x;
  for (int i = -3000; i <= 3000; ++i) x.push_back(static_cast<float>(i) / 300.0f + 1e-4f);
  for (float magnitude = 1e-30f; magnitude < 1e4f; magnitude *= 3) {
    x.push_back(magnitude);
    x.push_back(-magnitude);
  }
  return x;
}

TEST_P(FusedForwardTest, ActivationsAreAsGoodAsStated) {
  const Elements x_values = oracle::FromFloats(type(), Arguments());
  const std::vector<float> x = Floats(x_values);
  const Elements residual = test::OrdinaryValues(type(), x.size());
  for (const Activation activation : test::kActivations) {
    for (const double p : {0.0, 0.5}) {
      for (const bool with_residual : {false, true}) {
        const FusedCase c(type(), 1, x.size(), p);
        Elements y(x_values.size());
        ASSERT_TRUE(BiasActivationDropoutForward(Row(x_values), {}, {activation, test::kSlope}, c.mask(),
                                                 with_residual ? Row(residual) : Array(), Row(y), execution())
                        .ok());
        const oracle::Fused fused = c.Oracle(activation, {});
        const std::vector<float> r = with_residual ? Floats(residual) : std::vector<float>();
        const std::vector<float> expected = fused.Forward(x, r);
        const std::vector<float> actual = Floats(y);
        for (std::size_t i = 0; i < x.size(); ++i) {
          const double value = oracle::Activate(fused.activation, fused.slope, x[i]);
          const double bound = fused.scale * test::ValueBound(activation, x[i], value) +
                               0x1p-23 * std::abs(fused.scale * value) + test::RoundingBound(type(), expected[i]);
          ASSERT_NEAR(actual[i], expected[i], bound) << static_cast<int>(activation) << " at " << x[i];
        }
      }
    }
  }
}

// Whatever was dropped.
TEST_P(FusedForwardTest, DroppedNaNLeavesNoTrace) {
  constexpr std::size_t kSize = 5'003;
  const FusedCase c(type(), 1, kSize, 0.4);
  const Elements x = oracle::FromFloats(type(), std::vector<float>(kSize, std::numeric_limits<float>::quiet_NaN()));
  const Elements residual = test::OrdinaryValues(type(), kSize);
  for (const Activation activation : test::kActivations) {
    Elements y(x.size());
    Elements alone(x.size());
    ASSERT_TRUE(
        BiasActivationDropoutForward(Row(x), {}, activation, c.mask(), Row(residual), Row(y), execution()).ok());
    ASSERT_TRUE(BiasActivationDropoutForward(Row(x), {}, activation, c.mask(), {}, Row(alone), execution()).ok());
    const std::vector<float> values = Floats(y);
    for (std::size_t i = 0; i < kSize; ++i) {
      ASSERT_EQ(std::isnan(values[i]), c.mask_bytes[i] != 0) << static_cast<int>(activation) << ' ' << i;
      if (c.mask_bytes[i] != 0) continue;
      const auto same = [&](const Elements& a, const Elements& b) {
        return std::equal(a.data() + i * element_bytes(), a.data() + (i + 1) * element_bytes(),
                          b.data() + i * element_bytes());
      };
      ASSERT_TRUE(same(residual, y) && same(Elements(x.size()), alone)) << static_cast<int>(activation) << ' ' << i;
    }
  }
}

TEST_P(FusedForwardTest, AnyNumberOfThreads) {
  constexpr std::size_t kRows = 301;
  constexpr std::size_t kCols = 701;
  const FusedCase c(type(), kRows, kCols, 0.1);
  const Elements x = test::OrdinaryValues(type(), kRows * kCols, 1);
  const Elements residual = test::OrdinaryValues(type(), kRows * kCols, 2);
  const std::vector<float> bias(kCols, 0.5f);
  Elements first;
  for (const int threads : {1, 2, 3, 0}) {
    Elements y(x.size());
    ASSERT_TRUE(BiasActivationDropoutForward(Matrix(x, kRows, kCols), bias, Activation::kGELU, c.mask(),
                                             Matrix(residual, kRows, kCols), Matrix(y, kRows, kCols),
                                             execution(threads))
                    .ok());
    if (first.empty()) first = y;
    ASSERT_TRUE(SameElements(type(), first, y)) << threads;
  }
}

TEST_P(FusedForwardTest, NothingToDo) {
  const Elements none;
  EXPECT_TRUE(BiasActivationDropoutForward(Array(nullptr, dtype(), 0), {}, Activation::kGELU, {Rate(0.5), MaskKey{}},
                                           {}, Array(nullptr, dtype(), 0), execution())
                  .ok());
}

FALLOW_TEST_EVERY_TARGET_AND_FUSED_TYPE(FusedForwardTest);

// Outputs that are stored around the caches, aligned and not, are the same as those in place, which are not.
class LargeFusedTest : public test::TargetTest {};

TEST_P(LargeFusedTest, StoredAroundTheCachesIsTheSame) {
  constexpr std::size_t kCols = 1000;
  constexpr std::size_t kRows = (std::size_t{96} << 18) / kCols;
  constexpr std::size_t kSize = kRows * kCols;
  const std::vector<float> bias(kCols, 0.25f);
  std::vector<float> x(kSize);
  std::vector<float> dx(kSize + 16);
  std::vector<float> dbias(kCols);
  std::vector<float> dbias_in_place(kCols);
  for (std::size_t i = 0; i < kSize; ++i) x[i] = static_cast<float>(i % 1009) * 0.01f - 5.0f;
  const Mask mask(Rate(0.1), MaskKey{.seed = 3});
  const Execution execution = {.target = GetParam()};
  const auto matrix = [](float* data) { return Array(data, kRows, kCols, kCols); };
  for (const std::size_t start : {0, 3}) {
    std::vector<float> in_place = x;
    std::fill(dx.begin(), dx.end(), 42.0f);
    ASSERT_TRUE(BiasActivationDropoutForward(matrix(x.data()), bias, Activation::kGELU, mask, {},
                                             matrix(dx.data() + start), execution)
                    .ok());
    ASSERT_TRUE(BiasActivationDropoutForward(matrix(in_place.data()), bias, Activation::kGELU, mask, {},
                                             matrix(in_place.data()), execution)
                    .ok());
    ASSERT_TRUE(std::equal(in_place.begin(), in_place.end(), dx.begin() + start)) << start;
    in_place = x;
    ASSERT_TRUE(BiasActivationDropoutBackward(matrix(x.data()), matrix(x.data()), bias, Activation::kGELU, mask,
                                              matrix(dx.data() + start), dbias, execution)
                    .ok());
    ASSERT_TRUE(BiasActivationDropoutBackward(matrix(in_place.data()), matrix(in_place.data()), bias, Activation::kGELU,
                                              mask, matrix(in_place.data()), dbias_in_place, execution)
                    .ok());
    ASSERT_TRUE(std::equal(in_place.begin(), in_place.end(), dx.begin() + start)) << start;
    EXPECT_EQ(dbias, dbias_in_place);
    for (std::size_t i = 0; i < 16; ++i) EXPECT_EQ(dx[i < start ? i : kSize + i], 42.0f) << i;
  }
}

FALLOW_TEST_EVERY_TARGET(LargeFusedTest);

}  // namespace
}  // namespace fallow
