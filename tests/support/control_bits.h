// Random bits that have nothing to do with Philox, to try the statistics on.
#ifndef FALLOW_TESTS_SUPPORT_CONTROL_BITS_H_
#define FALLOW_TESTS_SUPPORT_CONTROL_BITS_H_

#include <cstdint>

namespace fallow::test {

// SplitMix64's output function: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
constexpr std::uint64_t Mix(std::uint64_t v) {
  v += 0x9E3779B97F4A7C15;
  v = (v ^ (v >> 30)) * 0xBF58476D1CE4E5B9;
  v = (v ^ (v >> 27)) * 0x94D049BB133111EB;
  return v ^ (v >> 31);
}

// Bit `i` of what seed and stream name, 1 with probability q.
constexpr bool ControlBit(double q, std::uint64_t seed, std::uint64_t stream, std::uint64_t i) {
  return static_cast<double>(Mix(Mix(Mix(seed) ^ stream) ^ i) >> 11) < q * 0x1p53;
}

}  // namespace fallow::test

#endif  // FALLOW_TESTS_SUPPORT_CONTROL_BITS_H_
