// Word stream v1, and the generators under it and under the layouts of other frameworks.
#include <Random123/threefry.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "fallow/random.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/targets.h"
#include "tests/support/word_oracle.h"

namespace fallow {
namespace {

using Words = std::vector<std::uint32_t>;

// The threefry2x32 lines of Random123's tests/kat_vectors.
TEST(ThreefryTest, KnownAnswers) {
  using Pair = std::array<std::uint32_t, 2>;
  constexpr std::uint32_t kOnes = 0xFFFFFFFF;
  EXPECT_EQ(oracle::Threefry2x32({0, 0}, {0, 0}, 20), (Pair{0x6B200159, 0x99BA4EFE}));
  EXPECT_EQ(oracle::Threefry2x32({kOnes, kOnes}, {kOnes, kOnes}, 20), (Pair{0x1CB996FC, 0xBB002BE7}));
  EXPECT_EQ(oracle::Threefry2x32({0x243F6A88, 0x85A308D3}, {0x13198A2E, 0x03707344}, 20),
            (Pair{0xC4923A9C, 0x483DF7A0}));
}

TEST(ThreefryTest, OracleEqualsRandom123) {
  std::mt19937 random(20111115);
  const auto word = [&] { return static_cast<std::uint32_t>(random()); };
  for (int i = 0; i < 10'000; ++i) {
    const threefry2x32_ctr_t counter = {{word(), word()}};
    const threefry2x32_key_t key = {{word(), word()}};
    const threefry2x32_ctr_t expected = threefry2x32_R(20, counter, key);
    const auto actual = oracle::Threefry2x32({counter.v[0], counter.v[1]}, {key.v[0], key.v[1]}, 20);
    ASSERT_TRUE(actual[0] == expected.v[0] && actual[1] == expected.v[1]) << i;
  }
}

// Published by their users: the first words of jax.random.key(0).
TEST(ThreefryTest, OraclesFirstWordsOfJax) {
  EXPECT_EQ(oracle::JaxWord(0, 0), 0xF29A4FA7);
  EXPECT_EQ(oracle::JaxWord(0, 1), 0xFA843692);
  EXPECT_EQ(oracle::JaxWord(0, 2), 0x55110E28);
}

// Computed apart from both the library and the oracle. CHANGING ANY OF THEM IS A BREAKING CHANGE, as in golden_masks.h.
struct GoldenWords {
  std::uint64_t seed;
  std::uint64_t stream;
  std::uint64_t first_element;
  Rounds rounds;
  std::array<std::uint32_t, 8> words;
};
constexpr GoldenWords kGoldenWords[] = {
    {0x0,
     0x0,
     0x0,
     Rounds::k10,
     {0xA2B20CCF, 0x51408772, 0x94FCF7EF, 0xB688835A, 0x4D789CC1, 0xF5AA260B, 0x943FEF7C, 0x2141220D}},
    {0xFEDCBA9876543210,
     0x123456789,
     0x3FFFFFFFE,
     Rounds::k10,
     {0x93D761B9, 0x156477FD, 0x3FE6FB71, 0xE9EFB09B, 0x8FF94B63, 0x7B105262, 0x0158C53F, 0xC54ACCA9}},
    {0xFEDCBA9876543210,
     0xFFFFFFFFFFFFFFFF,
     0x1FFFFFFFFFFFFF8,
     Rounds::k7,
     {0x80A83ED7, 0xAC5D5D7A, 0x64C7581D, 0xE8F4439E, 0xFF187799, 0xAFFE8E49, 0x0B13D399, 0x2DF7F0E7}},
};

std::vector<MaskKey> Keys(std::size_t count) {
  constexpr std::uint64_t kCarry = std::uint64_t{1} << 34;  // Of the block number into its upper word.
  constexpr std::uint64_t kEnd = std::uint64_t{1} << 57;
  std::vector<MaskKey> keys;
  for (const Rounds rounds : {Rounds::k7, Rounds::k10}) {
    for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{6}, std::uint64_t{31},
                                      kCarry - 33, kCarry - 2, kCarry, kEnd - count}) {
      keys.push_back(
          {.seed = 0x0123456789ABCDEF, .stream = 0xFEDCBA9876543210, .first_element = first, .rounds = rounds});
      keys.push_back({.seed = 42, .first_element = first, .rounds = rounds});
    }
  }
  return keys;
}

