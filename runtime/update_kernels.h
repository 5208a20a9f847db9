// One optimiser step over a piece of a parameter, once a target.
//
// Products and sums are never contracted, so the results are the same bits for every target.
#ifndef FALLOW_RUNTIME_UPDATE_KERNELS_H_
#define FALLOW_RUNTIME_UPDATE_KERNELS_H_

#include <cstddef>

#include "fallow/target.h"

namespace fallow::nn {

// g' = g + decay * w + l1 * sign(w), with sign(0) = 0.
struct Penalty {
  float decay;
  float l1;
};

// v = momentum * v + g';  w -= learning_rate * (nesterov ? g' + momentum * v : v)
struct SgdStep {
  Penalty penalty;
  float learning_rate;
  float momentum;
  bool nesterov;
};

// m = beta1 * m + (1 - beta1) * g';  v = beta2 * v + (1 - beta2) * g'^2
// w = keep * w - step_size * m / (sqrt(v) / root_correction2 + epsilon)
struct AdamStep {
  Penalty penalty;
  float keep;       // 1 - learning_rate * decoupled weight decay
  float step_size;  // learning_rate / (1 - beta1^t)
  float beta1, one_minus_beta1;
  float beta2, one_minus_beta2;
  float root_correction2;  // sqrt(1 - beta2^t)
  float epsilon;
};

struct UpdateKernels {
  void (*sgd)(const SgdStep& step, std::size_t count, const float* g, float* w, float* v);
  void (*sgd_without_momentum)(const SgdStep& step, std::size_t count, const float* g, float* w);
  void (*adam)(const AdamStep& step, std::size_t count, const float* g, float* w, float* m, float* v);
};

const UpdateKernels& UpdateKernelsFor(Target target) noexcept;

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_UPDATE_KERNELS_H_
