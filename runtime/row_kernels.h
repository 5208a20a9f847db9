// What is done to whole rows, once a target: bias, softmax backwards, and the losses.
#ifndef FALLOW_RUNTIME_ROW_KERNELS_H_
#define FALLOW_RUNTIME_ROW_KERNELS_H_

#include <cstddef>

#include "fallow/target.h"

namespace fallow::nn {

// Sums over a row are taken lane by lane, so their last bits depend on the target.
struct RowKernels {
  // y[r][j] += bias[j]
  void (*add_bias)(const float* bias, std::size_t rows, std::size_t cols, float* y);

  // Softmax: dx = y * (dy - sum(y * dy)), one row; dx may be dy.
  void (*softmax_backward)(const float* dy, const float* y, std::size_t cols, float* dx);
  // Returns log(sum exp(x)) and, if `gradient` is not null, sets gradient = scale * softmax(x).
  double (*log_sum_exp)(const float* x, std::size_t cols, float scale, float* gradient);

  // Return the row's sum of max(x, 0) - x y + log(1 + exp(-|x|)), or of (x - y)^2, and if `gradient` is not null, set
  // it to scale * (sigmoid(x) - y), or scale * 2 (x - y).
  double (*binary_cross_entropy)(const float* x, const float* y, std::size_t cols, float scale, float* gradient);
  double (*squared_error)(const float* x, const float* y, std::size_t cols, float scale, float* gradient);

  // y = exp(x): the same bits on every target. y may be x.
  void (*exp)(const float* x, std::size_t cols, float* y);
};

const RowKernels& RowKernelsFor(Target target) noexcept;

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_ROW_KERNELS_H_
