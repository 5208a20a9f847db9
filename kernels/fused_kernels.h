// Bias, activation, dropout and residual of floats in one pass, once a target and an activation.
#ifndef FALLOW_KERNELS_FUSED_KERNELS_H_
#define FALLOW_KERNELS_FUSED_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "fallow/activation.h"
#include "fallow/target.h"

namespace fallow {

// Of `count` elements, at most kChunkElements, of one row: element i has bias[i], and bit i of `words` keeps it.
struct FusedForward {
  const float* x;
  const float* bias;
  const std::uint64_t* words;
  std::size_t count;
  float scale;
  const float* residual;  // Or null.
  bool streaming;         // Around the caches; then y is aligned to a vector, and neither x nor the residual.
  float* y;
};

struct FusedBackward {
  const float* dy;
  const float* x;
  const float* bias;
  const std::uint64_t* words;
  std::size_t count;
  float scale;
  float* sums;     // sums[i] += dx[i]; or null.
  bool streaming;  // As above.
  float* dx;
};

struct FusedKernels {
  void (*forward)(const ActivationFunction& activation, const FusedForward& part);
  void (*backward)(const ActivationFunction& activation, const FusedBackward& part);
};

const FusedKernels& FusedKernelsFor(Activation activation, Target target) noexcept;

}  // namespace fallow

#endif  // FALLOW_KERNELS_FUSED_KERNELS_H_
