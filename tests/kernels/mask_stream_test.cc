// Masks of other frameworks: the oracle's, from every target, from any number of threads and for any part of a tensor.
#include "fallow/mask_stream.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fallow/mask.h"
#include "tests/kernels/golden_masks.h"
#include "tests/kernels/stream_cases.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow {
namespace {

using Bytes = std::vector<std::uint8_t>;

Status Generate(MaskStream layout, double p, MaskKey key, std::size_t count, std::span<std::uint8_t> mask,
                const Execution& execution = {}) {
  key.layout = layout;
  return GenerateMask({Rate(p), key}, count, MaskFormat::kBits, mask, execution);
}

constexpr double kRates[] = {0.0, 1e-12, 0.01, 0.1, 0.25, 1.0 / 3, 0.5, 0.75, 0.9, 0.999, 1 - 0x1p-24, 1.0};

// Starts at every offset into a block, at the carry of every layout's counter into its upper word, at the end.
std::vector<MaskKey> Keys(const test::Layout& layout, std::size_t count) {
  constexpr std::uint64_t kWord = std::uint64_t{1} << 32;
  std::vector<MaskKey> keys;
  for (const std::uint64_t first :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{7}, kWord - 33, kWord - 4, kWord + 1,
        4 * kWord - 33, 4 * kWord - 1, (std::uint64_t{1} << 57) - count}) {
    keys.push_back({.seed = 0x0123456789ABCDEF, .stream = 0xFEDCBA9876543210, .first_element = first});
    keys.push_back({.seed = 42, .stream = 1, .first_element = first});
  }
  // PyTorch adds stream and block number.
  keys.push_back({.seed = 7, .stream = kWord - 3, .first_element = 2});
  keys.push_back({.seed = 7, .stream = ~std::uint64_t{0} - 3, .first_element = 2});
  for (MaskKey& key : keys) {
    if (layout.stream == MaskStream::kOneDnn36 || layout.stream == MaskStream::kJaxThreefry) key.stream = 0;
    if (layout.stream == MaskStream::kOneDnn36) key.seed %= kWord;
  }
  return keys;
}

std::string Describe(const test::Layout& layout, double p, const MaskKey& key) {
  return std::string(layout.name) + ", p " + std::to_string(p) + ", seed " + std::to_string(key.seed) + ", stream " +
         std::to_string(key.stream) + ", first element " + std::to_string(key.first_element);
}

class MaskStreamTest : public test::TargetTest {
 protected:
  static Bytes Bits(const test::Layout& layout, double p, const MaskKey& key, std::size_t count, int max_threads = 1) {
    Bytes mask(BitMaskBytes(count));
    const Status status =
        Generate(layout.stream, p, key, count, mask, {.max_threads = max_threads, .target = GetParam()});
    EXPECT_TRUE(status.ok()) << status.Message();
    return mask;
  }
};

TEST_P(MaskStreamTest, EveryKeyAndRate) {
  constexpr std::size_t kCount = 1000;
  for (const test::Layout& layout : test::kLayouts) {
    for (const MaskKey& key : Keys(layout, kCount)) {
      std::vector<std::uint32_t> words(kCount);
      for (std::size_t j = 0; j < kCount; ++j) words[j] = test::Word(layout, key, j);
      for (const double p : kRates) {
        Bytes expected(kCount);
        for (std::size_t j = 0; j < kCount; ++j) expected[j] = layout.keeps(words[j], p);
        ASSERT_TRUE(test::SameBits(oracle::PackBits(expected), Bits(layout, p, key, kCount)))
            << Describe(layout, p, key);
      }
    }
  }
}

TEST_P(MaskStreamTest, EveryCountAtEveryOffsetStaysInBounds) {
  constexpr std::size_t kLongest = 300;
  constexpr double kRate = 0.3;
  for (const test::Layout& layout : test::kLayouts) {
    for (const std::uint64_t offset : {0u, 1u, 2u, 3u, 5u, 63u}) {
      MaskKey key = Keys(layout, kLongest)[1];
      key.first_element = 1280 + offset;
      const Bytes all = test::MaskBytes(layout, kRate, key, kLongest);
      for (std::size_t count = 0; count <= kLongest; ++count) {
        const test::GuardedBuffer<std::uint8_t> bits(Bytes(BitMaskBytes(count), 0xFF), test::Edge::kEnd);
        ASSERT_TRUE(Generate(layout.stream, kRate, key, count, bits.span(), {.target = GetParam()}).ok());
        ASSERT_TRUE(test::SameBits(oracle::PackBits(std::span(all).first(count)), bits.span()))
            << Describe(layout, kRate, key) << ", count " << count;
      }
    }
  }
}

