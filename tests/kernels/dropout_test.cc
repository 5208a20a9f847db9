// Dropout of every element type against the oracle, bit by bit: sizes, alignments, bounds, values, in place.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "fallow/dropout.h"
#include "tests/kernels/dropout_forms.h"
#include "tests/kernels/mask_cases.h"
#include "tests/kernels/typed_targets.h"
#include "tests/support/elements.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/oracle.h"
#include "tests/support/sizes.h"
#include "tests/support/values.h"

namespace fallow {
namespace {

using oracle::Elements;
using test::Edge;
using test::Expected;
using test::Form;
using test::Nans;
using test::PlacedRows;
using test::SameElements;
using Bytes = std::vector<std::uint8_t>;

constexpr double kRates[] = {0.0, 1e-300, 0.1, 0.25, 0.5, 0.9, 1.0};

// Starts all over a block, and near the carry into the block index's high word.
MaskKey KeyFor(std::size_t size) {
  const std::uint64_t first = size % 3 == 0 ? 0 : size % 3 == 1 ? 37 * size : (std::uint64_t{1} << 39) - size / 2;
  return {.seed = 0x5EED5EED + size,
          .stream = StreamOf(2, size),
          .first_element = first,
          .rounds = size % 2 == 0 ? Rounds::k10 : Rounds::k7};
}

// Sums of two NaNs, or of two infinities, may be any NaN.
Nans NansOf(Form form) { return form == Form::kAccumulate ? Nans::kAny : Nans::kExact; }

class DropoutTest : public test::TypedTargetTest {
 protected:
  // Input and what the output holds before, for `size` elements; and the mask's uniforms.
  struct Case {
    explicit Case(std::size_t count)
        : size(count),
          key(KeyFor(count)),
          x(test::ElementValues(type(), count, count + 1)),
          before(test::ElementValues(type(), count, count + 2)),
          uniforms(oracle::Uniforms(test::ToOracle(key), count)) {}

    Mask MaskOf(double p) const { return {Rate(p), key}; }
    Expected ExpectedOf(double p) const { return {type(), p, oracle::MaskBytes(p, uniforms), x, before}; }

    std::size_t size;
    MaskKey key;
    Elements x;
    Elements before;
    std::vector<std::uint32_t> uniforms;
  };

  // One form with input, output and mask placed as told.
  void ExpectOracle(Form form, double p, const Case& c, const Expected& expected, const test::Placement& x_place,
                    const test::Placement& y_place, int max_threads = 0) {
    SCOPED_TRACE(testing::Message() << form << ", " << c.size << " elements, p " << p);
    const PlacedRows x = Place(c.x, x_place);
    const PlacedRows y = Place(c.before, y_place);
    const test::GuardedBuffer<std::uint8_t> stored(Bytes(MaskBytesOf(form, c.size), 0xFF), y_place.edge);
    const Status status = RunForm(form, View(x), c.MaskOf(p), View(y), stored.span(), execution(max_threads));
    ASSERT_TRUE(status.ok()) << status.Message();
    ASSERT_TRUE(SameElements(type(), expected.output(form), y.Read(), NansOf(form)));
    ASSERT_TRUE(test::SameBits(expected.mask(form), stored.span())) << "mask";
    ASSERT_TRUE(SameElements(type(), c.x, x.Read())) << "input";
    ASSERT_TRUE(x.surroundings_are_intact()) << "around the input";
    ASSERT_TRUE(y.surroundings_are_intact()) << "around the output";
  }

  void ExpectOracleInPlace(Form form, double p, const Case& c, const Expected& expected, const test::Placement& place) {
    SCOPED_TRACE(testing::Message() << form << " in place, " << c.size << " elements, p " << p);
    const PlacedRows y = Place(c.x, place);
    Bytes stored(MaskBytesOf(form, c.size), 0xFF);
    const Status status = RunForm(form, View(y), c.MaskOf(p), View(y), stored, execution());
    ASSERT_TRUE(status.ok()) << status.Message();
    ASSERT_TRUE(SameElements(type(), expected.output(form), y.Read()));
    ASSERT_TRUE(test::SameBits(expected.mask(form), stored)) << "mask";
    ASSERT_TRUE(y.surroundings_are_intact()) << "around the output";
  }

