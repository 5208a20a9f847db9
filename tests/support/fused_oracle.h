// Bias, activation, dropout and residual, and their gradients, in plain loops, given the mask.
//
// Nothing here may include, link or be copied from kernels/.
#ifndef FALLOW_TESTS_SUPPORT_FUSED_ORACLE_H_
#define FALLOW_TESTS_SUPPORT_FUSED_ORACLE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/support/dropout_oracle.h"

namespace fallow::oracle {

enum class Activation { kLinear, kReLU, kLeakyReLU, kELU, kSELU, kGELU, kSiLU, kSigmoid, kTanh };

// The function and its derivative, by their definitions.
double Activate(Activation activation, double slope, double x);
double Differentiate(Activation activation, double slope, double x);

// Floats, which hold all elements of 32 and 16 bits; and elements, rounded to the type.
std::vector<float> ToFloats(Type type, ElementView elements);
Elements FromFloats(Type type, std::span<const float> floats);

// Rows of bias.size() elements, none of them a bias if that is empty. Sums and products are rounded to float as a
// kernel's are; the activation is as exact as a double.
struct Fused {
  Activation activation;
  float slope;
  std::size_t cols;
  std::vector<float> bias;
  std::vector<std::uint8_t> mask_bytes;
  float scale;

  // x + bias, in float.
  std::vector<float> Arguments(std::span<const float> x) const;
  // mask ? activation(x + bias) * scale + residual : residual; 0 in place of an empty residual.
  std::vector<float> Forward(std::span<const float> x, std::span<const float> residual) const;
  // mask ? activation'(x + bias) * (dy * scale) : 0; where the derivative is 0, also if dy is infinite.
  std::vector<float> Backward(std::span<const float> dy, std::span<const float> x) const;
};

}  // namespace fallow::oracle

#endif  // FALLOW_TESTS_SUPPORT_FUSED_ORACLE_H_
