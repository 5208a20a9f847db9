// The scalar conversions of types.h: every 16-bit pattern, and floats wherever rounding may go wrong.
#include "fallow/types.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

#include "tests/support/half_oracle.h"

namespace fallow {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

static_assert(SizeOf(DType::kF32) == 4 && SizeOf(DType::kF64) == 8 && SizeOf(DType::kBF16) == 2);
static_assert(SizeOf(DType::kF16) == 2 && SizeOf(static_cast<DType>(4)) == 0 && SizeOf(static_cast<DType>(255)) == 0);
static_assert(kDTypeOf<float> == DType::kF32 && kDTypeOf<double> == DType::kF64);
static_assert(kDTypeOf<BFloat16> == DType::kBF16 && kDTypeOf<Float16> == DType::kF16);
static_assert(kIsElement<float> && kIsElement<double> && kIsElement<BFloat16> && kIsElement<Float16>);
static_assert(!kIsElement<int> && !kIsElement<std::uint16_t> && !kIsElement<long double>);

// In constant expressions, by each path through the conversions: worked out by hand.
static_assert(ToFloat(BFloat16{0x3F80}) == 1.0f && ToFloat(BFloat16{0xC049}) == -3.140625f);
static_assert(ToBFloat16(1.0f).bits == 0x3F80 && ToBFloat16(-3.1415927f).bits == 0xC049);
static_assert(ToBFloat16(std::numeric_limits<float>::quiet_NaN()).bits == 0x7FC0);
static_assert(ToFloat(Float16{0x3C00}) == 1.0f && ToFloat(Float16{0xFBFF}) == -65504.0f);
static_assert(ToFloat(Float16{0x0001}) == 0x1p-24f && ToFloat(Float16{0x8001}) == -0x1p-24f);
static_assert(ToFloat(Float16{0x7C00}) == kInfinity &&
              std::bit_cast<std::uint32_t>(ToFloat(Float16{0xFC01})) >> 20 == 0xFFC);
static_assert(ToFloat16(0.1f).bits == 0x2E66 && ToFloat16(-0x1p-24f).bits == 0x8001 && ToFloat16(1e9f).bits == 0x7C00);
static_assert(ToFloat16(std::numeric_limits<float>::quiet_NaN()).bits == 0x7E00);

// One 16-bit type: what the library does with it, and what its format is.
struct BFloat16Case {
  static constexpr const char* kName = "bf16";
  static constexpr oracle::HalfFormat kFormat = oracle::kBFloat16;
  static constexpr bool kBecomesQuiet = false;  // Widening moves bits.
  static float Widen(std::uint16_t bits) { return ToFloat(BFloat16{bits}); }
  static std::uint16_t Narrow(float value) { return ToBFloat16(value).bits; }
};

struct Float16Case {
  static constexpr const char* kName = "f16";
  static constexpr oracle::HalfFormat kFormat = oracle::kFloat16;
  static constexpr bool kBecomesQuiet = true;
  static float Widen(std::uint16_t bits) { return ToFloat(Float16{bits}); }
  static std::uint16_t Narrow(float value) { return ToFloat16(value).bits; }
};

std::uint32_t BitsOf(float value) { return std::bit_cast<std::uint32_t>(value); }

template <class Case>
class HalfConversionTest : public testing::Test {
 protected:
  // Of the value itself, its neighbours, and all three with the other sign.
  static void ExpectOracleAround(float value) {
    for (const float v : {value, std::nextafter(value, kInfinity), std::nextafter(value, -kInfinity)}) {
      ASSERT_EQ(oracle::FloatToHalf(Case::kFormat, v), Case::Narrow(v)) << std::hexfloat << v;
      ASSERT_EQ(oracle::FloatToHalf(Case::kFormat, -v), Case::Narrow(-v)) << std::hexfloat << -v;
    }
  }
  static std::uint16_t PlusInfinity() { return oracle::FloatToHalf(Case::kFormat, kInfinity); }
};

using Cases = testing::Types<BFloat16Case, Float16Case>;

struct CaseNames {
  template <class Case>
  static std::string GetName(int /*index*/) {
    return Case::kName;
  }
};

TYPED_TEST_SUITE(HalfConversionTest, Cases, CaseNames);

TYPED_TEST(HalfConversionTest, EveryPatternToFloat) {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    ASSERT_EQ(BitsOf(oracle::HalfToFloat(TypeParam::kFormat, half, TypeParam::kBecomesQuiet)),
              BitsOf(TypeParam::Widen(half)))
        << std::hex << bits;
  }
}

