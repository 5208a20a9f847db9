// Uniform numbers and normal stream v1.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fallow/random.h"
#include "tests/kernels/mask_cases.h"
#include "tests/support/half_oracle.h"
#include "tests/support/noise_oracle.h"
#include "tests/support/sizes.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow {
namespace {

using Floats = std::vector<float>;

// Worked out from kernels/README.md alone, apart from the library. CHANGING ANY OF THEM IS A BREAKING CHANGE, as in
// golden_masks.h.
struct GoldenNormals {
  MaskKey key;
  std::array<std::uint32_t, 12> bits;
};
constexpr GoldenNormals kGoldenNormals[] = {
    {{.seed = 0, .stream = 0, .first_element = 0},
     {0xBEC84F35, 0x3F5E3963, 0xBE75566E, 0xBF819A9E, 0x3FBF928A, 0xBEC6A99E, 0x3F374C11, 0x3F42F23E, 0x3F1C27AC,
      0xBEEB33A9, 0x3E80997B, 0x3F2939BE}},
    {{.seed = 0xFEDCBA9876543210, .stream = 0x123456789, .first_element = 0x3FFFFFFFB},
     {0xBF68AA30, 0x3E722A49, 0xBF197F95, 0x3F68200C, 0x3F06778F, 0x3FB6BD7D, 0xBF5BD68C, 0xBF8852BF, 0x3E04C75A,
      0x3ED6D6CD, 0xC04D965A, 0x3F7165BB}},
    {{.seed = 42, .stream = StreamOf(1, 7), .first_element = (std::uint64_t{1} << 57) - 12, .rounds = Rounds::k7},
     {0x3FF19C2A, 0x3E4AFF19, 0xBF5D7322, 0xBF7F2F80, 0xBEB80913, 0xBF59DE81, 0xBFAD9595, 0x3E887600, 0x3FAF53F5,
      0x40036CE5, 0xBF179951, 0x3F8AD0CB}},
};

// What random.h promises: z is within this of Box and Muller's number, in radii.
constexpr double kBound = 3e-7;

Target Plainest() { return SupportedTargets().back(); }

Floats Normals(const MaskKey& key, std::size_t count, Target target, int max_threads = 1) {
  Floats z(count, 77.0f);
  const Status status = GenerateNormals(key, z, {.max_threads = max_threads, .target = target});
  EXPECT_TRUE(status.ok()) << status.Message();
  return z;
}

// The words of the pairs that elements [first, first + count) are in.
std::vector<std::uint32_t> PairWords(const MaskKey& key, std::size_t count) {
  oracle::Key pairs = test::ToOracle(key);
  pairs.first_element -= key.first_element % 2;
  return oracle::Words(pairs, (count + key.first_element % 2 + 1) / 2 * 2);
}

// The largest distance from Box and Muller's numbers, in radii.
double LargestError(const MaskKey& key, const Floats& z) {
  const std::vector<std::uint32_t> words = PairWords(key, z.size());
  double largest = 0;
  for (std::size_t j = 0; j < z.size(); ++j) {
    const std::size_t at = j + key.first_element % 2;
    const oracle::NormalPair pair = oracle::BoxMuller(words[at / 2 * 2], words[at / 2 * 2 + 1]);
    const double exact = at % 2 == 0 ? pair.first : pair.second;
    largest = std::max(largest, std::abs(z[j] - exact) / pair.radius);
  }
  return largest;
}

class NormalStreamTest : public test::TargetTest {};

TEST_P(NormalStreamTest, GoldenNormals) {
  for (const GoldenNormals& golden : kGoldenNormals) {
    Floats expected;
    for (const std::uint32_t bits : golden.bits) expected.push_back(std::bit_cast<float>(bits));
    const Floats z = Normals(golden.key, expected.size(), GetParam());
    EXPECT_TRUE(test::SameBits(expected, z)) << "normal stream v1 has changed: " << test::Describe(golden.key);
    EXPECT_LT(LargestError(golden.key, z), kBound);
  }
}

TEST_P(NormalStreamTest, IsBoxAndMullers) {
  constexpr std::size_t kCount = 20'001;
  for (const MaskKey& key : test::ContractKeys(kCount)) {
    EXPECT_LT(LargestError(key, Normals(key, kCount, GetParam())), kBound) << test::Describe(key);
  }
}

// Where u is nearest to 0 and to 1, and the angle to a change of octant, of seed 0 and stream 0.
TEST_P(NormalStreamTest, ExtremeWords) {
  struct Extreme {
    std::uint64_t element;
    std::uint32_t word;
  };
  constexpr Extreme kExtremes[] = {
      {0x196E89800, 0x00000000}, {0x17392B278, 0xFFFFFFFF}, {0x0EA4C5278, 0x7FFFFFFF}, {0x1BDE21222, 0x80000000},
      {0x061B6EFCF, 0x1FFFFFFF}, {0x0BE4C4837, 0x20000000}, {0x114435485, 0x3FFFFFFF}, {0x1D98C2591, 0xFFFFFFFF},
  };
  for (const Extreme& extreme : kExtremes) {
    const MaskKey key = {.first_element = extreme.element / 2 * 2};
    ASSERT_EQ(oracle::Words({.first_element = extreme.element}, 1)[0], extreme.word);
    const Floats z = Normals(key, 2, GetParam());
    EXPECT_LT(LargestError(key, z), kBound) << extreme.element;
    for (const float value : z) {
      EXPECT_NE(value, 0.0f);
      EXPECT_LT(std::abs(value), 6.764f);
    }
  }
}

// Whole vectors and parts of them, from even and odd elements.
TEST_P(NormalStreamTest, EveryCountAtEveryOffsetIsPartOfOneStream) {
  const std::size_t longest = 140;
  const Floats all = Normals({.seed = 3}, longest + 4, Plainest());
  for (std::size_t offset = 0; offset < 4; ++offset) {
    for (std::size_t count = 0; count <= longest; ++count) {
      const Floats z = Normals({.seed = 3, .first_element = offset}, count, GetParam());
      ASSERT_TRUE(test::SameBits(std::span(all).subspan(offset, count), z)) << offset << ", " << count;
    }
  }
}

TEST_P(NormalStreamTest, SameBitsOnAllTargetsFromAnyThreads) {
  constexpr std::size_t kCount = 150'001;
  for (const std::uint64_t first : {std::uint64_t{0}, (std::uint64_t{1} << 34) - 70'001}) {
    for (const Rounds rounds : {Rounds::k7, Rounds::k10}) {
      const MaskKey key = {.seed = 5, .stream = 6, .first_element = first, .rounds = rounds};
      const Floats expected = Normals(key, kCount, Plainest());
      for (const int threads : {1, 2, 0}) {
        ASSERT_TRUE(test::SameBits(expected, Normals(key, kCount, GetParam(), threads))) << threads << " threads";
      }
    }
  }
}

TEST_P(NormalStreamTest, AnotherLayoutsWords) {
  const MaskKey key = {.seed = 5, .stream = 6, .first_element = 7, .layout = MaskStream::kTensorFlow};
  std::vector<std::uint32_t> words(1002);
  ASSERT_TRUE(GenerateUniformBits({.seed = 5, .stream = 6, .first_element = 6, .layout = key.layout}, words).ok());
  const Floats z = Normals(key, 1000, GetParam());
  for (std::size_t j = 0; j < z.size(); ++j) {
    const std::size_t at = j + 1;
    const oracle::NormalPair pair = oracle::BoxMuller(words[at / 2 * 2], words[at / 2 * 2 + 1]);
    ASSERT_NEAR(z[j], at % 2 == 0 ? pair.first : pair.second, kBound * pair.radius) << j;
  }
}

// Of 16-bit types.
template <class T>
std::vector<std::uint16_t> Bits(Status (*generate)(const MaskKey&, Array, const Execution&), const MaskKey& key,
                                std::size_t count, Target target) {
  std::vector<T> values(count);
  EXPECT_TRUE(generate(key, values, {.target = target}).ok());
  std::vector<std::uint16_t> bits;
  bits.reserve(count);
  for (const T value : values) bits.push_back(value.bits);
  return bits;
}

TEST_P(NormalStreamTest, SixteenBitTypesRoundTheSameNumbers) {
  for (const std::uint64_t first : {0, 1}) {
    const MaskKey key = {.seed = 8, .first_element = first};
    const Floats z = Normals(key, 5'001, GetParam());
    const auto bf16 = Bits<BFloat16>(GenerateNormals, key, z.size(), GetParam());
    const auto f16 = Bits<Float16>(GenerateNormals, key, z.size(), GetParam());
    for (std::size_t j = 0; j < z.size(); ++j) {
      ASSERT_EQ(bf16[j], oracle::FloatToHalf(oracle::kBFloat16, z[j])) << j;
      ASSERT_EQ(f16[j], oracle::FloatToHalf(oracle::kFloat16, z[j])) << j;
    }
  }
}

TEST_P(NormalStreamTest, UniformsAreTheUpperBitsAndAHalf) {
  for (const MaskKey& key : test::ContractKeys(1'003)) {
    const std::vector<std::uint32_t> words = oracle::Words(test::ToOracle(key), 1'003);
    Floats u(words.size());
    ASSERT_TRUE(GenerateUniforms(key, u, {.target = GetParam()}).ok());
    const auto bf16 = Bits<BFloat16>(GenerateUniforms, key, u.size(), GetParam());
    const auto f16 = Bits<Float16>(GenerateUniforms, key, u.size(), GetParam());
    for (std::size_t j = 0; j < u.size(); ++j) {
      ASSERT_EQ(u[j], oracle::Uniform(words[j], 23)) << j;
      ASSERT_EQ(oracle::HalfValue(oracle::kBFloat16, bf16[j]), oracle::Uniform(words[j], 7)) << j;
      ASSERT_EQ(oracle::HalfValue(oracle::kFloat16, f16[j]), oracle::Uniform(words[j], 10)) << j;
    }
  }
}

TEST_P(NormalStreamTest, StridedRowsHoldTheStreamRowByRow) {
  constexpr std::size_t kRows = 701;
  constexpr std::size_t kCols = 5;
  constexpr std::size_t kStride = 8;
  const MaskKey key = {.seed = 9, .first_element = 1};
  const Floats z = Normals(key, kRows * kCols, GetParam());
  Floats rows(kRows * kStride, 77.0f);
  ASSERT_TRUE(GenerateNormals(key, Array(rows.data(), kRows, kCols, kStride), {.target = GetParam()}).ok());
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t col = 0; col < kStride; ++col) {
      ASSERT_EQ(rows[row * kStride + col], col < kCols ? z[row * kCols + col] : 77.0f) << row << ", " << col;
    }
  }
}

FALLOW_TEST_EVERY_TARGET(NormalStreamTest);

TEST(RandomErrorsTest, NameTheArgument) {
  constexpr std::uint64_t kEnd = std::uint64_t{1} << 57;
  Floats u(10, 77.0f);
  std::vector<double> f64(10);
  EXPECT_STREQ(GenerateUniforms({.first_element = kEnd - 9}, u).argument(), "key");
  EXPECT_STREQ(GenerateNormals({.first_element = kEnd - 9}, u).argument(), "key");
  EXPECT_STREQ(GenerateUniforms({}, f64).argument(), "u");
  EXPECT_STREQ(GenerateNormals({}, f64).argument(), "z");
  EXPECT_STREQ(GenerateNormals({}, Array(static_cast<float*>(nullptr), 3)).argument(), "z");
  EXPECT_STREQ(GenerateUniforms({}, Array(u.data(), 2, 5, 4)).argument(), "u");
  EXPECT_EQ(u, Floats(10, 77.0f));
  EXPECT_TRUE(GenerateNormals({.first_element = kEnd - 10}, u).ok());
  EXPECT_TRUE(GenerateNormals({}, Array(static_cast<float*>(nullptr), 0)).ok());
}

}  // namespace
}  // namespace fallow
