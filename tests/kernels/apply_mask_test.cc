// Dropout with a stored mask.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
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
using ApplyFunction = Status (*)(std::span<const float>, std::span<const std::uint8_t>, float, std::span<float>,
                                 const Execution&) noexcept;

constexpr float kScales[] = {1.0f, 1.1111112f, 2.0f, -0.5f, 0.0f, std::numeric_limits<float>::infinity()};

// As bits, with ones where the format has no element: these are to be ignored.
Bytes BitsWithNoise(std::span<const std::uint8_t> mask_bytes) {
  Bytes bits = oracle::PackBits(mask_bytes);
  if (mask_bytes.size() % 8 != 0) bits.back() |= static_cast<std::uint8_t>(0xFF << (mask_bytes.size() % 8));
  return bits;
}

class ApplyMaskTest : public test::TargetTest {
 protected:
  Execution execution() const { return {.target = GetParam()}; }

  void ExpectOracle(ApplyFunction apply, std::span<const float> x, std::span<const std::uint8_t> mask, float scale,
                    std::span<const float> expected) {
    for (const Edge edge : {Edge::kStart, Edge::kEnd}) {
      SCOPED_TRACE(testing::Message() << x.size() << " elements, scale " << scale << ", " << EdgeName(edge));
      const GuardedBuffer<float> input(x, edge);
      const GuardedBuffer<float> output(x.size(), edge);
      const GuardedBuffer<std::uint8_t> guarded_mask(mask, edge);
      const Status status = apply(input.span(), guarded_mask.span(), scale, output.span(), execution());
      ASSERT_TRUE(status.ok()) << status.Message();
      ASSERT_TRUE(test::SameFloats(expected, output.span()));

      ASSERT_TRUE(apply(input.span(), guarded_mask.span(), scale, input.span(), execution()).ok());
      ASSERT_TRUE(test::SameFloats(expected, input.span())) << "in place";
    }
  }
};

TEST_P(ApplyMaskTest, EverySizeAndScaleBetweenGuardPages) {
  for (const std::size_t size : test::Sizes()) {
    const std::vector<float> x = test::FloatValues(size, size);
    const Bytes mask = test::ByteValues(size, size);
    const Bytes bits = BitsWithNoise(mask);
    for (const float scale : kScales) {
      const std::vector<float> expected = oracle::Apply(x, mask, scale);
      ExpectOracle(ApplyMaskBits, x, bits, scale, expected);
      ExpectOracle(ApplyMaskBytes, x, mask, scale, expected);
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
    ASSERT_TRUE(ApplyMaskBits(input.span(), framed_bits.span(), 2.0f, output.span(), execution()).ok());
    ASSERT_TRUE(test::SameFloats(expected, output.span()));
    ASSERT_TRUE(ApplyMaskBytes(input.span(), framed_mask.span(), 2.0f, output.span(), execution()).ok());
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
    ASSERT_TRUE(DropoutBackward(dy, rate, key, dx, execution()).ok());
    ASSERT_TRUE(DropoutForwardMaskBits(x, rate, key, y, bits, execution()).ok());
    ASSERT_TRUE(ApplyMaskBits(dy, bits, rate.scale(), dx_stored, execution()).ok());
    EXPECT_TRUE(test::SameBits(dx, dx_stored)) << p;
    ASSERT_TRUE(DropoutForwardMaskBytes(x, rate, key, y, bytes, execution()).ok());
    ASSERT_TRUE(ApplyMaskBytes(dy, bytes, rate.scale(), dx_stored, execution()).ok());
    EXPECT_TRUE(test::SameBits(dx, dx_stored)) << p;
  }
}

FALLOW_TEST_EVERY_TARGET(ApplyMaskTest);

}  // namespace
}  // namespace fallow
