// Are masks random? The keep rate alone does not tell: published dropout kernels pass it that drop aligned groups of
// four elements together, share most of their bits between adjacent seeds, or repeat a decision from step to step
// (statistics_power_test, which shows that these tests see all three).
//
// The bounds are derived in tests/support/randomness.h. 112 tests of a millionth each: 0.01 % of perfect generators
// would fail any of them. Seeds are fixed, so this one passes always or never.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "fallow/mask.h"
#include "tests/support/oracle.h"
#include "tests/support/randomness.h"
#include "tests/support/statistics.h"

namespace fallow {
namespace {

using test::BitSequence;
using test::BitSource;
using test::IsRandom;

BitSequence Generate(const Mask& mask, std::size_t count) {
  std::vector<std::uint8_t> bits(BitMaskBytes(count));
  const Status status = GenerateMask(mask, count, MaskFormat::kBits, bits, {.max_threads = 1});
  EXPECT_TRUE(status.ok()) << status.Message();
  return {bits, count};
}

struct Case {
  double p;
  Rounds rounds;
};

void PrintTo(const Case& a_case, std::ostream* out) {
  *out << "p " << a_case.p << ", " << static_cast<int>(a_case.rounds) << " rounds";
}

BitSource Source(const Case& a_case) {
  const Rate rate(a_case.p);
  const Rounds rounds = a_case.rounds;
  return {static_cast<double>(rate.threshold()) * 0x1p-32,
          [=](std::uint64_t seed, std::uint64_t stream, std::uint64_t first, std::size_t count) {
            return Generate({rate, MaskKey{.seed = seed, .stream = stream, .first_element = first, .rounds = rounds}},
                            count);
          }};
}

class MaskStatisticsTest : public testing::TestWithParam<Case> {};

TEST_P(MaskStatisticsTest, KeepRate) { EXPECT_TRUE(IsRandom(test::KeepRate(Source(GetParam())))); }
TEST_P(MaskStatisticsTest, Autocorrelation) { EXPECT_TRUE(IsRandom(test::Autocorrelation(Source(GetParam())))); }
TEST_P(MaskStatisticsTest, Tuples) { EXPECT_TRUE(IsRandom(test::Tuples(Source(GetParam())))); }
TEST_P(MaskStatisticsTest, PositionPairs) { EXPECT_TRUE(IsRandom(test::PositionPairs(Source(GetParam())))); }
TEST_P(MaskStatisticsTest, Gaps) { EXPECT_TRUE(IsRandom(test::Gaps(Source(GetParam())))); }
TEST_P(MaskStatisticsTest, Runs) { EXPECT_TRUE(IsRandom(test::Runs(Source(GetParam())))); }
TEST_P(MaskStatisticsTest, AdjacentSeeds) { EXPECT_TRUE(IsRandom(test::AdjacentSeeds(Source(GetParam())))); }
TEST_P(MaskStatisticsTest, AdjacentStreams) { EXPECT_TRUE(IsRandom(test::AdjacentStreams(Source(GetParam())))); }
TEST_P(MaskStatisticsTest, AdjacentParts) { EXPECT_TRUE(IsRandom(test::AdjacentParts(Source(GetParam())))); }
TEST_P(MaskStatisticsTest, SameBitsOfSeeds) { EXPECT_TRUE(IsRandom(test::SameBitsOfSeeds(Source(GetParam())))); }
TEST_P(MaskStatisticsTest, SameBitsOfStreams) { EXPECT_TRUE(IsRandom(test::SameBitsOfStreams(Source(GetParam())))); }
TEST_P(MaskStatisticsTest, RowStarts) { EXPECT_TRUE(IsRandom(test::RowStarts(Source(GetParam())))); }
TEST_P(MaskStatisticsTest, ChunkBounds) { EXPECT_TRUE(IsRandom(test::ChunkBounds(Source(GetParam())))); }

std::string CaseName(const testing::TestParamInfo<Case>& info) {
  return "Drop" + std::to_string(std::lround(info.param.p * 100)) + "Rounds" +
         std::to_string(static_cast<int>(info.param.rounds));
}

// Rates that one, two and all planes decide.
INSTANTIATE_TEST_SUITE_P(, MaskStatisticsTest,
                         testing::Values(Case{0.5, Rounds::k10}, Case{0.1, Rounds::k10}, Case{0.75, Rounds::k10},
                                         Case{0.9, Rounds::k10}, Case{0.5, Rounds::k7}, Case{0.1, Rounds::k7},
                                         Case{0.75, Rounds::k7}, Case{0.9, Rounds::k7}),
                         CaseName);

class RoundsStatisticsTest : public testing::TestWithParam<Rounds> {};

// The uniforms are the oracle's, which mask_oracle_test shows to be those of the masks.
TEST_P(RoundsStatisticsTest, Planes) {
  constexpr std::size_t kCount = std::size_t{1} << 16;
  const auto uniforms =
      oracle::Uniforms({.seed = 2026, .stream = 1, .first_element = 0, .rounds = static_cast<int>(GetParam())}, kCount);
  std::vector<BitSequence> planes;
  for (int plane = 0; plane < 32; ++plane) {
    std::vector<std::uint8_t> bits(kCount);
    for (std::size_t i = 0; i < kCount; ++i) bits[i] = uniforms[i] >> (31 - plane) & 1;
    planes.push_back(BitSequence::OfBytes(bits));
  }
  EXPECT_TRUE(IsRandom(test::Planes(planes)));
}

// Rows with keys of their own, whose seeds follow each other, as a server batches them.
TEST_P(RoundsStatisticsTest, RowKeys) {
  std::vector<MaskKey> keys(4096);
  for (std::size_t row = 0; row < keys.size(); ++row) keys[row] = {.seed = row, .rounds = GetParam()};
  EXPECT_TRUE(IsRandom(test::Rows(Generate({Rate(0.5), keys}, keys.size() * test::kRowBits), 0.5)));
}

// Rates at which an ordinary mask holds few of one kind.
TEST_P(RoundsStatisticsTest, KeepRateOfRareElements) {
  for (const double p : {0.001, 0.999}) {
    const Rate rate(p);
    test::Verdict verdict;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const BitSequence bits = Generate({rate, MaskKey{.seed = seed, .rounds = GetParam()}}, std::size_t{1} << 22);
      verdict.Add(test::OnesZ(bits, static_cast<double>(rate.threshold()) * 0x1p-32), "seed",
                  static_cast<std::int64_t>(seed));
    }
    EXPECT_TRUE(IsRandom(verdict)) << p;
  }
}

INSTANTIATE_TEST_SUITE_P(, RoundsStatisticsTest, testing::Values(Rounds::k10, Rounds::k7), [](const auto& param_info) {
  return "Rounds" + std::to_string(static_cast<int>(param_info.param));
});

}  // namespace
}  // namespace fallow