TEST_P(MaskStreamTest, AnyNumberOfThreadsAndAnyPart) {
  constexpr std::size_t kCount = 70'001;
  constexpr double kRate = 0.1;
  for (const test::Layout& layout : test::kLayouts) {
    for (const MaskKey& key : {Keys(layout, kCount)[2], Keys(layout, kCount)[8]}) {
      const Bytes expected = test::MaskBytes(layout, kRate, key, kCount);
      for (const int threads : {1, 2, 0}) {
        ASSERT_TRUE(test::SameBits(oracle::PackBits(expected), Bits(layout, kRate, key, kCount, threads)))
            << Describe(layout, kRate, key) << ", threads " << threads;
      }
      for (const std::size_t begin : {std::size_t{1}, std::size_t{16'383}, std::size_t{40'002}, kCount - 2}) {
        MaskKey part = key;
        part.first_element += begin;
        ASSERT_TRUE(test::SameBits(oracle::PackBits(std::span(expected).subspan(begin)),
                                   Bits(layout, kRate, part, kCount - begin, 2)))
            << Describe(layout, kRate, part);
      }
    }
  }
}

// Computed apart from both the library and the oracle, and, for oneDNN, equal to what its own functions give (3.9.2 and
// 3.13.1). CHANGING ANY OF THEM IS A BREAKING CHANGE, as in golden_masks.h.
struct GoldenStream {
  MaskStream layout;
  std::uint64_t seed;
  std::uint64_t stream;
  std::uint64_t first_element;
  double drop_probability;
  std::string_view bits;
};
constexpr GoldenStream kGoldenStreams[] = {
#include "tests/kernels/golden_streams.inc"
};

TEST_P(MaskStreamTest, GoldenMasks) {
  for (const GoldenStream& row : kGoldenStreams) {
    const MaskKey key = {.seed = row.seed, .stream = row.stream, .first_element = row.first_element};
    for (const test::Layout& layout : test::kLayouts) {
      if (layout.stream != row.layout) continue;
      EXPECT_EQ(test::ToHex(Bits(layout, row.drop_probability, key, 100)), row.bits)
          << Describe(layout, row.drop_probability, key);
      EXPECT_EQ(test::ToHex(oracle::PackBits(test::MaskBytes(layout, row.drop_probability, key, 100))), row.bits)
          << Describe(layout, row.drop_probability, key);
    }
  }
}

// The examples in the documentation of tf.nn.experimental.stateless_dropout: ones([3, 5]), seed=[1, 0].
TEST_P(MaskStreamTest, PublishedByTensorFlow) {
  const auto mask = [](double p) {
    Bytes bits(2);
    EXPECT_TRUE(Generate(MaskStream::kTensorFlow, p, {.seed = 1}, 15, bits, {.target = GetParam()}).ok());
    return bits;
  };
  const Bytes half = {1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1};
  const Bytes fifth = {1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
  EXPECT_EQ(mask(0.5), oracle::PackBits(half));
  EXPECT_EQ(mask(0.8), oracle::PackBits(fifth));
}

TEST_P(MaskStreamTest, FallowsOwnIsTheMaskContract) {
  constexpr std::size_t kCount = 500;
  const MaskKey key = {.seed = 1, .stream = 2, .first_element = 3, .rounds = Rounds::k7};
  Bytes expected(BitMaskBytes(kCount));
  Bytes actual(BitMaskBytes(kCount));
  ASSERT_TRUE(GenerateMask({Rate(0.1), key}, kCount, MaskFormat::kBits, expected, {.target = GetParam()}).ok());
  ASSERT_TRUE(Generate(MaskStream::kFallow, 0.1, key, kCount, actual, {.target = GetParam()}).ok());
  EXPECT_EQ(actual, expected);
}

FALLOW_TEST_EVERY_TARGET(MaskStreamTest);

TEST(MaskStreamErrorsTest, NameTheArgument) {
  constexpr std::uint64_t kEnd = std::uint64_t{1} << 57;
  Bytes mask(13, 0xA5);
  const auto expect = [&](const char* argument, double value, const Status& status) {
    EXPECT_STREQ(status.argument(), argument) << status.Message();
    EXPECT_EQ(status.value(), value) << status.Message();
    EXPECT_EQ(mask, Bytes(13, 0xA5));
  };
  const MaskKey ok = {.seed = 1, .stream = 1};
  expect("key", 7, Generate(static_cast<MaskStream>(7), 0.5, ok, 100, mask));
  expect("key", 255, Generate(static_cast<MaskStream>(255), 0.5, ok, 100, mask));
  expect("key", 0, Generate(MaskStream::kOneDnn, 0.5, {.seed = 1}, 100, mask));
  expect("key", 1, Generate(MaskStream::kOneDnn36, 0.5, ok, 100, mask));
  expect("key", 0x1p32, Generate(MaskStream::kOneDnn36, 0.5, {.seed = std::uint64_t{1} << 32}, 100, mask));
  expect("key", 1, Generate(MaskStream::kJaxThreefry, 0.5, ok, 100, mask));
  for (const test::Layout& layout : test::kLayouts) {
    MaskKey key = Keys(layout, 100)[1];
    expect("rate", 1.5, Generate(layout.stream, 1.5, key, 100, mask));
    expect("stored", 13, Generate(layout.stream, 0.5, key, 105, mask));
    key.rounds = Rounds::k7;
    expect("key", 7, Generate(layout.stream, 0.5, key, 100, mask));
    key.rounds = Rounds::k10;
    key.first_element = kEnd - 99;
    expect("key", static_cast<double>(kEnd - 99), Generate(layout.stream, 0.5, key, 100, mask));
  }
}

}  // namespace
}  // namespace fallow
