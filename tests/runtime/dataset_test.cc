#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <vector>

#include "fallow/nn/data.h"
#include "fallow/nn/training.h"
#include "tests/runtime/allocations.h"
#include "tests/runtime/files.h"
#include "tests/support/oracle.h"

namespace fallow::nn {
namespace {

// Row r is (r, r + 1/2) with target 10 r.
Dataset Numbered(std::size_t rows) {
  Dataset data{Tensor(rows, Shape{2}), Tensor(rows, Shape{1})};
  for (std::size_t r = 0; r < rows; ++r) {
    data.x.row(r)[0] = static_cast<float>(r);
    data.x.row(r)[1] = static_cast<float>(r) + 0.5f;
    data.y.row(r)[0] = static_cast<float>(10 * r);
  }
  return data;
}

void ExpectRows(const Dataset& data, std::span<const std::uint32_t> rows) {
  ASSERT_EQ(data.x.rows(), rows.size());
  ASSERT_EQ(data.y.rows(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto value = static_cast<float>(rows[i]);
    EXPECT_EQ(data.x.row(i)[0], value);
    EXPECT_EQ(data.x.row(i)[1], value + 0.5f);
    EXPECT_EQ(data.y.row(i)[0], 10 * value);
  }
}

TEST(PermutationTest, HoldsEveryIndexOnce) {
  for (const std::size_t count : {0u, 1u, 100u, 60'000u}) {
    std::vector<std::uint32_t> order = Permutation(count, 7, 3);
    std::vector<std::uint32_t> sorted(count);
    std::iota(sorted.begin(), sorted.end(), 0u);
    EXPECT_EQ(order == sorted, count < 2);
    std::ranges::sort(order);
    EXPECT_EQ(order, sorted);
  }
}

// Fisher-Yates from the back; index below i + 1 is the upper half of word * (i + 1), rejected while the lower half is
// below 2^32 mod (i + 1); words come from the counters (n, 2^31, stream).
TEST(PermutationTest, EqualsItsSpecification) {
  constexpr std::uint64_t kSeed = 0x123456789ABCDEF0, kStream = 0x0FEDCBA900000000;
  constexpr std::uint32_t kCount = 60'000;
  int rejected = 0;
  for (std::uint32_t stream = 0; stream < 10; ++stream) {
    std::vector<std::uint32_t> expected(kCount);
    std::iota(expected.begin(), expected.end(), 0u);
    std::uint32_t drawn = 0;
    const auto next = [&] {
      const auto words = oracle::Philox4x32({drawn / 4, 0x80000000, stream, 0x0FEDCBA9}, {0x9ABCDEF0, 0x12345678}, 10);
      return words[drawn++ % 4];
    };
    for (std::uint32_t i = kCount - 1; i > 0; --i) {
      std::uint64_t product = std::uint64_t{next()} * (i + 1);
      for (; product % (1ull << 32) < (1ull << 32) % (i + 1); ++rejected) product = std::uint64_t{next()} * (i + 1);
      std::swap(expected[i], expected[product >> 32]);
    }
    ASSERT_EQ(Permutation(kCount, kSeed, kStream + stream), expected) << stream;
  }
  EXPECT_GT(rejected, 0);
}

TEST(PermutationTest, DependsOnSeedAndStream) {
  const auto order = Permutation(100, 1, 1);
  EXPECT_EQ(Permutation(100, 1, 1), order);
  EXPECT_NE(Permutation(100, 2, 1), order);
  EXPECT_NE(Permutation(100, 1, 2), order);
  EXPECT_NE(Permutation(100, 1 + (1ull << 32), 1), order);
  EXPECT_NE(Permutation(100, 1, 1 + (1ull << 32)), order);
  std::vector<std::uint32_t> existing(100, 42);
  Permute(existing, 1, 1);
  EXPECT_EQ(existing, order);
}

// Each of the 24 orders is expected 2500 times. With 23 degrees of freedom chi-squared exceeds 60 with probability
// 4e-5.
TEST(PermutationTest, AllOrdersAreEquallyLikely) {
  constexpr std::uint64_t kTimes = 60'000;
  std::map<std::vector<std::uint32_t>, double> found;
  for (std::uint64_t stream = 0; stream < kTimes; ++stream) ++found[Permutation(4, 5, stream)];
  ASSERT_EQ(found.size(), 24u);
  double chi_squared = 0;
  for (const auto& [order, times] : found) chi_squared += (times - 2500) * (times - 2500) / 2500;
  EXPECT_LT(chi_squared, 60);
}

TEST(PermutationTest, TooManyRows) {
  EXPECT_TRUE(Fails([] { Permutation(std::size_t{1} << 32, 1, 1); }, "4294967296 rows"));
}

TEST(SelectTest, CopiesRows) {
  const std::vector<std::uint32_t> rows = {3, 0, 9, 3};
  ExpectRows(Select(Numbered(10), rows), rows);
  ExpectRows(Select(Numbered(10), {}), {});
}

TEST(SelectTest, ReusesMemory) {
  const Dataset data = Numbered(10);
  const std::vector<std::uint32_t> many = {3, 0, 9, 3}, few = {1, 2};
  Dataset batch;
  Select(data, many, &batch);
  const std::size_t before = AllocationCount();
  Select(data, few, &batch);
  Select(data, many, &batch);
  EXPECT_EQ(AllocationCount(), before);
  ExpectRows(batch, many);
}

TEST(SelectTest, RowThatIsNotThere) {
  const std::vector<std::uint32_t> rows = {3, 10};
  EXPECT_TRUE(Fails([&] { Select(Numbered(10), rows); }, "row 10 of a data set of 10 rows"));
}

TEST(SplitValidationTest, SplitsAllRowsInTwo) {
  const Split split = SplitValidation(Numbered(50), 0.3, 11);
  ASSERT_EQ(split.train.rows(), 35u);
  ASSERT_EQ(split.validation.rows(), 15u);
  std::vector<std::uint32_t> rows;
  for (std::size_t r = 0; r < 35; ++r) rows.push_back(static_cast<std::uint32_t>(split.train.x.row(r)[0]));
  for (std::size_t r = 0; r < 15; ++r) rows.push_back(static_cast<std::uint32_t>(split.validation.x.row(r)[0]));
  ExpectRows(split.train, std::span(rows).first(35));
  ExpectRows(split.validation, std::span(rows).last(15));
  EXPECT_FALSE(std::ranges::is_sorted(rows));
  std::ranges::sort(rows);
  for (std::uint32_t r = 0; r < 50; ++r) EXPECT_EQ(rows[r], r);
}

TEST(SplitValidationTest, LeavesARowOnEachSide) {
  EXPECT_EQ(SplitValidation(Numbered(5), 0.001, 1).validation.rows(), 1u);
  EXPECT_EQ(SplitValidation(Numbered(5), 0.999, 1).train.rows(), 1u);
}

TEST(SplitValidationTest, Errors) {
  for (const double fraction : {0.0, 1.0, -0.5, 2.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_TRUE(Fails([&] { SplitValidation(Numbered(5), fraction, 1); }, "validation fraction"));
  }
  EXPECT_TRUE(Fails([&] { SplitValidation(Numbered(1), 0.5, 1); }, "1 rows cannot be split"));
}

}  // namespace
}  // namespace fallow::nn
