// Comparing integers with a threshold keeps exactly the words that a framework's floating-point rule keeps.
#include <gtest/gtest.h>

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "fallow/mask_stream.h"
#include "tests/kernels/stream_cases.h"

namespace fallow {
namespace {

std::vector<double> Rates() {
  std::vector<double> rates = {0.0, 0x1p-1074, 1e-300, 1e-12, 0.01, 0.1,   0.25,
                               0.3, 1.0 / 3,   0.5,    0.75,  0.9,  0.999, 1.0};
  // Where float, float denormals, 23-, 24- and 32-bit fields and doubles end, and one step to either side.
  for (const int bits : {8, 9, 10, 22, 23, 24, 25, 26, 31, 32, 33, 34, 53, 54, 55, 126, 149, 150, 151}) {
    for (const double p : {std::ldexp(1.0, -bits), 1 - std::ldexp(1.0, -bits)}) {
      for (const double near : {std::nextafter(p, 0.0), p, std::nextafter(p, 1.0)}) rates.push_back(near);
    }
  }
  std::mt19937_64 random(3);
  for (int i = 0; i < 300; ++i) {
    const double p = std::ldexp(static_cast<double>(random() >> 11), -53);
    rates.push_back(p);
    rates.push_back(std::ldexp(p, -static_cast<int>(random() % 40)));
    rates.push_back(1 - std::ldexp(p, -static_cast<int>(random() % 40)));
    rates.push_back(static_cast<float>(p));
    // Halfway between two floats: a tie.
    rates.push_back(0.5 * (static_cast<double>(static_cast<float>(p)) + std::nextafter(static_cast<float>(p), 0.0f)));
  }
  return rates;
}

class KeepRuleTest : public testing::TestWithParam<test::Layout> {
 protected:
  // A word whose field is `field`; the other bits are those of `rest`.
  static std::uint32_t WordOf(std::uint32_t field, std::uint32_t rest) {
    const int others = 32 - GetParam().bits;
    if (others == 0) return field;
    return GetParam().low_bits ? rest << GetParam().bits | field : field << others | rest >> GetParam().bits;
  }

  static std::uint64_t Fields() { return std::uint64_t{1} << GetParam().bits; }

  // The first field at which the oracle's rule changes its mind, or Fields().
  static std::uint64_t Boundary(double p) {
    const bool first = GetParam().keeps(WordOf(0, 0), p);
    std::uint64_t low = 0;
    std::uint64_t high = Fields();
    while (high - low > 1) {
      const std::uint64_t middle = low + (high - low) / 2;
      (GetParam().keeps(WordOf(static_cast<std::uint32_t>(middle), 0), p) == first ? low : high) = middle;
    }
    return high;
  }

  static void ExpectOracle(std::uint32_t word, double p) {
    ASSERT_EQ(KeepsWord(GetParam().stream, Rate(p), word), GetParam().keeps(word, p))
        << "p " << std::hexfloat << p << ", word " << word;
  }
};

TEST_P(KeepRuleTest, AroundTheThreshold) {
  std::mt19937 random(1);
  for (const double p : Rates()) {
    const std::uint64_t boundary = Boundary(p);
    const std::uint64_t first = boundary < 700 ? 0 : boundary - 700;
    const std::uint64_t last = std::min(Fields(), boundary + 700);
    for (std::uint64_t field = first; field < last; ++field) {
      ASSERT_NO_FATAL_FAILURE(
          ExpectOracle(WordOf(static_cast<std::uint32_t>(field), static_cast<std::uint32_t>(random())), p));
    }
  }
}

TEST_P(KeepRuleTest, AtBothEndsAndAnywhere) {
  std::mt19937 random(2);
  for (const double p : Rates()) {
    for (const std::uint32_t word :
         {0u, 1u, 0x7FFFFFu, 0x800000u, 0xFFFFFFu, 0x1000000u, 0xFFFFFF7Fu, 0xFFFFFF80u, 0xFFFFFFFEu, 0xFFFFFFFFu}) {
      ASSERT_NO_FATAL_FAILURE(ExpectOracle(word, p));
    }
    for (int i = 0; i < 300; ++i) ASSERT_NO_FATAL_FAILURE(ExpectOracle(static_cast<std::uint32_t>(random()), p));
  }
}

// Every float but every 61st word: where the rule rounds, and where it does not, at once.
TEST_P(KeepRuleTest, AcrossAllWords) {
  for (const double p : {0.1, 1.0 / 3, 0.9, 1 - 0x1p-9}) {
    for (std::uint64_t word = 0; word < std::uint64_t{1} << 32; word += 20011) {
      ASSERT_NO_FATAL_FAILURE(ExpectOracle(static_cast<std::uint32_t>(word), p));
    }
  }
}

TEST_P(KeepRuleTest, NothingIsKeptAtOne) {
  for (const std::uint32_t word : {0u, 0x7FFFFFu, 0xFFFFFFu, 0xFFFFFFFFu}) {
    EXPECT_FALSE(KeepsWord(GetParam().stream, Rate(1.0), word));
  }
}

// oneDNN compares with "greater" and has no short cut.
TEST_P(KeepRuleTest, AllAreKeptAtZeroButByOneDnn) {
  const bool is_onednn = GetParam().keeps == oracle::OneDnnKeeps;
  EXPECT_EQ(KeepsWord(GetParam().stream, Rate(0.0), 0), !is_onednn);
  for (const std::uint32_t word : {1u, 0x7FFFFFu, 0xFFFFFFu, 0xFFFFFFFFu}) {
    EXPECT_TRUE(KeepsWord(GetParam().stream, Rate(0.0), word) || (is_onednn && word == 0));
  }
}

TEST_P(KeepRuleTest, TheCallersRoundingModeDoesNotMatter) {
  std::vector<std::pair<Rate, std::uint32_t>> cases;
  std::vector<bool> expected;
  for (const double p : Rates()) {
    const std::uint64_t boundary = Boundary(p);
    for (std::uint64_t field = boundary < 2 ? 0 : boundary - 2; field < std::min(Fields(), boundary + 2); ++field) {
      cases.emplace_back(Rate(p), WordOf(static_cast<std::uint32_t>(field), 0));
      expected.push_back(GetParam().keeps(cases.back().second, p));
    }
  }
  const int mode = std::fegetround();
  for (const int other : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    std::vector<bool> kept;
    kept.reserve(cases.size());
    ASSERT_EQ(std::fesetround(other), 0);
    for (const auto& [rate, word] : cases) kept.push_back(KeepsWord(GetParam().stream, rate, word));
    std::fesetround(mode);
    EXPECT_EQ(kept, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(, KeepRuleTest, testing::ValuesIn(test::kLayouts),
                         [](const auto& param_info) { return param_info.param.name; });

TEST(FallowsKeepRuleTest, IsTheThresholdOfTheRate) {
  for (const double p : {0.0, 0.1, 0.5, 1.0}) {
    const Rate rate(p);
    for (const std::uint32_t word : {0u, 0x7FFFFFFFu, 0x80000000u, 0xE6666665u, 0xE6666666u, 0xFFFFFFFFu}) {
      EXPECT_EQ(KeepsWord(MaskStream::kFallow, rate, word), word < rate.threshold());
    }
  }
}

}  // namespace
}  // namespace fallow