  // The largest size says nothing new of a type: how calls are cut up does not depend on it.
  static std::vector<std::size_t> Sizes() {
    std::vector<std::size_t> sizes = test::Sizes();
    if (dtype() != DType::kF32) std::erase_if(sizes, [](std::size_t size) { return size > 100'000; });
    return sizes;
  }
};

TEST_P(DropoutTest, EverySizeBetweenGuardPages) {
  for (const std::size_t size : Sizes()) {
    const Case c(size);
    for (const double p : kRates) {
      const Expected expected = c.ExpectedOf(p);
      for (const Form form : test::kForms) {
        ExpectOracle(form, p, c, expected, {.edge = Edge::kEnd}, {.edge = Edge::kEnd});
        if (p == 0.1) ExpectOracle(form, p, c, expected, {.edge = Edge::kStart}, {.edge = Edge::kStart});
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(DropoutTest, EverySizeInPlace) {
  for (const std::size_t size : Sizes()) {
    const Case c(size);
    for (const double p : kRates) {
      const Expected expected = c.ExpectedOf(p);
      for (const Form form : test::kForms) {
        if (WorksInPlace(form)) ExpectOracleInPlace(form, p, c, expected, {});
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(DropoutTest, AnyAlignmentOfInputAndOutput) {
  const std::size_t shifts = 64 / element_bytes() + 2;  // More than a vector.
  const Case c(1100);
  const Expected expected = c.ExpectedOf(0.1);
  for (std::size_t x_shift = 0; x_shift < shifts; ++x_shift) {
    for (std::size_t y_shift = 0; y_shift < shifts; ++y_shift) {
      SCOPED_TRACE(testing::Message() << "x + " << x_shift << ", y + " << y_shift);
      for (const Form form : {Form::kForward, Form::kAccumulate}) {
        ExpectOracle(form, 0.1, c, expected, {.shift = x_shift}, {.shift = y_shift});
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(DropoutTest, AnyAlignmentOfTheStoredMask) {
  const Case c(1101);
  const Expected expected = c.ExpectedOf(0.1);
  for (std::size_t shift = 0; shift < 66; ++shift) {
    for (const Form form : {Form::kForwardStoreBits, Form::kForwardStoreBytes}) {
      SCOPED_TRACE(testing::Message() << form << ", mask + " << shift);
      Elements y = c.before;
      const test::Framed<std::uint8_t> stored(Bytes(MaskBytesOf(form, c.size), 0xFF), shift);
      ASSERT_TRUE(RunForm(form, Row(c.x), c.MaskOf(0.1), Row(y), stored.span(), execution()).ok());
      ASSERT_TRUE(test::SameBits(expected.mask(form), stored.span()));
      ASSERT_TRUE(stored.frame_is_intact());
    }
  }
}

struct RowShape {
  std::size_t rows;
  std::size_t cols;
};

// Rows shorter and longer than a vector, a word, a block and a chunk; in all, less and more than a task.
constexpr RowShape kRowShapes[] = {{1, 100},  {2, 1},     {300, 1},   {77, 3},    {50, 31},
                                   {50, 32},  {50, 33},   {20, 64},   {20, 127},  {20, 129},
                                   {3, 1000}, {3, 16384}, {2, 16385}, {37, 1000}, {2, 40001}};

TEST_P(DropoutTest, StridedRows) {
  for (const RowShape shape : kRowShapes) {
    const Case c(shape.rows * shape.cols);
    for (const double p : {0.0, 0.1, 0.5, 1.0}) {
      SCOPED_TRACE(testing::Message() << shape.rows << " rows of " << shape.cols);
      const Expected expected = c.ExpectedOf(p);
      for (const Form form : test::kForms) {
        for (const auto& [x_gap, y_gap] : {std::pair{5, 3}, {0, 1}, {1, 0}, {64, 64}}) {
          const test::Placement x_place = {.rows = shape.rows, .gap = static_cast<std::size_t>(x_gap)};
          test::Placement y_place = {.rows = shape.rows, .gap = static_cast<std::size_t>(y_gap)};
          if (x_gap == 0) y_place.edge = Edge::kEnd;
          ExpectOracle(form, p, c, expected, x_place, y_place, 1 + x_gap % 2);
        }
        if (WorksInPlace(form)) ExpectOracleInPlace(form, p, c, expected, {.rows = shape.rows, .gap = 7, .shift = 1});
        if (HasFatalFailure()) return;
      }
    }
  }
}

// Input and output are columns of one matrix, side by side, also a few rows apart.
TEST_P(DropoutTest, InterleavedColumnRanges) {
  struct Ranges {
    std::size_t x_begin, y_begin;  // In elements from the matrix's first, which need not be in its first row.
  };
  constexpr std::size_t kRows = 40, kCols = 21, kStride = 45;
  const Case c(kRows * kCols);
  for (const Ranges ranges :
       {Ranges{0, kCols}, Ranges{kCols, 0}, Ranges{2, kStride - kCols}, Ranges{kStride - kCols, 1},
        Ranges{0, 3 * kStride + kCols}, Ranges{5 * kStride + kCols, 0}}) {
    for (const double p : {0.0, 0.1, 1.0}) {
      const Expected expected = c.ExpectedOf(p);
      for (const Form form : test::kForms) {
        SCOPED_TRACE(testing::Message() << form << ", x from " << ranges.x_begin << ", y from " << ranges.y_begin
                                        << ", p " << p);
        // Two placements that look at one matrix.
        Elements matrix(50 * kStride * element_bytes(), std::byte{0xA5});
        const auto put = [&](const Elements& rows, std::size_t begin, Elements& to) {
          for (std::size_t row = 0; row < kRows; ++row) {
            std::copy_n(rows.data() + row * kCols * element_bytes(), kCols * element_bytes(),
                        to.data() + (begin + row * kStride) * element_bytes());
          }
        };
        put(c.x, ranges.x_begin, matrix);
        put(c.before, ranges.y_begin, matrix);
        Elements expected_matrix = matrix;
        put(expected.output(form), ranges.y_begin, expected_matrix);
        const ConstArray x(matrix.data() + ranges.x_begin * element_bytes(), dtype(), kRows, kCols, kStride);
        const Array y(matrix.data() + ranges.y_begin * element_bytes(), dtype(), kRows, kCols, kStride);
        Bytes stored(MaskBytesOf(form, c.size));
        const Status status = RunForm(form, x, c.MaskOf(p), y, stored, execution());
        ASSERT_TRUE(status.ok()) << status.Message();
        ASSERT_TRUE(SameElements(type(), expected_matrix, matrix, NansOf(form)));
      }
    }
  }
}

// Where one term of the sum is an ordinary number, the other decides every bit.
TEST_P(DropoutTest, AccumulatesSpecialValuesToTheBit) {
  constexpr std::size_t kSize = 20'003;
  Case c(kSize);
  const Elements special = c.x;
  const Elements ordinary = test::OrdinaryValues(type(), kSize);
  for (const bool special_x : {true, false}) {
    c.x = special_x ? special : ordinary;
    c.before = special_x ? ordinary : special;
    for (const double p : kRates) {
      SCOPED_TRACE(testing::Message() << "p " << p << (special_x ? ", special x" : ", special y"));
      Elements y = c.before;
      ASSERT_TRUE(DropoutAccumulate(Row(c.x), c.MaskOf(p), Row(y), execution()).ok());
      ASSERT_TRUE(SameElements(type(), c.ExpectedOf(p).output(Form::kAccumulate), y));
    }
  }
}

// Selected, not multiplied: a NaN, an infinity or a negative number that is dropped leaves +0.
TEST_P(DropoutTest, FullRateWritesPositiveZerosAndZeroRateEveryBit) {
  constexpr std::size_t kSize = 5'000;
  const Elements x = test::ElementValues(type(), kSize);
  Elements y = test::OrdinaryValues(type(), kSize);
  ASSERT_TRUE(DropoutForward(Row(x), {Rate(1.0), MaskKey{}}, Row(y), execution()).ok());
  EXPECT_TRUE(SameElements(type(), Elements(x.size()), y));
  ASSERT_TRUE(DropoutBackward(Row(x), {Rate(-0.0), MaskKey{}}, Row(y), execution()).ok());
  EXPECT_TRUE(SameElements(type(), x, y));
}

// With this scaling, kept elements are multiplied by 1 in training.
TEST_P(DropoutTest, ScalingAtInferenceLeavesKeptElementsAlone) {
  const Case c(20'003);
  for (const double p : kRates) {
    const Mask mask(Rate(p, Scaling::kAtInference), c.key);
    const Bytes kept = oracle::MaskBytes(p, c.uniforms);
    const oracle::Factor one = {1.0f, 1.0};
    Elements y = c.before;
    ASSERT_TRUE(DropoutForward(Row(c.x), mask, Row(y), execution()).ok());
    ASSERT_TRUE(SameElements(type(), p == 0 ? c.x : oracle::Dropout(type(), c.x, kept, one), y)) << p;
    y = c.before;
    ASSERT_TRUE(DropoutAccumulate(Row(c.x), mask, Row(y), execution()).ok());
    ASSERT_TRUE(SameElements(type(), oracle::Accumulate(type(), c.x, kept, one, c.before), y, Nans::kAny)) << p;
  }
}

class InferenceTest : public test::TypedTargetTest {
 protected:
  // A product by q, but where that is 1 every bit, and where it is 0 zeros.
  static Elements ExpectedOf(const Elements& x, double p, Scaling scaling) {
    if (scaling == Scaling::kInTraining || p == 0.0) return x;
    if (p == 1.0) return Elements(x.size());
    return oracle::Scaled(type(), x, oracle::InferenceFactor(p));
  }

  void ExpectOracle(const Elements& x, double p, Scaling scaling, const test::Placement& x_place,
                    const test::Placement& y_place) {
    SCOPED_TRACE(testing::Message() << x.size() / element_bytes() << " elements, p " << p << ", at inference "
                                    << (scaling == Scaling::kAtInference));
    const Elements expected = ExpectedOf(x, p, scaling);
    const PlacedRows input = Place(x, x_place);
    const PlacedRows output = Place(Elements(x.size()), y_place);
    ASSERT_TRUE(DropoutInference(View(input), Rate(p, scaling), View(output), execution()).ok());
    ASSERT_TRUE(SameElements(type(), expected, output.Read()));
    ASSERT_TRUE(SameElements(type(), x, input.Read())) << "input";
    ASSERT_TRUE(output.surroundings_are_intact());
    ASSERT_TRUE(DropoutInference(View(input), Rate(p, scaling), View(input), execution()).ok());
    ASSERT_TRUE(SameElements(type(), expected, input.Read())) << "in place";
    ASSERT_TRUE(input.surroundings_are_intact());
  }
};

TEST_P(InferenceTest, EverySizeBetweenGuardPages) {
  for (const std::size_t size : test::Sizes()) {
    if (size > 100'000) continue;
    const Elements x = test::ElementValues(type(), size, size);
    for (const double p : kRates) {
      for (const Scaling scaling : {Scaling::kInTraining, Scaling::kAtInference}) {
        for (const Edge edge : {Edge::kStart, Edge::kEnd}) ExpectOracle(x, p, scaling, {.edge = edge}, {.edge = edge});
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(InferenceTest, StridedRows) {
  for (const RowShape shape : kRowShapes) {
    const Elements x = test::ElementValues(type(), shape.rows * shape.cols);
    for (const double p : {0.0, 0.3, 1.0}) {
      for (const Scaling scaling : {Scaling::kInTraining, Scaling::kAtInference}) {
        ExpectOracle(x, p, scaling, {.rows = shape.rows, .gap = 5, .shift = 1}, {.rows = shape.rows, .gap = 3});
        if (HasFatalFailure()) return;
      }
    }
  }
}

FALLOW_TEST_EVERY_TARGET_AND_TYPE(DropoutTest);
FALLOW_TEST_EVERY_TARGET_AND_TYPE(InferenceTest);

}  // namespace
}  // namespace fallow
