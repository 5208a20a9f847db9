// Noise from random words, by the formulas of its sources in double; and what is done with it, in plain loops.
//
// As in oracle.h: nothing here may include, link or be copied from kernels/.
#ifndef FALLOW_TESTS_SUPPORT_NOISE_ORACLE_H_
#define FALLOW_TESTS_SUPPORT_NOISE_ORACLE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/support/dropout_oracle.h"
#include "tests/support/oracle.h"

namespace fallow::oracle {

// The words of elements key.first_element, ... of word stream v1.
std::vector<std::uint32_t> Words(const Key& key, std::size_t count);

// Box and Muller's: radius * cos(angle) and radius * sin(angle).
struct NormalPair {
  double radius;
  double first;
  double second;
};
NormalPair BoxMuller(std::uint32_t first_word, std::uint32_t second_word);

// A number of `bits` + 1 bits between 0 and 1, from the upper bits of a word.
double Uniform(std::uint32_t word, int bits);

// x + stddev * z, and x * (1 + stddev * z), each operation in float, rounded to the type at the end.
Elements AddNoise(Type type, ElementView x, std::span<const float> z, float stddev);
Elements MultiplyByNoise(Type type, ElementView x, std::span<const float> z, float stddev);

// x * factor, in float, rounded to the type.
Elements Multiply(Type type, ElementView x, std::span<const float> factors);

// Concrete dropout's 1 - z.
double ConcreteMask(double p, double temperature, std::uint32_t word);

// sum of dy * x * (1 - z) / (1 - p), and its derivative by p.
double ConcreteLoss(double p, double temperature, std::span<const std::uint32_t> words, std::span<const float> x,
                    std::span<const float> dy);
double ConcreteGradient(double p, double temperature, std::span<const std::uint32_t> words, std::span<const float> x,
                        std::span<const float> dy);

}  // namespace fallow::oracle

#endif  // FALLOW_TESTS_SUPPORT_NOISE_ORACLE_H_