Words OracleWords(const MaskKey& key, std::size_t count) {
  Words words(count);
  for (std::size_t j = 0; j < count; ++j) {
    words[j] = oracle::NativeWord(key.seed, key.stream, static_cast<int>(key.rounds), key.first_element + j);
  }
  return words;
}

std::string Describe(const MaskKey& key) {
  return "seed " + std::to_string(key.seed) + ", first element " + std::to_string(key.first_element) + ", rounds " +
         std::to_string(static_cast<int>(key.rounds));
}

class WordStreamTest : public test::TargetTest {
 protected:
  static Words Generate(const MaskKey& key, std::size_t count, int max_threads = 1) {
    Words words(count);
    const Status status = GenerateUniformBits(key, words, {.max_threads = max_threads, .target = GetParam()});
    EXPECT_TRUE(status.ok()) << status.Message();
    return words;
  }
};

TEST_P(WordStreamTest, GoldenWords) {
  for (const GoldenWords& golden : kGoldenWords) {
    const MaskKey key = {
        .seed = golden.seed, .stream = golden.stream, .first_element = golden.first_element, .rounds = golden.rounds};
    const Words expected(golden.words.begin(), golden.words.end());
    EXPECT_EQ(Generate(key, golden.words.size()), expected) << "word stream v1 has changed: " << Describe(key);
    EXPECT_EQ(OracleWords(key, golden.words.size()), expected) << Describe(key);
  }
}

TEST_P(WordStreamTest, EqualsTheOracle) {
  constexpr std::size_t kCount = 2000;
  for (const MaskKey& key : Keys(kCount)) {
    const Words expected = OracleWords(key, kCount);
    ASSERT_EQ(Generate(key, kCount), expected) << Describe(key);
    for (std::size_t j = 0; j < kCount; j += 97) {
      ASSERT_EQ(UniformBits(key, key.first_element + j), expected[j]) << Describe(key);
    }
  }
}

TEST_P(WordStreamTest, EveryCountAtEveryOffsetStaysInBounds) {
  constexpr std::size_t kLongest = 140;
  for (std::uint64_t offset = 0; offset < 8; ++offset) {
    const MaskKey key = {.seed = 12, .stream = 34, .first_element = 1280 + offset};
    const Words all = OracleWords(key, kLongest);
    for (std::size_t count = 0; count <= kLongest; ++count) {
      for (const test::Edge edge : {test::Edge::kStart, test::Edge::kEnd}) {
        const test::GuardedBuffer<std::uint32_t> words(count, edge);
        ASSERT_TRUE(GenerateUniformBits(key, words.span(), {.target = GetParam()}).ok());
        ASSERT_TRUE(std::ranges::equal(words.span(), std::span(all).first(count)))
            << "offset " << offset << ", count " << count;
      }
    }
  }
}

TEST_P(WordStreamTest, AnyNumberOfThreadsAndAnyPart) {
  constexpr std::size_t kCount = 150'001;
  const MaskKey key = {.seed = 5, .stream = 6, .first_element = (std::uint64_t{1} << 34) - 70'001};
  const Words expected = OracleWords(key, kCount);
  for (const int threads : {1, 2, 0}) ASSERT_EQ(Generate(key, kCount, threads), expected) << threads << " threads";
  for (const std::size_t begin : {std::size_t{1}, std::size_t{16'383}, std::size_t{70'003}, std::size_t{149'998}}) {
    MaskKey part = key;
    part.first_element += begin;
    ASSERT_EQ(Generate(part, kCount - begin, 2), Words(expected.begin() + begin, expected.end())) << begin;
  }
}

FALLOW_TEST_EVERY_TARGET(WordStreamTest);

TEST(WordStreamErrorsTest, KeyBeyondTheLastElement) {
  constexpr std::uint64_t kEnd = std::uint64_t{1} << 57;
  Words words(10, 77);
  for (const std::uint64_t first : {kEnd - 9, kEnd, ~std::uint64_t{0}}) {
    const Status status = GenerateUniformBits({.first_element = first}, words);
    EXPECT_STREQ(status.argument(), "key");
    EXPECT_EQ(status.value(), static_cast<double>(first));
  }
  EXPECT_EQ(words, Words(10, 77));
  EXPECT_TRUE(GenerateUniformBits({.first_element = kEnd - 10}, words).ok());
  EXPECT_TRUE(GenerateUniformBits({}, {}).ok());
}

}  // namespace
}  // namespace fallow
