#include "tests/support/half_oracle.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace fallow::oracle {
namespace {

// Bits of the fields of a number in `format`.
struct Fields {
  Fields(HalfFormat format, std::uint16_t bits)
      : negative(bits / 32768 == 1),
        exponent(bits / Power(format.fraction_bits) % Power(format.exponent_bits)),
        fraction(bits % Power(format.fraction_bits)) {}

  static int Power(int exponent) { return 1 << exponent; }

  bool negative;
  int exponent;
  int fraction;
};

int LargestExponent(HalfFormat format) { return Fields::Power(format.exponent_bits) - 1; }  // Infinities and NaNs.

// The smallest denormal is 2 to this power.
int SmallestPower(HalfFormat format) {
  const int bias = Fields::Power(format.exponent_bits - 1) - 1;
  return 1 - bias - format.fraction_bits;
}

double RoundTiesToEven(double value) {
  const double below = std::floor(value);
  const double rest = value - below;
  const bool up = rest > 0.5 || (rest == 0.5 && std::fmod(below, 2.0) != 0.0);
  return up ? below + 1.0 : below;
}

// A finite magnitude as a multiple of the step between the format's numbers there: exponent and fraction fields as one
// integer, in which carrying from the fraction to the exponent is what rounding up to a power of two means.
int RoundMagnitude(HalfFormat format, double magnitude) {
  if (magnitude == 0.0) return 0;
  int exponent;
  std::frexp(magnitude, &exponent);  // In [2^(exponent - 1), 2^exponent).
  const int smallest = SmallestPower(format);
  const int step = std::max(exponent - 1 - format.fraction_bits, smallest);
  const auto steps = static_cast<int>(RoundTiesToEven(std::ldexp(magnitude, -step)));
  return (step - smallest) * Fields::Power(format.fraction_bits) + steps;
}

}  // namespace

bool IsNan(HalfFormat format, std::uint16_t bits) {
  const Fields fields(format, bits);
  return fields.exponent == LargestExponent(format) && fields.fraction != 0;
}

double HalfValue(HalfFormat format, std::uint16_t bits) {
  const Fields fields(format, bits);
  const double sign = fields.negative ? -1.0 : 1.0;
  if (fields.exponent == LargestExponent(format)) return sign * std::numeric_limits<double>::infinity();
  const int smallest = SmallestPower(format);
  if (fields.exponent == 0) return sign * std::ldexp(fields.fraction, smallest);
  return sign * std::ldexp(Fields::Power(format.fraction_bits) + fields.fraction, smallest + fields.exponent - 1);
}

float HalfToFloat(HalfFormat format, std::uint16_t bits, bool quiet) {
  if (!IsNan(format, bits)) return static_cast<float>(HalfValue(format, bits));  // Exact.
  const Fields fields(format, bits);
  int fraction = fields.fraction * Fields::Power(23 - format.fraction_bits);
  if (quiet && fraction < Fields::Power(22)) fraction += Fields::Power(22);
  const std::uint32_t sign = fields.negative ? 0x80000000u : 0;
  return std::bit_cast<float>(sign + 0x7F800000u + static_cast<std::uint32_t>(fraction));
}

std::uint16_t FloatToHalf(HalfFormat format, float value) {
  const int infinity = LargestExponent(format) * Fields::Power(format.fraction_bits);
  const int sign = std::signbit(value) ? 32768 : 0;
  if (std::isnan(value)) {
    const auto float_fraction = static_cast<int>(std::bit_cast<std::uint32_t>(value) % 0x800000u);
    const int half = Fields::Power(format.fraction_bits - 1);
    const int payload = float_fraction / Fields::Power(23 - format.fraction_bits) % half;
    return static_cast<std::uint16_t>(sign + infinity + half + payload);
  }
  const double magnitude = std::abs(static_cast<double>(value));
  const int rounded = std::isinf(value) ? infinity : std::min(RoundMagnitude(format, magnitude), infinity);
  return static_cast<std::uint16_t>(sign + rounded);
}

}  // namespace fallow::oracle
