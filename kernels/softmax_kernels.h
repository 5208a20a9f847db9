// Softmax and dropout over the columns of one row, once a target.
#ifndef FALLOW_KERNELS_SOFTMAX_KERNELS_H_
#define FALLOW_KERNELS_SOFTMAX_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "fallow/target.h"
#include "fallow/types.h"

namespace fallow {

// Of a row, or of a segment of it.
struct SoftmaxSums {
  float exponentials;
  float products;  // Of exponentials and gradients.
};

// Of one type. All work on `n` columns, at most kRowSegment, with `stage` in between: floats, `n` rounded up to whole
// runs of 32 of them, aligned to 64 bytes. Masks are as mask_kernels.h says.
struct SoftmaxKernels {
  // stage = scale * x, -infinity where `attended` is 0 and in the rest of the last run; returns the largest.
  // `attended`: one byte a column, or null.
  float (*logits)(const void* x, std::size_t n, float scale, const std::uint8_t* attended, float* stage);

  // stage = exp(stage - max); returns the sum.
  float (*exponentials)(std::size_t n, float max, float* stage);

  // stage = 0 where it is -infinity, else NaN: in place of the exponentials of a row whose sum is a NaN.
  void (*invalidate)(std::size_t n, float* stage);

  // y = kept ? stage * factor : 0.
  void (*finish)(const float* stage, std::size_t n, float factor, const std::uint64_t* words, void* y);

  // With the gradients g = kept ? dy * scale : 0: as `exponentials`, and the sum of g * stage over what is not 0 …
  SoftmaxSums (*exponentials_and_products)(std::size_t n, float max, const void* dy, const std::uint64_t* words,
                                           float scale, float* stage);

  // … and dx = stage * factor * (g - mean), 0 where stage is. dx may be dy.
  void (*finish_gradient)(const float* stage, std::size_t n, float factor, float mean, const void* dy,
                          const std::uint64_t* words, float scale, void* dx);
};

const SoftmaxKernels& SoftmaxKernelsFor(DType type, Target target) noexcept;

}  // namespace fallow

#endif  // FALLOW_KERNELS_SOFTMAX_KERNELS_H_
