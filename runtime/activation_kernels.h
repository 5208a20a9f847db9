// The activations, element by element, once a target.
#ifndef FALLOW_RUNTIME_ACTIVATION_KERNELS_H_
#define FALLOW_RUNTIME_ACTIVATION_KERNELS_H_

#include <cstddef>

#include "fallow/activation.h"
#include "fallow/target.h"

namespace fallow::nn {

// `slope`: kLeakyReLU's negative_slope.
struct ActivationKernels {
  // y[i] = f(x[i]); y may be x.
  void (*forward)(const float* x, std::size_t count, float slope, float* y);
  // dx[i] = f'(x[i]) dy[i]; dx may be dy. `saved` is x for kGELU and kSiLU, and y for all others.
  void (*backward)(const float* dy, const float* saved, std::size_t count, float slope, float* dx);
};

const ActivationKernels& ActivationKernelsFor(Activation activation, Target target) noexcept;

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_ACTIVATION_KERNELS_H_
