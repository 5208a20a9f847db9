#include "tests/support/number_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "tests/support/half_oracle.h"

namespace fallow::test {
namespace {

constexpr std::byte kPattern{0xA5};

std::uint32_t Encode(NumberType type, double value) {
  const auto f32 = static_cast<float>(value);
  if (type == NumberType::kF32) return std::bit_cast<std::uint32_t>(f32);
  return oracle::FloatToHalf(type == NumberType::kBF16 ? oracle::kBFloat16 : oracle::kFloat16, f32);
}

double Decode(NumberType type, std::uint32_t bits) {
  if (type == NumberType::kF32) return std::bit_cast<float>(bits);
  const oracle::HalfFormat format = type == NumberType::kBF16 ? oracle::kBFloat16 : oracle::kFloat16;
  return oracle::HalfToFloat(format, static_cast<std::uint16_t>(bits), true);
}

}  // namespace

std::size_t SizeOf(NumberType type) { return type == NumberType::kF32 ? 4 : 2; }

double Rounded(NumberType type, double value) { return Decode(type, Encode(type, value)); }

double HalfStep(NumberType type, double value) {
  const int fraction_bits = type == NumberType::kF32 ? 23 : type == NumberType::kBF16 ? 7 : 10;
  const int smallest = type == NumberType::kF16 ? -14 : -126;
  return std::ldexp(0.5, std::max(smallest, value == 0.0 ? smallest : std::ilogb(value)) - fraction_bits);
}

std::vector<double> RandomNumbers(NumberType type, std::size_t count, double range, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<double> values(count);
  for (double& value : values) {
    value = Rounded(type, range * std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())), -63));
  }
  return values;
}

NumberRows::NumberRows(NumberType type, std::size_t rows, std::size_t cols, std::size_t gap, Edge edge)
    : type_(type),
      rows_(rows),
      cols_(cols),
      gap_(gap),
      buffer_(rows == 0 ? 0 : (rows * cols + (rows - 1) * gap) * SizeOf(type), edge) {
  std::ranges::fill(buffer_.span(), kPattern);
}

NumberRows::NumberRows(NumberType type, const std::vector<double>& values, std::size_t cols, std::size_t gap, Edge edge)
    : NumberRows(type, values.size() / cols, cols, gap, edge) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint32_t bits = Encode(type, values[i]);
    std::memcpy(Element(i / cols, i % cols), &bits, SizeOf(type));
  }
}

std::byte* NumberRows::Element(std::size_t row, std::size_t col) const {
  return data() + (row * row_stride() + col) * SizeOf(type_);
}

std::vector<std::uint32_t> NumberRows::Bits() const {
  std::vector<std::uint32_t> bits(rows_ * cols_);
  for (std::size_t i = 0; i < bits.size(); ++i) std::memcpy(&bits[i], Element(i / cols_, i % cols_), SizeOf(type_));
  return bits;
}

std::vector<double> NumberRows::Read() const {
  std::vector<double> values;
  for (const std::uint32_t bits : Bits()) values.push_back(Decode(type_, bits));
  return values;
}

bool NumberRows::gaps_are_intact() const {
  for (std::size_t row = 0; row + 1 < rows_; ++row) {
    const std::byte* gap = Element(row, cols_);
    if (!std::all_of(gap, gap + gap_ * SizeOf(type_), [](std::byte b) { return b == kPattern; })) return false;
  }
  return true;
}

}  // namespace fallow::test
