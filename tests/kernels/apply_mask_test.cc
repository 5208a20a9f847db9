// Dropout with a stored mask, of every element type.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fallow/dropout.h"
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
using test::Nans;
using test::PlacedRows;
using test::SameElements;
using Bytes = std::vector<std::uint8_t>;

constexpr double kRates[] = {0.0, 1e-300, 0.1, 0.5, 0.9, 1.0 - 0x1p-32, 1.0};
constexpr MaskFormat kFormats[] = {MaskFormat::kBits, MaskFormat::kBytes};

// As bits, with ones where the format has no element: these are to be ignored.
Bytes BitsWithNoise(std::span<const std::uint8_t> mask_bytes) {
  Bytes bits = oracle::PackBits(mask_bytes);
  if (mask_bytes.size() % 8 != 0) bits.back() |= static_cast<std::uint8_t>(0xFF << (mask_bytes.size() % 8));
  return bits;
}

class ApplyMaskTest : public test::TypedTargetTest {
 protected:
  struct Case {
    explicit Case(std::size_t count)
        : size(count),
          x(test::ElementValues(type(), count, count + 1)),
          before(test::ElementValues(type(), count, count + 2)),
          bytes(test::ByteValues(count, count)),
          bits(BitsWithNoise(bytes)) {}

    const Bytes& stored(MaskFormat format) const { return format == MaskFormat::kBits ? bits : bytes; }

    std::size_t size;
    Elements x;
    Elements before;
    Bytes bytes;
    Bytes bits;
  };

  struct Results {
    Results(const Case& c, double p)
        // No product by 0, whatever the mask keeps.
        : dropout(p == 1.0 ? Elements(c.x.size()) : oracle::Dropout(type(), c.x, c.bytes, oracle::TrainingFactor(p))),
          accumulated(p == 1.0 ? c.before
                               : oracle::Accumulate(type(), c.x, c.bytes, oracle::TrainingFactor(p), c.before)) {}
    Elements dropout;
    Elements accumulated;
  };

  void ExpectOracle(const Case& c, const Results& expected, const Mask& mask, const test::Placement& x_place,
                    const test::Placement& y_place, int max_threads = 0) {
    const PlacedRows x = Place(c.x, x_place);
    const PlacedRows y = Place(c.before, y_place);
    const Execution how = execution(max_threads);
    ASSERT_TRUE(DropoutAccumulate(View(x), mask, View(y), how).ok());
    ASSERT_TRUE(SameElements(type(), expected.accumulated, y.Read(), Nans::kAny)) << "accumulated";
    ASSERT_TRUE(DropoutForward(View(x), mask, View(y), how).ok());
    ASSERT_TRUE(SameElements(type(), expected.dropout, y.Read())) << "forward";
    ASSERT_TRUE(y.surroundings_are_intact());
    ASSERT_TRUE(DropoutBackward(View(x), mask, View(x), how).ok());
    ASSERT_TRUE(SameElements(type(), expected.dropout, x.Read())) << "backward in place";
    ASSERT_TRUE(x.surroundings_are_intact());
  }
};

