// Floating-point numbers of 16 bits, by the definition of what their bits mean, for tests to hold conversions against.
//
// Nothing here may include, link or be copied from kernels/.
#ifndef FALLOW_TESTS_SUPPORT_HALF_ORACLE_H_
#define FALLOW_TESTS_SUPPORT_HALF_ORACLE_H_

#include <cstdint>

namespace fallow::oracle {

// A sign bit, then an exponent, then a fraction, as in IEEE 754. Together 16 bits.
struct HalfFormat {
  int exponent_bits;
  int fraction_bits;
};

inline constexpr HalfFormat kBFloat16 = {8, 7};
inline constexpr HalfFormat kFloat16 = {5, 10};

bool IsNan(HalfFormat format, std::uint16_t bits);

// The number, or infinity, that `bits` stand for; not for NaNs.
double HalfValue(HalfFormat format, std::uint16_t bits);

// The same number as a float, which holds all of them. A NaN keeps its sign and its fraction's bits, the first of which
// tells quiet from signalling; `quiet` sets it.
float HalfToFloat(HalfFormat format, std::uint16_t bits, bool quiet);

// The nearest of the format's numbers, of two equally near ones that with the even fraction, infinity from half a step
// past the largest on. A NaN keeps its sign and as many upper bits of its fraction as there is room for, and is quiet.
std::uint16_t FloatToHalf(HalfFormat format, float value);

}  // namespace fallow::oracle

#endif  // FALLOW_TESTS_SUPPORT_HALF_ORACLE_H_
