// Arrays that cannot be: which argument is named, with what value, and that nothing changed.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "fallow/dropout.h"
#include "tests/kernels/errors.h"

namespace fallow {
namespace {

using test::Names;

// A function with an input and an output.
struct Operation {
  const char* name;
  const char* input;
  const char* output;
  bool in_place;
  Status (*run)(const ConstArray& x, const Array& y, double p, std::span<std::uint8_t> stored);
};

constexpr Operation kOperations[] = {
    {"DropoutForward", "x", "y", true,
     [](const ConstArray& x, const Array& y, double p, std::span<std::uint8_t>) {
       return DropoutForward(x, {Rate(p), MaskKey{}}, y);
     }},
    {"DropoutForwardStore", "x", "y", true,
     [](const ConstArray& x, const Array& y, double p, std::span<std::uint8_t> stored) {
       return DropoutForwardStore(x, {Rate(p), MaskKey{}}, y, MaskFormat::kBits, stored);
     }},
    {"DropoutBackward", "dy", "dx", true,
     [](const ConstArray& x, const Array& y, double p, std::span<std::uint8_t>) {
       return DropoutBackward(x, {Rate(p), MaskKey{}}, y);
     }},
    {"DropoutAccumulate", "x", "y", false,
     [](const ConstArray& x, const Array& y, double p, std::span<std::uint8_t>) {
       return DropoutAccumulate(x, {Rate(p), MaskKey{}}, y);
     }},
    {"DropoutInference", "x", "y", true,
     [](const ConstArray& x, const Array& y, double p, std::span<std::uint8_t>) {
       return DropoutInference(x, Rate(p, Scaling::kAtInference), y);
     }},
};

void PrintTo(const Operation& operation, std::ostream* out) { *out << operation.name; }

constexpr double kRates[] = {0.0, 0.5, 1.0};

class ArrayErrorsTest : public test::ErrorsTest, public testing::WithParamInterface<Operation> {
 protected:
  static const char* input() { return GetParam().input; }
  static const char* output() { return GetParam().output; }

