#include "tests/kernels/golden_masks.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "fallow/mask.h"
#include "tests/support/oracle.h"
#include "tests/support/targets.h"

namespace fallow {
namespace {

constexpr char kBreakingChange[] =
    "stream v1 has changed, which breaks every user who relies on it: see golden_masks.h";

MaskKey KeyOf(const test::GoldenMask& row) {
  return {.seed = row.seed,
          .stream = row.stream,
          .first_element = row.first_element,
          .rounds = static_cast<Rounds>(row.rounds)};
}

class GoldenMasksTest : public test::TargetTest {};

TEST_P(GoldenMasksTest, AreTheLibrarys) {
  for (const test::GoldenMask& row : test::kGoldenMasks) {
    std::vector<std::uint8_t> mask(BitMaskBytes(row.count));
    const Status status = GenerateMask({Rate(row.drop_probability), KeyOf(row)}, row.count, MaskFormat::kBits, mask,
                                       {.target = GetParam()});
    ASSERT_TRUE(status.ok()) << status.Message();
    EXPECT_EQ(test::ToHex(mask), row.bits) << kBreakingChange << "; row " << &row - test::kGoldenMasks;
  }
}

FALLOW_TEST_EVERY_TARGET(GoldenMasksTest);

TEST(GoldenMasksOracleTest, AreTheOracles) {
  for (const test::GoldenMask& row : test::kGoldenMasks) {
    const auto mask = oracle::MaskBytes(
        row.drop_probability,
        {.seed = row.seed, .stream = row.stream, .first_element = row.first_element, .rounds = row.rounds}, row.count);
    EXPECT_EQ(test::ToHex(oracle::PackBits(mask)), row.bits)
        << kBreakingChange << "; row " << &row - test::kGoldenMasks;
  }
}

}  // namespace
}  // namespace fallow
