// Outputs so large that they are stored around the caches: not a bit changes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fallow/dropout.h"
#include "tests/kernels/typed_targets.h"
#include "tests/support/elements.h"

namespace fallow {
namespace {

using oracle::Elements;

// An output of more than twice the last-level cache. Each of its parts must be what a small call, which goes through
// the caches, writes.
class LargeDropoutTest : public test::TypedTargetTest {
 protected:
  static constexpr MaskKey kKey = {.seed = 0xFA110, .stream = StreamOf(1, 2), .first_element = 12'345};
  static constexpr std::size_t kRows = 5;
  static constexpr std::size_t kPart = 100'003;
  static constexpr std::size_t kFrame = 64;
  static constexpr std::byte kUntouched{0xA5};

  // Of floats enough for all but a few servers; of other types enough for smaller machines, to save time.
  static std::size_t Cols() {
    const std::size_t bytes = std::size_t{dtype() == DType::kF32 ? 256u : 96u} << 20;
    return bytes / element_bytes() / kRows;
  }

  static Elements Values(std::size_t count) {
    const Elements tile = test::ElementValues(type(), 65'521);
    Elements values(count * element_bytes());
    for (std::size_t at = 0; at < values.size(); at += tile.size()) {
      std::copy_n(tile.data(), std::min(tile.size(), values.size() - at), values.data() + at);
    }
    return values;
  }

  static const std::byte* Address(ConstArray array, std::size_t row, std::size_t col) {
    return static_cast<const std::byte*>(array.data()) + (row * array.row_stride() + col) * element_bytes();
  }

  static void ExpectParts(ConstArray x, const Rate& rate, ConstArray y) {
    for (std::size_t row = 0; row < x.rows(); ++row) {
      for (std::size_t col = 0; col < x.cols(); col += kPart) {
        const std::size_t count = std::min(kPart, x.cols() - col);
        MaskKey key = kKey;
        key.first_element += row * x.cols() + col;
        Elements part(count * element_bytes());
        const ConstArray x_part(Address(x, row, col), dtype(), count);
        ASSERT_TRUE(DropoutForward(x_part, {rate, key}, Row(part), execution()).ok());
        ASSERT_TRUE(test::SameElements(type(), part, {Address(y, row, col), part.size()}))
            << "row " << row << " from " << col;
      }
    }
  }
};

TEST_P(LargeDropoutTest, StoredAroundTheCachesIsTheSame) {
  const std::size_t cols = Cols();
  const std::size_t size = kRows * cols;
  const Elements values = Values(size + kRows);
  const Rate rate(0.25);
  Elements buffer((size + 2 * kFrame) * element_bytes());
  std::vector<std::uint8_t> mask(BitMaskBytes(size));
  const auto untouched = [](std::byte b) { return b == kUntouched; };
  for (const bool aligned : {false, true}) {
    SCOPED_TRACE(testing::Message() << "output " << (aligned ? "aligned" : "not aligned, rows with gaps"));
    const std::size_t start = aligned ? kFrame : 3;
    const ConstArray x(values.data(), dtype(), kRows, cols, aligned ? cols : cols + 1);
    const Array y(buffer.data() + start * element_bytes(), dtype(), kRows, cols, cols);
    std::ranges::fill(buffer, kUntouched);
    ASSERT_TRUE(DropoutForwardStore(x, {rate, kKey}, y, MaskFormat::kBits, mask, execution(aligned ? 1 : 2)).ok());
    ExpectParts(x, rate, y);
    std::fill_n(static_cast<std::byte*>(y.data()), size * element_bytes(), kUntouched);
    ASSERT_TRUE(DropoutForward(x, {rate, mask, MaskFormat::kBits}, y, execution(aligned ? 1 : 2)).ok());
    ExpectParts(x, rate, y);
    EXPECT_TRUE(std::ranges::all_of(oracle::ElementView(buffer).first(start * element_bytes()), untouched));
    EXPECT_TRUE(std::ranges::all_of(oracle::ElementView(buffer).subspan((start + size) * element_bytes()), untouched));
  }
}

FALLOW_TEST_EVERY_TARGET_AND_TYPE(LargeDropoutTest);

}  // namespace
}  // namespace fallow
