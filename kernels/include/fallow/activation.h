// The activation functions: what a neuron makes of its weighted sum, element by element.
#ifndef FALLOW_ACTIVATION_H_
#define FALLOW_ACTIVATION_H_

#include <cstdint>

namespace fallow {

enum class Activation : std::uint8_t {
  kLinear,     // x
  kReLU,       // max(x, 0)
  kLeakyReLU,  // x > 0 ? x : negative_slope x
  kELU,        // x > 0 ? x : exp(x) - 1
  kSELU,       // 1.0507009873554805 (x > 0 ? x : 1.6732632423543772 (exp(x) - 1))
  kGELU,       // x Phi(x), the exact form: Phi is the distribution function of a standard normal variable
  kSiLU,       // x sigmoid(x)
  kSigmoid,    // 1 / (1 + exp(-x))
  kTanh,
};

// One of them, with the parameter that kLeakyReLU has. Made from an Activation alone where that says it all.
struct ActivationFunction {
  constexpr ActivationFunction(Activation which_one, float slope = 0.01f) : which(which_one), negative_slope(slope) {}

  Activation which;
  float negative_slope;  // Any finite number.
};

}  // namespace fallow

#endif  // FALLOW_ACTIVATION_H_
