#include "tests/support/number_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "tests/support/half_oracle.h"

namespace fallow::test {
namespace {

using oracle::Type;

oracle::HalfFormat FormatOf(Type type) { return type == Type::kBF16 ? oracle::kBFloat16 : oracle::kFloat16; }

std::uint32_t Encode(Type type, double value) {
  const auto f32 = static_cast<float>(value);
  return type == Type::kF32 ? std::bit_cast<std::uint32_t>(f32) : oracle::FloatToHalf(FormatOf(type), f32);
}

double Decode(Type type, std::uint32_t bits) {
  if (type == Type::kF32) return std::bit_cast<float>(bits);
  return oracle::HalfToFloat(FormatOf(type), static_cast<std::uint16_t>(bits), true);
}

oracle::Elements Encoded(Type type, const std::vector<double>& values) {
  const std::size_t size = oracle::SizeOf(type);
  oracle::Elements elements(values.size() * size);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint32_t bits = Encode(type, values[i]);
    std::memcpy(elements.data() + i * size, &bits, size);
  }
  return elements;
}

}  // namespace

double Rounded(Type type, double value) { return Decode(type, Encode(type, value)); }

double HalfStep(Type type, double value) {
  const int fraction_bits = type == Type::kF32 ? 23 : FormatOf(type).fraction_bits;
  const int smallest = type == Type::kF16 ? -14 : -126;
  return std::ldexp(0.5, std::max(smallest, value == 0.0 ? smallest : std::ilogb(value)) - fraction_bits);
}

std::vector<double> RandomNumbers(Type type, std::size_t count, double range, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<double> values(count);
  for (double& value : values) {
    value = Rounded(type, range * std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())), -63));
  }
  return values;
}

NumberRows::NumberRows(Type type, const std::vector<double>& values, std::size_t cols, std::size_t gap, Edge edge)
    : type_(type),
      placed_(Encoded(type, values), oracle::SizeOf(type), {.rows = values.size() / cols, .gap = gap, .edge = edge}) {}

NumberRows::NumberRows(Type type, std::size_t rows, std::size_t cols, std::size_t gap, Edge edge)
    : NumberRows(type, std::vector<double>(rows * cols, 42.0), cols, gap, edge) {}

std::vector<std::uint32_t> NumberRows::Bits() const {
  const oracle::Elements elements = placed_.Read();
  const std::size_t size = oracle::SizeOf(type_);
  std::vector<std::uint32_t> bits(elements.size() / size);
  for (std::size_t i = 0; i < bits.size(); ++i) std::memcpy(&bits[i], elements.data() + i * size, size);
  return bits;
}

std::vector<double> NumberRows::Read() const {
  std::vector<double> values;
  for (const std::uint32_t bits : Bits()) values.push_back(Decode(type_, bits));
  return values;
}

}  // namespace fallow::test