  Status Run(const ConstArray& x, const Array& y, double p = 0.5) {
    return GetParam().run(x, y, p, Bytes(3'800, BitMaskBytes(x.size() < 1000 ? x.size() : 0)));
  }

  void ExpectNames(const char* argument, double value, const ConstArray& x, const Array& y) {
    for (const double p : kRates) EXPECT_TRUE(Names(Run(x, y, p), argument, value)) << "p " << p;
  }

  float* floats(std::size_t first) { return Floats(first, 0).data(); }
};

TEST_P(ArrayErrorsTest, UnknownType) {
  for (const int number : {4, 5, 255}) {
    const auto type = static_cast<DType>(number);
    ExpectNames(input(), number, {floats(0), type, kSize}, y());
    ExpectNames(output(), number, x(), {floats(kSize), type, kSize});
    ExpectNames(input(), number, {floats(0), type, kSize}, {floats(kSize), type, kSize});
    ExpectNames(input(), number, {nullptr, type, 0}, {nullptr, type, 0});
  }
}

TEST_P(ArrayErrorsTest, AnotherTypeThanTheInputs) {
  ExpectNames(output(), static_cast<double>(DType::kBF16), x(), {floats(kSize), DType::kBF16, kSize});
  ExpectNames(output(), static_cast<double>(DType::kF32), {floats(0), DType::kF64, 40},
              {floats(kSize), DType::kF32, 40});
  ExpectNames(output(), static_cast<double>(DType::kBF16), {floats(0), DType::kF16, 40},
              {floats(kSize), DType::kBF16, 40});
  ExpectNames(output(), static_cast<double>(DType::kF16), {floats(0), DType::kF32, 0}, {floats(kSize), DType::kF16, 0});
}

TEST_P(ArrayErrorsTest, NullWithElements) {
  float* const null = nullptr;
  ExpectNames(input(), kSize, {null, kSize}, y());
  ExpectNames(output(), kSize, x(), {null, kSize});
  ExpectNames(input(), kSize, {null, kSize}, {null, kSize});
  ExpectNames(input(), kSize, {null, 10, 10, 12}, y());
  for (const double p : kRates) {
    EXPECT_TRUE(Run({null, 0}, {null, 0}, p).ok());
    EXPECT_TRUE(Run({null, 0, 10, 12}, {null, 0, 10, 12}, p).ok());
    EXPECT_TRUE(Run({null, 10, 0, 0}, {null, 10, 0, 12}, p).ok());
  }
}

TEST_P(ArrayErrorsTest, RowsThatOverlap) {
  const ConstArray x(floats(0), 10, 10, 10);
  ExpectNames(input(), 9, {floats(0), 10, 10, 9}, {floats(200), 10, 10, 10});
  ExpectNames(input(), 0, {floats(0), 10, 10, 0}, {floats(200), 10, 10, 10});
  ExpectNames(output(), 9, x, {floats(200), 10, 10, 9});
  ExpectNames(output(), 0, x, {floats(200), 10, 10, 0});
}

// Products that wrap around to something small, and sums that do.
TEST_P(ArrayErrorsTest, SizesThatFitNoAddressSpace) {
  constexpr std::size_t kMax = std::numeric_limits<std::size_t>::max();
  constexpr std::size_t kHalf = std::size_t{1} << 63;
  constexpr std::size_t kShapes[][3] = {
      {1, kMax, kMax},
      {1, kHalf / 4, kHalf / 4},  // Elements fit, bytes do not.
      {std::size_t{1} << 32, std::size_t{1} << 32, std::size_t{1} << 32},
      {std::size_t{1} << 33, (std::size_t{1} << 31) + 1, (std::size_t{1} << 31) + 1},
      {3, 1, kHalf},      // (rows - 1) * stride is 2^64.
      {2, 10, kMax - 5},  // Plus a row, it wraps around.
      {2, 1, kHalf / 4},
      {kMax, 1, 1},
  };
  for (const auto& [rows, cols, stride] : kShapes) {
    SCOPED_TRACE(testing::Message() << rows << " rows of " << cols << ", stride " << stride);
    const double size = static_cast<double>(rows) * static_cast<double>(cols);
    ExpectNames(input(), size, {floats(0), rows, cols, stride}, y());
    ExpectNames(output(), size, x(), {floats(kSize), rows, cols, stride});
    ExpectNames(input(), size, {floats(0), rows, cols, stride}, {floats(kSize), rows, cols, stride});
  }
}

TEST_P(ArrayErrorsTest, AnotherShapeThanTheInputs) {
  const ConstArray x(floats(0), 10, 10, 10);
  ExpectNames(output(), kSize - 10, x, {floats(200), 9, 10, 10});
  ExpectNames(output(), kSize - 10, x, {floats(200), 10, 9, 10});
  ExpectNames(output(), 0, x, {floats(200), 0, 10, 10});
  ExpectNames(output(), 20, x, {floats(200), 20, 5, 5});
  ExpectNames(output(), 1, x, {floats(200), kSize});
  ExpectNames(output(), 10, {floats(0), kSize}, {floats(200), 10, 10, 10});
}

TEST_P(ArrayErrorsTest, OverlapInPart) {
  // From one row's last element to the next one's first; all but one element; the same start, another stride.
  const ConstArray x(floats(200), 10, 10, 10);
  for (const std::size_t first : {101u, 110u, 199u, 201u, 290u, 299u}) {
    for (const double p : kRates) {
      EXPECT_TRUE(Names(Run(x, {floats(first), 10, 10, 10}, p), output())) << first << ", p " << p;
    }
  }
  for (const double p : kRates) {
    EXPECT_TRUE(Names(Run(x, {floats(200), 10, 10, 11}, p), output())) << p;
    EXPECT_TRUE(Names(Run({floats(200), 10, 10, 11}, {floats(200), 10, 10, 10}, p), output())) << p;
  }
  // By bytes that are no whole element.
  auto* const between = reinterpret_cast<std::byte*>(floats(0)) + 2;
  EXPECT_TRUE(Names(Run({floats(0), DType::kBF16, 10}, {between, DType::kBF16, 10}), output(), 9));
}

// Columns of one matrix of 20: those of x are 4 to 9.
TEST_P(ArrayErrorsTest, ColumnRangesThatShareSome) {
  constexpr std::size_t kRows = 10, kCols = 6, kStride = 20;
  const ConstArray x(floats(4), kRows, kCols, kStride);
  for (const std::size_t first : {5u, 9u, 25u, 29u, 3u, 19u, 39u, 65u}) {
    for (const double p : kRates) {
      EXPECT_TRUE(Names(Run(x, {floats(first), kRows, kCols, kStride}, p), output())) << first << ", p " << p;
    }
  }
  // Sharing no element, but at another stride: what the header does not promise is refused.
  EXPECT_TRUE(Names(Run(x, {floats(10), kRows, kCols, 2 * kStride}), output()));
}

// Sharing a row's worth more than that: y starts where x does, some rows later.
TEST_P(ArrayErrorsTest, RowsOfOneMatrixThatShareSome) {
  const ConstArray x(floats(0), 10, 6, 20);
  for (const std::size_t rows_later : {1u, 5u, 9u}) {
    EXPECT_TRUE(Names(Run(x, {floats(20 * rows_later), 10, 6, 20}), output())) << rows_later;
  }
}

INSTANTIATE_TEST_SUITE_P(, ArrayErrorsTest, testing::ValuesIn(kOperations),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

class AccumulateErrorsTest : public test::ErrorsTest {};

TEST_F(AccumulateErrorsTest, OverItsInput) {
  for (const double p : kRates) {
    EXPECT_TRUE(Names(DropoutAccumulate(x(), {Rate(p), MaskKey{}}, x()), "y", kSize)) << p;
  }
  EXPECT_TRUE(DropoutAccumulate(x().first(0), {Rate(0.5), MaskKey{}}, x().first(0)).ok());
}

// What touches, interleaves, or is the input itself is no error.
TEST(ArrayLimitsTest, ArraysThatShareNothing) {
  std::vector<float> memory(1000);
  const auto at = [&](std::size_t first) { return memory.data() + first; };
  std::vector<std::uint8_t> stored(BitMaskBytes(60));
  for (const Operation& operation : kOperations) {
    const auto ok = [&](const ConstArray& x, const Array& y) { return operation.run(x, y, 0.5, stored).ok(); };
    EXPECT_TRUE(ok({at(0), 60}, {at(60), 60})) << operation.name;
    EXPECT_TRUE(ok({at(60), 60}, {at(0), 60})) << operation.name;
    EXPECT_TRUE(ok({at(0), 10, 6, 20}, {at(6), 10, 6, 20})) << operation.name;
    EXPECT_TRUE(ok({at(14), 10, 6, 20}, {at(0), 10, 6, 20})) << operation.name;
    EXPECT_TRUE(ok({at(4), 10, 6, 20}, {at(18 + 60), 10, 6, 20})) << operation.name << ": around the end of a row";
    // The gap after the last row is not x's.
    EXPECT_TRUE(ok({at(0), 10, 6, 20}, {at(186), 10, 6, 6})) << operation.name;
    EXPECT_EQ(ok({at(3), 10, 6, 20}, {at(3), 10, 6, 20}), operation.in_place) << operation.name;
    // Of one row, the stride says nothing.
    EXPECT_TRUE(ok({at(0), 1, 60, 0}, {at(60), 1, 60, 1})) << operation.name;
    EXPECT_EQ(ok({at(3), 1, 60, 60}, {at(3), 1, 60, 99}), operation.in_place) << operation.name;
  }
}

}  // namespace
}  // namespace fallow
