// A quotient as a float, rounded once.
#ifndef FALLOW_KERNELS_QUOTIENT_H_
#define FALLOW_KERNELS_QUOTIENT_H_

#include <bit>
#include <cmath>
#include <cstdint>

namespace fallow {

// Of positive numbers whose quotient is a normal float. Dividing in double and converting would round twice, so the
// quotient is first rounded to odd: truncated, with the last bit set if anything was cut off. That keeps what the
// conversion needs to know.
inline float RoundedQuotient(double dividend, double divisor) {
  double quotient = dividend / divisor;
  const double remainder = std::fma(-quotient, divisor, dividend);  // Exact.
  if (remainder < 0.0) quotient = std::nextafter(quotient, 0.0);
  if (remainder != 0.0) quotient = std::bit_cast<double>(std::bit_cast<std::uint64_t>(quotient) | 1);
  return static_cast<float>(quotient);
}

}  // namespace fallow

#endif  // FALLOW_KERNELS_QUOTIENT_H_
