// Forward and backward dropout of floats against the oracle: sizes, alignments, bounds, values.
#include <gtest/gtest.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fallow/dropout.h"
#include "tests/kernels/dropout_forms.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/sizes.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow {
namespace {

using test::Edge;
using test::Expected;
using test::Form;
using test::GuardedBuffer;
using Bytes = std::vector<std::uint8_t>;

constexpr double kRates[] = {0.0, 1e-300, 0.1, 0.25, 0.5, 0.9, 1.0};

// Starts all over a block, and near the carry into the block index's high word.
MaskKey KeyFor(std::size_t size) {
  const std::uint64_t first = size % 3 == 0 ? 0 : size % 3 == 1 ? 37 * size : (std::uint64_t{1} << 39) - size / 2;
  return {.seed = 0x5EED5EED + size, .stream = StreamOf(2, size), .first_element = first};
}

// p = 0 promises a copy of every bit; a product may change a NaN's payload.
testing::AssertionResult SameOutput(double p, std::span<const float> expected, std::span<const float> actual) {
  return p == 0.0 ? test::SameBits(expected, actual) : test::SameFloats(expected, actual);
}

class DropoutF32Test : public test::TargetTest {
 protected:
  Execution execution() const { return {.target = GetParam()}; }

  // Input, output and mask each against an inaccessible page.
  void ExpectOracleAgainst(Edge edge, double p, std::span<const float> x, const Expected& expected) {
    for (const Form form : test::kForms) {
      SCOPED_TRACE(testing::Message() << form << ", " << x.size() << " elements, p " << p << ", " << EdgeName(edge));
      const GuardedBuffer<float> input(x, edge);
      const GuardedBuffer<float> output(x.size(), edge);
      const GuardedBuffer<std::uint8_t> mask(Bytes(test::MaskBytesOf(form, x.size()), 0xFF), edge);
      const Status status =
          RunForm(form, input.span(), Rate(p), KeyFor(x.size()), output.span(), mask.span(), execution());
      ASSERT_TRUE(status.ok()) << status.Message();
      ASSERT_TRUE(SameOutput(p, expected.y, output.span()));
      ASSERT_TRUE(test::SameBits(expected.mask(form), mask.span())) << "mask";
      ASSERT_TRUE(test::SameBits(x, input.span())) << "input";
    }
  }
};

TEST_P(DropoutF32Test, EverySizeBetweenGuardPages) {
  for (const std::size_t size : test::Sizes()) {
    const std::vector<float> x = test::FloatValues(size);
    for (const double p : kRates) {
      const Expected expected(p, KeyFor(size), x);
      for (const Edge edge : {Edge::kStart, Edge::kEnd}) ExpectOracleAgainst(edge, p, x, expected);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(DropoutF32Test, EverySizeInPlace) {
  for (const std::size_t size : test::Sizes()) {
    const std::vector<float> x = test::FloatValues(size);
    for (const double p : kRates) {
      const Expected expected(p, KeyFor(size), x);
      for (const Form form : test::kForms) {
        SCOPED_TRACE(testing::Message() << form << ", " << size << " elements, p " << p);
        std::vector<float> y = x;
        Bytes mask(test::MaskBytesOf(form, size), 0xFF);
        ASSERT_TRUE(RunForm(form, y, Rate(p), KeyFor(size), y, mask, execution()).ok());
        ASSERT_TRUE(SameOutput(p, expected.y, y));
        ASSERT_TRUE(test::SameBits(expected.mask(form), mask)) << "mask";
      }
    }
  }
}

// The buffers start `shift` elements after a page, and what surrounds the outputs must not change.
TEST_P(DropoutF32Test, AnyAlignmentOfInputOutputAndMask) {
  constexpr std::size_t kSize = 1100;
  constexpr std::size_t kShifts = 18;  // More than a vector.
  const std::vector<float> x = test::FloatValues(kSize);
  const MaskKey key = KeyFor(kSize);
  const Expected expected(0.1, key, x);
  for (std::size_t x_shift = 0; x_shift < kShifts; ++x_shift) {
    for (std::size_t y_shift = 0; y_shift < kShifts; ++y_shift) {
      const std::size_t mask_shift = (5 * x_shift + 7 * y_shift) % kShifts;
      for (const Form form : test::kForms) {
        SCOPED_TRACE(testing::Message() << form << ", x + " << x_shift << ", y + " << y_shift << ", mask + "
                                        << mask_shift);
        test::Framed<float> input(x, x_shift);
        test::Framed<float> output(std::vector<float>(kSize, 1.0f), y_shift);
        test::Framed<std::uint8_t> mask(Bytes(test::MaskBytesOf(form, kSize), 0xFF), mask_shift);
        ASSERT_TRUE(RunForm(form, input.span(), Rate(0.1), key, output.span(), mask.span(), execution()).ok());
        ASSERT_TRUE(test::SameFloats(expected.y, output.span()));
        ASSERT_TRUE(test::SameBits(expected.mask(form), mask.span())) << "mask";
        ASSERT_TRUE(output.frame_is_intact());
        ASSERT_TRUE(mask.frame_is_intact());
      }
    }
  }
}

TEST_P(DropoutF32Test, ZeroRateCopiesEveryBitPattern) {
  const std::vector<float> x = test::FloatValues(5'000);
  std::vector<float> y(x.size());
  ASSERT_TRUE(DropoutForward(x, {Rate(0.0), MaskKey{}}, y, execution()).ok());
  EXPECT_TRUE(test::SameBits(x, y));
  ASSERT_TRUE(DropoutBackward(x, {Rate(-0.0), MaskKey{}}, y, execution()).ok());
  EXPECT_TRUE(test::SameBits(x, y));
}

// Selected, not multiplied: a NaN, an infinity or a negative number that is dropped leaves +0.
TEST_P(DropoutF32Test, FullRateWritesPositiveZeros) {
  const std::vector<float> x = test::FloatValues(5'000);
  const std::vector<float> zeros(x.size());
  std::vector<float> y(x.size(), 1.0f);
  ASSERT_TRUE(DropoutForward(x, {Rate(1.0), MaskKey{}}, y, execution()).ok());
  EXPECT_TRUE(test::SameBits(zeros, y));
}

TEST_P(DropoutF32Test, KeptNanStaysNanAndDroppedNanIsZero) {
  const std::vector<float> x(10'000, std::bit_cast<float>(0x7FC12345u));
  std::vector<float> y(x.size());
  Bytes kept(x.size());
  ASSERT_TRUE(DropoutForwardStore(x, {Rate(0.3), {.seed = 3}}, y, MaskFormat::kBytes, kept, execution()).ok());
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (kept[i] != 0) {
      ASSERT_TRUE(y[i] != y[i]) << i;
    } else {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(y[i]), 0u) << i;
    }
  }
}

TEST_P(DropoutF32Test, SevenRoundsAreAnotherMask) {
  const std::vector<float> x = test::FloatValues(5'003);
  const MaskKey key = {.seed = 1, .stream = 2, .first_element = 3, .rounds = Rounds::k7};
  const Expected expected(0.1, key, x);
  for (const Form form : test::kForms) {
    std::vector<float> y(x.size());
    Bytes mask(test::MaskBytesOf(form, x.size()), 0xFF);
    ASSERT_TRUE(RunForm(form, x, Rate(0.1), key, y, mask, execution()).ok());
    EXPECT_TRUE(test::SameFloats(expected.y, y)) << form;
    EXPECT_TRUE(test::SameBits(expected.mask(form), mask)) << form;
  }
}

FALLOW_TEST_EVERY_TARGET(DropoutF32Test);

}  // namespace
}  // namespace fallow