TEST_P(ApplyMaskTest, EverySizeAndRateBetweenGuardPages) {
  for (const std::size_t size : test::Sizes()) {
    if (size > 100'000 && dtype() != DType::kF32) continue;
    const Case c(size);
    for (const double p : kRates) {
      const Results expected(c, p);
      for (const MaskFormat format : kFormats) {
        for (const Edge edge : {Edge::kStart, Edge::kEnd}) {
          SCOPED_TRACE(testing::Message() << size << " elements, p " << p << ", " << EdgeName(edge)
                                          << (format == MaskFormat::kBits ? ", bits" : ", bytes"));
          const test::GuardedBuffer<std::uint8_t> guarded(c.stored(format), edge);
          ExpectOracle(c, expected, {Rate(p), guarded.span(), format}, {.edge = edge}, {.edge = edge});
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST_P(ApplyMaskTest, AnyAlignmentOfInputOutputAndMask) {
  const std::size_t shifts = 64 / element_bytes() + 2;  // More than a vector.
  const Case c(1100);
  const Results expected(c, 0.5);
  for (std::size_t x_shift = 0; x_shift < shifts; ++x_shift) {
    for (std::size_t y_shift = 0; y_shift < shifts; ++y_shift) {
      const MaskFormat format = kFormats[(x_shift + y_shift) % 2];
      const std::size_t mask_shift = (5 * x_shift + 7 * y_shift) % 66;
      SCOPED_TRACE(testing::Message() << "x + " << x_shift << ", y + " << y_shift << ", mask + " << mask_shift);
      const test::Framed<std::uint8_t> framed(c.stored(format), mask_shift);
      ExpectOracle(c, expected, {Rate(0.5), framed.span(), format}, {.shift = x_shift}, {.shift = y_shift});
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(ApplyMaskTest, StridedRows) {
  constexpr std::size_t kShapes[][2] = {{300, 1}, {77, 3}, {50, 33}, {20, 129}, {3, 16385}, {37, 1000}};
  for (const auto& [rows, cols] : kShapes) {
    const Case c(rows * cols);
    for (const double p : {0.0, 0.3, 1.0}) {
      const Results expected(c, p);
      for (const MaskFormat format : kFormats) {
        for (const int threads : {1, 2}) {
          SCOPED_TRACE(testing::Message() << rows << " rows of " << cols << ", p " << p << ", threads " << threads);
          const Mask mask(Rate(p), c.stored(format), format);
          ExpectOracle(c, expected, mask, {.rows = rows, .gap = 5}, {.rows = rows, .gap = 3, .shift = 1}, threads);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// A stored mask is read as it is, and written anew in the other format.
TEST_P(ApplyMaskTest, StoresWhatItReads) {
  for (const std::size_t size : {1u, 63u, 1000u, 40'001u}) {
    const Case c(size);
    for (const double p : {0.0, 0.3, 1.0}) {
      for (const MaskFormat format : kFormats) {
        const Mask mask(Rate(p), c.stored(format), format);
        Elements y = c.before;
        Bytes bits(BitMaskBytes(size), 0xFF);
        ASSERT_TRUE(DropoutForwardStore(Row(c.x), mask, Row(y), MaskFormat::kBits, bits, execution()).ok());
        ASSERT_TRUE(test::SameBits(oracle::PackBits(c.bytes), bits)) << size << ", p " << p;
        ASSERT_TRUE(SameElements(type(), Results(c, p).dropout, y)) << size << ", p " << p;
      }
    }
  }
}

TEST_P(ApplyMaskTest, OfTheForwardPassIsTheBackwardPass) {
  constexpr std::size_t kSize = 100'003;
  const Elements x = test::ElementValues(type(), kSize, 1);
  const Elements dy = test::ElementValues(type(), kSize, 2);
  const MaskKey key = {.seed = 8, .stream = 9, .first_element = 10};
  for (const double p : {0.1, 0.5, 0.9}) {
    const Rate rate(p);
    Elements y(x.size()), dx(x.size()), dx_stored(x.size());
    ASSERT_TRUE(DropoutBackward(Row(dy), {rate, key}, Row(dx), execution()).ok());
    for (const MaskFormat format : kFormats) {
      Bytes stored(StoredMaskBytes(format, kSize));
      ASSERT_TRUE(DropoutForwardStore(Row(x), {rate, key}, Row(y), format, stored, execution()).ok());
      ASSERT_TRUE(DropoutBackward(Row(dy), {rate, stored, format}, Row(dx_stored), execution()).ok());
      EXPECT_TRUE(SameElements(type(), dx, dx_stored)) << p;
    }
  }
}

FALLOW_TEST_EVERY_TARGET_AND_TYPE(ApplyMaskTest);

}  // namespace
}  // namespace fallow
