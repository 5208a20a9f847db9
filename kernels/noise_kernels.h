// Random numbers and what is done with them, for elements of f32, bf16 and f16, once a target.
#ifndef FALLOW_KERNELS_NOISE_KERNELS_H_
#define FALLOW_KERNELS_NOISE_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "fallow/target.h"
#include "fallow/types.h"

namespace fallow {

// The words of consecutive elements, from that of the first one's pair on: elements 2k and 2k + 1 of a tensor are one.
// Words are there up to the end of the last element's pair.
struct NoiseWords {
  const std::uint32_t* pairs;
  bool starts_odd;  // The first element is the second of its pair.

  const std::uint32_t* words() const { return pairs + starts_odd; }
};

// Concrete dropout: what an element is multiplied with, and two sums from which the gradient to p follows
// (concrete_dropout.cc).
struct ConcretePlan {
  float slope;      // Of the logistic noise, in the exponent of 2.
  float intercept;  // That of p, likewise.
  float scale;      // 1 / (1 - p)
};

struct ConcreteSums {
  static constexpr std::size_t kLanes = 16;  // The longest vector of floats, so that no sum depends on the target.
  double kept[kLanes] = {};                  // dy * x * m
  double dropped[kLanes] = {};               // dy * x * m * (1 - m)
};

// Of one type; none for f64. Outputs may be inputs.
struct NoiseKernels {
  void (*uniforms)(const NoiseWords& words, std::size_t count, void* u);
  void (*normals)(const NoiseWords& words, std::size_t count, void* z);
  // y = x + stddev * z
  void (*add_normals)(const NoiseWords& words, std::size_t count, const void* x, float stddev, void* y);
  // y = x * (1 + stddev * z)
  void (*multiply_normals)(const NoiseWords& words, std::size_t count, const void* x, float stddev, void* y);
  // y = x * m * scale
  void (*concrete)(const NoiseWords& words, std::size_t count, const void* x, const ConcretePlan& plan, void* y);
  // dx = dy * m * scale, and adds to the sums.
  void (*concrete_backward)(const NoiseWords& words, std::size_t count, const void* x, const void* dy,
                            const ConcretePlan& plan, void* dx, ConcreteSums& sums);
};

const NoiseKernels& NoiseKernelsFor(DType type, Target target) noexcept;

}  // namespace fallow

#endif  // FALLOW_KERNELS_NOISE_KERNELS_H_
