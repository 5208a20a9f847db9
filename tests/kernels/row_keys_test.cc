// Masks with a key for each row: each row is the mask that its key makes alone.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fallow/dropout.h"
#include "fallow/mask.h"
#include "tests/kernels/mask_cases.h"
#include "tests/support/elements.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/oracle.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow {
namespace {

using oracle::Elements;
using Bytes = std::vector<std::uint8_t>;

constexpr double kRates[] = {0.0, 0.1, 0.25, 0.5, 0.9, 1.0};

// Rows shorter and longer than a word, a block and a chunk; in all, less and more than what one thread gets.
struct Rows {
  std::size_t count;
  std::size_t length;
};
constexpr Rows kRows[] = {{1, 1},     {1, 20'000}, {100, 1},   {40'000, 1}, {333, 3},    {300, 64},
                          {300, 127}, {300, 128},  {300, 129}, {50, 1'000}, {4, 20'000}, {2, 16'384}};

// Every key is another in all that it says, and starts anywhere in a block, or near the end of what there is.
std::vector<MaskKey> KeysOf(Rows rows) {
  std::vector<MaskKey> keys(rows.count);
  for (std::size_t row = 0; row < rows.count; ++row) {
    keys[row] = {.seed = 0x9E3779B97F4A7C15 * (row + 1),
                 .stream = StreamOf(row % 5, row),
                 .first_element = row % 7 == 6 ? (std::uint64_t{1} << 57) - rows.length : row * 53,
                 .rounds = row % 2 == 0 ? Rounds::k10 : Rounds::k7};
  }
  return keys;
}

Bytes ExpectedOf(double p, std::span<const MaskKey> keys, std::size_t length) {
  Bytes mask;
  for (const MaskKey& key : keys) {
    const Bytes row = oracle::MaskBytes(p, test::ToOracle(key), length);
    mask.insert(mask.end(), row.begin(), row.end());
  }
  return mask;
}

class RowKeysTest : public test::TargetTest {
 protected:
  Execution execution(int max_threads = 1) const { return {.max_threads = max_threads, .target = GetParam()}; }
};

TEST_P(RowKeysTest, EachRowIsItsKeysMask) {
  for (const Rows rows : kRows) {
    const std::vector<MaskKey> keys = KeysOf(rows);
    const std::size_t count = rows.count * rows.length;
    for (const double p : kRates) {
      const Mask mask(Rate(p), keys);
      const Bytes expected = ExpectedOf(p, keys, rows.length);
      for (const int threads : {1, 2}) {
        SCOPED_TRACE(testing::Message() << rows.count << " rows of " << rows.length << ", p " << p << ", threads "
                                        << threads);
        const test::GuardedBuffer<std::uint8_t> bits(Bytes(BitMaskBytes(count), 0xFF), test::Edge::kEnd);
        const test::GuardedBuffer<std::uint8_t> bytes(Bytes(count, 0xFF), test::Edge::kEnd);
        ASSERT_TRUE(GenerateMask(mask, count, MaskFormat::kBits, bits.span(), execution(threads)).ok());
        ASSERT_TRUE(GenerateMask(mask, count, MaskFormat::kBytes, bytes.span(), execution(threads)).ok());
        ASSERT_TRUE(test::SameBits(oracle::PackBits(expected), bits.span()));
        ASSERT_TRUE(test::SameBits(expected, bytes.span()));
      }
    }
  }
}

// The mask's rows need not be the array's, whose rows may have gaps.
TEST_P(RowKeysTest, ForwardAndBackward) {
  for (const Rows rows : kRows) {
    const std::vector<MaskKey> keys = KeysOf(rows);
    const std::size_t count = rows.count * rows.length;
    const Elements x = test::ElementValues(oracle::Type::kBF16, count);
    for (const double p : kRates) {
      SCOPED_TRACE(testing::Message() << rows.count << " rows of " << rows.length << ", p " << p);
      const Bytes kept = ExpectedOf(p, keys, rows.length);
      const Elements expected = p == 0.0 ? x : oracle::Dropout(oracle::Type::kBF16, x, kept, oracle::TrainingFactor(p));
      Elements y(x.size()), dx(x.size());
      const ConstArray in(x.data(), DType::kBF16, count);
      ASSERT_TRUE(DropoutForward(in, {Rate(p), keys}, {y.data(), DType::kBF16, count}, execution()).ok());
      ASSERT_TRUE(test::SameElements(oracle::Type::kBF16, expected, y));
      const ConstArray in_rows(x.data(), DType::kBF16, rows.length, rows.count, rows.count);
      const Array out_rows(dx.data(), DType::kBF16, rows.length, rows.count, rows.count);
      ASSERT_TRUE(DropoutBackward(in_rows, {Rate(p), keys}, out_rows, execution()).ok());
      ASSERT_TRUE(test::SameElements(oracle::Type::kBF16, expected, dx));
    }
  }
}

// What a server does: requests of several samples, each with a mask by channel of its own key.
TEST_P(RowKeysTest, BroadcastOverPositions) {
  constexpr std::size_t kSamples = 20, kChannels = 130, kPositions = 33;
  const std::vector<MaskKey> keys = KeysOf({kSamples, kChannels});
  for (const double p : kRates) {
    const Bytes own = ExpectedOf(p, keys, kChannels);
    const Mask mask(Rate(p), keys);
    Bytes first(kSamples * kChannels * kPositions), last(first.size());
    const Mask over_first = mask.Over(Broadcast::ChannelsFirst(kSamples, kChannels, kPositions));
    const Mask over_last = mask.Over(Broadcast::ChannelsLast(kSamples, kPositions, kChannels));
    ASSERT_TRUE(GenerateMask(over_first, first.size(), MaskFormat::kBytes, first, execution(2)).ok());
    ASSERT_TRUE(GenerateMask(over_last, last.size(), MaskFormat::kBytes, last, execution(2)).ok());
    for (std::size_t sample = 0; sample < kSamples; ++sample) {
      for (std::size_t channel = 0; channel < kChannels; ++channel) {
        for (std::size_t position = 0; position < kPositions; ++position) {
          const std::uint8_t expected = own[sample * kChannels + channel];
          ASSERT_EQ(expected, first[(sample * kChannels + channel) * kPositions + position]);
          ASSERT_EQ(expected, last[(sample * kPositions + position) * kChannels + channel]);
        }
      }
    }
  }
}

TEST_P(RowKeysTest, NoElementsNeedNoKeys) {
  EXPECT_TRUE(GenerateMask({Rate(0.5), std::span<const MaskKey>()}, 0, MaskFormat::kBits, {}, execution()).ok());
  const std::vector<MaskKey> keys = KeysOf({5, 10});
  EXPECT_TRUE(GenerateMask({Rate(0.5), keys}, 0, MaskFormat::kBits, {}, execution()).ok());
}

FALLOW_TEST_EVERY_TARGET(RowKeysTest);

}  // namespace
}  // namespace fallow