TYPED_TEST(HalfConversionTest, EveryPatternThereAndBack) {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const std::uint16_t back = TypeParam::Narrow(TypeParam::Widen(half));
    if (oracle::IsNan(TypeParam::kFormat, half)) {
      const int quiet = 1 << (TypeParam::kFormat.fraction_bits - 1);
      ASSERT_EQ(half | quiet, back) << std::hex << bits;
    } else {
      ASSERT_EQ(half, back) << std::hex << bits;
    }
  }
}

// Each number of the type, and the middle between it and the next, is a float.
TYPED_TEST(HalfConversionTest, EveryNumberEveryMiddleAndTheirNeighbours) {
  double last_step = 0;
  for (std::uint16_t bits = 0; bits < this->PlusInfinity(); ++bits) {
    const double value = oracle::HalfValue(TypeParam::kFormat, bits);
    const double next = oracle::HalfValue(TypeParam::kFormat, static_cast<std::uint16_t>(bits + 1));
    // The numbers would go on with the same step if infinity were not next.
    if (!std::isinf(next)) last_step = next - value;
    const double middle = value + last_step / 2;
    ASSERT_EQ(static_cast<double>(static_cast<float>(middle)), middle);
    this->ExpectOracleAround(static_cast<float>(value));
    this->ExpectOracleAround(static_cast<float>(middle));
    if (this->HasFatalFailure()) return;
  }
}

TYPED_TEST(HalfConversionTest, RandomFloats) {
  std::mt19937 random(1);
  for (int i = 0; i < 2'000'000; ++i) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    ASSERT_EQ(oracle::FloatToHalf(TypeParam::kFormat, value), TypeParam::Narrow(value)) << std::hex << BitsOf(value);
  }
}

TYPED_TEST(HalfConversionTest, InfinitiesNansZerosAndDenormals) {
  for (const std::uint32_t sign : {0u, 0x80000000u}) {
    for (int shift = 0; shift < 23; ++shift) {
      for (const std::uint32_t low : {0u, 1u, 0x1555u, 0x1FFFu}) {
        for (const std::uint32_t exponent : {0u, 0x7F800000u}) {
          const auto value = std::bit_cast<float>(sign | exponent | ((1u << shift | low) & 0x7FFFFF));
          ASSERT_EQ(oracle::FloatToHalf(TypeParam::kFormat, value), TypeParam::Narrow(value))
              << std::hex << BitsOf(value);
        }
      }
    }
    for (const std::uint32_t bits : {0u, 1u, 0x7FFFFFu, 0x800000u, 0x7F7FFFFFu, 0x7F800000u, 0x7FFFFFFFu}) {
      const auto value = std::bit_cast<float>(sign | bits);
      ASSERT_EQ(oracle::FloatToHalf(TypeParam::kFormat, value), TypeParam::Narrow(value)) << std::hex << (sign | bits);
    }
  }
}

// Holds the oracle to the definition of rounding: no number of the type is closer, and ties are even.
TYPED_TEST(HalfConversionTest, OracleRoundsToTheNearest) {
  constexpr oracle::HalfFormat kFormat = TypeParam::kFormat;
  const auto largest = static_cast<std::uint16_t>(this->PlusInfinity() - 1);
  std::mt19937_64 random(2);
  for (int i = 0; i < 500'000; ++i) {
    const double limit = oracle::HalfValue(kFormat, largest);
    const auto value = static_cast<float>(limit * std::ldexp(static_cast<double>(random() >> 11), -53 - i % 280));
    const std::uint16_t chosen = oracle::FloatToHalf(kFormat, value);
    const auto distance = [&](int bits) {
      return std::abs(oracle::HalfValue(kFormat, static_cast<std::uint16_t>(bits)) - static_cast<double>(value));
    };
    ASSERT_LE(chosen, largest);
    for (const int other : {chosen - 1, chosen + 1}) {
      if (other < 0 || other > largest) continue;
      ASSERT_LE(distance(chosen), distance(other)) << std::hexfloat << value;
      ASSERT_TRUE(distance(chosen) != distance(other) || chosen % 2 == 0) << std::hexfloat << value;
    }
  }
}

}  // namespace
}  // namespace fallow
