// Dropout, residual and normalisation of one row, once a target.
#ifndef FALLOW_KERNELS_NORM_KERNELS_H_
#define FALLOW_KERNELS_NORM_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "fallow/target.h"
#include "fallow/types.h"

namespace fallow {

// What makes z of one row the normal (z - mean) * rstd.
struct RowStatistics {
  float mean;
  float rstd;
};

// Of a row, or of a segment of it, with g = dy * gamma.
struct NormSums {
  float gradients;  // Of g.
  float products;   // Of g * normal.
};

// Of one type. All work on `n` columns, at most kRowSegment but for the last. Masks are as mask_kernels.h says.
struct NormKernels {
  // z = kept ? residual + x * scale : residual; returns the sum of z, as rounded. z may be x or residual.
  float (*add)(const void* x, const void* residual, const std::uint64_t* words, std::size_t n, float scale, void* z);

  // The sum of z, and of (z - mean)^2.
  float (*sum)(const void* z, std::size_t n);
  float (*squares)(const void* z, std::size_t n, float mean);

  // y = normal * gamma + beta. `beta` may be null. y may be z.
  void (*normalise)(const void* z, std::size_t n, const RowStatistics& row, const float* gamma, const float* beta,
                    void* y);

  NormSums (*gradient_sums)(const void* dy, const void* z, std::size_t n, const RowStatistics& row, const float* gamma);

  // dresidual = (g - mean.gradients - normal * mean.products) * rstd + dz, and dx = kept ? that * scale : 0. `dz` may
  // be null. Outputs may be inputs.
  void (*gradient)(const void* dy, const void* dz, const void* z, const std::uint64_t* words, std::size_t n,
                   const RowStatistics& row, const NormSums& mean, const float* gamma, float scale, void* dx,
                   void* dresidual);

  // Adds the sums of dy * normal, and of dy, over `rows` rows to dgamma and dbeta, which may be null. Strides in
  // elements.
  void (*parameter_gradients)(const void* dy, std::size_t dy_stride, const void* z, std::size_t z_stride,
                              std::size_t rows, std::size_t n, const RowStatistics* statistics, float* dgamma,
                              float* dbeta);
};

const NormKernels& NormKernelsFor(DType type, Target target) noexcept;

}  // namespace fallow

#endif  // FALLOW_KERNELS_NORM_KERNELS_H_
