#include "fallow/philox.h"

#include <Random123/philox.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>

#include "fallow/mask.h"
#include "tests/kernels/mask_cases.h"
#include "tests/support/oracle.h"

namespace fallow {
namespace {

using Counter = std::array<std::uint32_t, 4>;
using Key = std::array<std::uint32_t, 2>;

struct KnownAnswer {
  Rounds rounds;
  Counter counter;
  Key key;
  Counter output;
};

// The philox4x32 lines of Random123's tests/kat_vectors.
constexpr std::uint32_t kOnes = 0xFFFFFFFF;
constexpr Counter kPiCounter = {0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344};
constexpr Key kPiKey = {0xA4093822, 0x299F31D0};
constexpr KnownAnswer kKnownAnswers[] = {
    {Rounds::k7, {}, {}, {0x5F6FB709, 0x0D893F64, 0x4F121F81, 0x4F730A48}},
    {Rounds::k7, {kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}, {0x5207DDC2, 0x45165E59, 0x4D8EE751, 0x8C52F662}},
    {Rounds::k7, kPiCounter, kPiKey, {0x4DFCCABA, 0x190A87F0, 0xC47362BA, 0xB6B5242A}},
    {Rounds::k10, {}, {}, {0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8}},
    {Rounds::k10, {kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}, {0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD}},
    {Rounds::k10, kPiCounter, kPiKey, {0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1}},
};

Counter Random123Philox(const Counter& counter, const Key& key, Rounds rounds) {
  const r123array4x32 c = {{counter[0], counter[1], counter[2], counter[3]}};
  const r123array2x32 k = {{key[0], key[1]}};
  const r123array4x32 out = philox4x32_R(static_cast<unsigned>(rounds), c, k);
  return {out.v[0], out.v[1], out.v[2], out.v[3]};
}

TEST(PhiloxTest, KnownAnswers) {
  for (const KnownAnswer& known : kKnownAnswers) {
    SCOPED_TRACE(testing::Message() << static_cast<int>(known.rounds) << " rounds, counter " << known.counter[0]);
    EXPECT_EQ(Philox4x32(known.counter, known.key, known.rounds), known.output);
    EXPECT_EQ(oracle::Philox4x32(known.counter, known.key, static_cast<int>(known.rounds)), known.output);
  }
}

// C++26 fixes the 10,000th number of a default-constructed std::philox4x32, which counts blocks from 0.
TEST(PhiloxTest, IsTheStandardLibrarysEngine) {
  constexpr std::uint32_t kDefaultSeed = 20111115;
  EXPECT_EQ(Philox4x32({9999 / 4, 0, 0, 0}, {kDefaultSeed, 0}, Rounds::k10)[9999 % 4], 1955073260u);
}

TEST(PhiloxTest, EqualsRandom123OnRandomCounters) {
  std::mt19937 random(20111115);
  const auto word = [&] { return static_cast<std::uint32_t>(random()); };
  for (int i = 0; i < 100'000; ++i) {
    const Counter counter = {word(), word(), word(), word()};
    const Key key = {word(), word()};
    for (const Rounds rounds : {Rounds::k7, Rounds::k10}) {
      const Counter expected = Random123Philox(counter, key, rounds);
      ASSERT_EQ(Philox4x32(counter, key, rounds), expected) << "counter " << i;
      ASSERT_EQ(oracle::Philox4x32(counter, key, static_cast<int>(rounds)), expected) << "counter " << i;
    }
  }
}

// The header's own statement of the contract and the oracle's, which share no line.
TEST(MaskUniformTest, EqualsTheOracle) {
  constexpr std::size_t kCount = 300;
  for (const MaskKey& key : test::ContractKeys(kCount)) {
    const auto expected = oracle::Uniforms(test::ToOracle(key), kCount);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(MaskUniform(key, key.first_element + i), expected[i]) << test::Describe(key) << ", element " << i;
    }
  }
}

static_assert(MaskUniform({.seed = 1}, 0) == MaskUniform({.seed = 1, .first_element = 99}, 0));

}  // namespace
}  // namespace fallow
