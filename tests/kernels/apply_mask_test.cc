// Dropout with a stored mask.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fallow/dropout.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/oracle.h"
#include "tests/support/sizes.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow {
namespace {

using test::Edge;
using test::GuardedBuffer;
using Bytes = std::vector<std::uint8_t>;

constexpr double kRates[] = {0.0, 1e-300, 0.1, 0.5, 0.9, 1.0 - 0x1p-32, 1.0};

// As bits, with ones where the format has no element: these are to be ignored.
Bytes BitsWithNoise(std::span<const std::uint8_t> mask_bytes) {
  Bytes bits = oracle::PackBits(mask_bytes);
  if (mask_bytes.size() % 8 != 0) bits.back() |= static_cast<std::uint8_t>(0xFF << (mask_bytes.size() % 8));
  return bits;
}

class ApplyMaskTest : public test::TargetTest {
 protected:
  Execution execution() const { return {.target = GetParam()}; }

  void ExpectOracle(MaskFormat format, std::span<const float> x, std::span<const std::uint8_t> mask, double p,
                    std::span<const float> expected) {
    for (const Edge edge : {Edge::kStart, Edge::kEnd}) {
      SCOPED_TRACE(testing::Message() << x.size() << " elements, p " << p << ", " << EdgeName(edge));
      const GuardedBuffer<float> input(x, edge);
      const GuardedBuffer<float> output(x.size(), edge);
      const GuardedBuffer<std::uint8_t> guarded_mask(mask, edge);
      const Mask stored(Rate(p), guarded_mask.span(), format);
      const Status status = DropoutForward(input.span(), stored, output.span(), execution());
      ASSERT_TRUE(status.ok()) << status.Message();
      ASSERT_TRUE(test::SameFloats(expected, output.span()));

      ASSERT_TRUE(DropoutForward(input.span(), stored, input.span(), execution()).ok());
      ASSERT_TRUE(test::SameFloats(expected, input.span())) << "in place";
    }
  }
};

TEST_P(ApplyMaskTest, EverySizeAndRateBetweenGuardPages) {
  for (const std::size_t size : test::Sizes()) {
    const std::vector<float> x = test::FloatValues(size, size);
    const Bytes mask = test::ByteValues(size, size);
    const Bytes bits = BitsWithNoise(mask);
    for (const double p : kRates) {
      const std::vector<float> expected = oracle::Apply(x, mask, oracle::Scale(p));
      ExpectOracle(MaskFormat::kBits, x, bits, p, expected);
      ExpectOracle(MaskFormat::kBytes, x, mask, p, expected);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(ApplyMaskTest, AnyAlignmentOfInputOutputAndMask) {
  constexpr std::size_t kSize = 1100;
  constexpr std::size_t kShifts = 18;  // More than a vector.
  const std::vector<float> x = test::FloatValues(kSize);
  const Bytes mask = test::ByteValues(kSize);
  const Bytes bits = BitsWithNoise(mask);
  const std::vector<float> expected = oracle::Apply(x, mask, 2.0f);
  for (std::size_t shift = 0; shift < kShifts * kShifts; ++shift) {
    const std::size_t x_shift = shift % kShifts;
    const std::size_t y_shift = shift / kShifts;
    SCOPED_TRACE(testing::Message() << "x + " << x_shift << ", y + " << y_shift);
    test::Framed<float> input(x, x_shift);
    test::Framed<float> output(std::vector<float>(kSize, 1.0f), y_shift);
    const std::size_t mask_shift = (5 * x_shift + 7 * y_shift) % kShifts;
    test::Framed<std::uint8_t> framed_bits(bits, mask_shift);
    test::Framed<std::uint8_t> framed_mask(mask, mask_shift);
    ASSERT_TRUE(
        DropoutForward(input.span(), {Rate(0.5), framed_bits.span(), MaskFormat::kBits}, output.span(), execution())
            .ok());
    ASSERT_TRUE(test::SameFloats(expected, output.span()));
    ASSERT_TRUE(
        DropoutForward(input.span(), {Rate(0.5), framed_mask.span(), MaskFormat::kBytes}, output.span(), execution())
            .ok());
    ASSERT_TRUE(test::SameFloats(expected, output.span()));
    ASSERT_TRUE(output.frame_is_intact());
  }
}

TEST_P(ApplyMaskTest, OfTheForwardPassIsTheBackwardPass) {
  const std::vector<float> x = test::FloatValues(100'003, 1);
  const std::vector<float> dy = test::FloatValues(x.size(), 2);
  const MaskKey key = {.seed = 8, .stream = 9, .first_element = 10};
  for (const double p : {0.1, 0.5, 0.9}) {
    const Rate rate(p);
    std::vector<float> y(x.size());
    std::vector<float> dx(x.size());
    std::vector<float> dx_stored(x.size());
    Bytes bits(BitMaskBytes(x.size()));
    Bytes bytes(x.size());
    ASSERT_TRUE(DropoutBackward(dy, {rate, key}, dx, execution()).ok());
    ASSERT_TRUE(DropoutForwardStore(x, {rate, key}, y, MaskFormat::kBits, bits, execution()).ok());
    ASSERT_TRUE(DropoutBackward(dy, {rate, bits, MaskFormat::kBits}, dx_stored, execution()).ok());
    EXPECT_TRUE(test::SameBits(dx, dx_stored)) << p;
    ASSERT_TRUE(DropoutForwardStore(x, {rate, key}, y, MaskFormat::kBytes, bytes, execution()).ok());
    ASSERT_TRUE(DropoutBackward(dy, {rate, bytes, MaskFormat::kBytes}, dx_stored, execution()).ok());
    EXPECT_TRUE(test::SameBits(dx, dx_stored)) << p;
  }
}

FALLOW_TEST_EVERY_TARGET(ApplyMaskTest);

}  // namespace
}  // namespace fallow
