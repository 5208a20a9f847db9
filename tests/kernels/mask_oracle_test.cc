// Every mask is the oracle's: from every target, from any number of threads, for any part of the tensor.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "fallow/mask.h"
#include "tests/kernels/mask_cases.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/oracle.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow {
namespace {

using Bytes = std::vector<std::uint8_t>;

// Not a multiple of a byte, a word, a block or a chunk.
constexpr std::size_t kCount = 20'011;
// Long enough for many chunks, whatever their size.
constexpr std::size_t kLargeCount = 1'000'003;

// Masks start full of ones here: what a kernel does not write, or does not clear, shows.
Bytes Bits(double p, const MaskKey& key, std::size_t count, const Execution& execution) {
  Bytes mask(BitMaskBytes(count), 0xFF);
  const Status status = GenerateMask({Rate(p), key}, count, MaskFormat::kBits, mask, execution);
  EXPECT_TRUE(status.ok()) << status.Message();
  return mask;
}

Bytes ByteMask(double p, const MaskKey& key, std::size_t count, const Execution& execution) {
  Bytes mask(count, 0xFF);
  const Status status = GenerateMask({Rate(p), key}, count, MaskFormat::kBytes, mask, execution);
  EXPECT_TRUE(status.ok()) << status.Message();
  return mask;
}

class MaskOracleTest : public test::TargetTest {
 protected:
  // The contract's whole grid of keys and rates, on one thread: 44 million elements.
  void ExpectOracleOnTheGrid(Bytes (*generate)(double, const MaskKey&, std::size_t, const Execution&), bool packed) {
    const Execution execution = {.max_threads = 1, .target = GetParam()};
    for (const MaskKey& key : test::ContractKeys(kCount)) {
      const auto uniforms = oracle::Uniforms(test::ToOracle(key), kCount);
      for (const double p : test::ContractRates()) {
        const Bytes expected = oracle::MaskBytes(p, uniforms);
        ASSERT_TRUE(test::SameBits(packed ? oracle::PackBits(expected) : expected, generate(p, key, kCount, execution)))
            << test::Describe(key) << ", p " << p;
      }
    }
  }
};

TEST_P(MaskOracleTest, BitsOfEveryKeyAndRate) { ExpectOracleOnTheGrid(Bits, true); }

TEST_P(MaskOracleTest, BytesOfEveryKeyAndRate) { ExpectOracleOnTheGrid(ByteMask, false); }

// An element's own uniform as the threshold, or one more: all planes agree up to the last that counts, which with other
// rates happens to one element in 2^32.
TEST_P(MaskOracleTest, ThresholdsThatTheLastPlaneDecides) {
  constexpr std::size_t kElements = 500;
  const Execution execution = {.max_threads = 1, .target = GetParam()};
  for (const MaskKey& key : test::ContractKeys(kElements)) {
    const auto uniforms = oracle::Uniforms(test::ToOracle(key), kElements);
    for (std::size_t i = 0; i < kElements; i += 7) {
      for (const std::uint64_t threshold : {std::uint64_t{uniforms[i]}, std::uint64_t{uniforms[i]} + 1}) {
        const double p = 1.0 - static_cast<double>(threshold) * 0x1p-32;  // Exact.
        const Bytes mask = ByteMask(p, key, kElements, execution);
        ASSERT_EQ(mask[i], uniforms[i] < threshold) << test::Describe(key) << ", element " << i;
        ASSERT_TRUE(test::SameBits(oracle::MaskBytes(p, uniforms), mask)) << test::Describe(key) << ", p " << p;
      }
    }
  }
}

// A rate for each key of the large tests, which take them in turn.
constexpr double kLargeRates[] = {0.5, 0.1, 0.25, 0.9, 1e-12, 0.3, 0.75};

TEST_P(MaskOracleTest, AnyNumberOfThreads) {
  std::size_t turn = 0;
  for (const MaskKey& key : test::ContractKeys(kLargeCount)) {
    const double p = kLargeRates[turn++ % std::size(kLargeRates)];
    const Bytes expected = oracle::MaskBytes(p, test::ToOracle(key), kLargeCount);
    const Bytes expected_bits = oracle::PackBits(expected);
    for (const int threads : {1, 2, 0}) {
      SCOPED_TRACE(testing::Message() << test::Describe(key) << ", p " << p << ", max_threads " << threads);
      const Execution execution = {.max_threads = threads, .target = GetParam()};
      ASSERT_TRUE(test::SameBits(expected_bits, Bits(p, key, kLargeCount, execution)));
      ASSERT_TRUE(test::SameBits(expected, ByteMask(p, key, kLargeCount, execution)));
    }
  }
}

// Ends of parts of [0, count): some of a few elements, some of many, at multiples of nothing.
std::vector<std::size_t> RandomSplit(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::size_t> ends;
  for (std::size_t end = 0; end < count;) {
    end = std::min<std::size_t>(count, end + 1 + random() % (std::size_t{1} << (random() % 18)));
    ends.push_back(end);
  }
  return ends;
}

TEST_P(MaskOracleTest, AnySplit) {
  const Execution execution = {.target = GetParam()};
  std::size_t turn = 0;
  for (const MaskKey& key : test::ContractKeys(kLargeCount)) {
    const double p = kLargeRates[turn++ % std::size(kLargeRates)];
    const Bytes expected = oracle::MaskBytes(p, test::ToOracle(key), kLargeCount);
    std::size_t begin = 0;
    for (const std::size_t end : RandomSplit(kLargeCount, turn)) {
      SCOPED_TRACE(testing::Message() << test::Describe(key) << ", p " << p << ", part " << begin << " to " << end);
      MaskKey part = key;
      part.first_element += begin;
      const std::span<const std::uint8_t> whole = expected;
      const auto expected_part = whole.subspan(begin, end - begin);
      ASSERT_TRUE(test::SameBits(expected_part, ByteMask(p, part, end - begin, execution)));
      ASSERT_TRUE(test::SameBits(oracle::PackBits(expected_part), Bits(p, part, end - begin, execution)));
      begin = end;
    }
  }
}

TEST_P(MaskOracleTest, EveryCountAtEveryOffsetStaysInBounds) {
  constexpr std::size_t kLongest = 280;  // Two blocks and some.
  constexpr double kRate = 0.3;
  const Execution execution = {.target = GetParam()};
  for (const std::uint64_t offset : {0u, 1u, 7u, 8u, 31u, 32u, 33u, 64u, 100u, 127u}) {
    const MaskKey key = {.seed = 12, .stream = 34, .first_element = 1280 + offset};
    const Bytes all = oracle::MaskBytes(kRate, test::ToOracle(key), kLongest);
    for (std::size_t count = 0; count <= kLongest; ++count) {
      const auto expected = std::span<const std::uint8_t>(all).first(count);
      for (const test::Edge edge : {test::Edge::kStart, test::Edge::kEnd}) {
        SCOPED_TRACE(testing::Message() << "offset " << offset << ", count " << count << ", " << EdgeName(edge));
        const test::GuardedBuffer<std::uint8_t> bits(Bytes(BitMaskBytes(count), 0xFF), edge);
        const test::GuardedBuffer<std::uint8_t> bytes(Bytes(count, 0xFF), edge);
        ASSERT_TRUE(GenerateMask({Rate(kRate), key}, count, MaskFormat::kBits, bits.span(), execution).ok());
        ASSERT_TRUE(GenerateMask({Rate(kRate), key}, count, MaskFormat::kBytes, bytes.span(), execution).ok());
        ASSERT_TRUE(test::SameBits(oracle::PackBits(expected), bits.span()));
        ASSERT_TRUE(test::SameBits(expected, bytes.span()));
      }
    }
  }
}

FALLOW_TEST_EVERY_TARGET(MaskOracleTest);

TEST(MaskCasesTest, AreAsManyAsTheContractAsksFor) {
  const std::size_t combinations = test::ContractKeys(kCount).size() * test::ContractRates().size();
  EXPECT_GE(combinations, 30u);
  EXPECT_GE(combinations * kCount, 10'000'000u);
}

}  // namespace
}  // namespace fallow
