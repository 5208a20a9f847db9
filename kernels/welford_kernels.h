// Running means and sums of squares, once a target.
#ifndef FALLOW_KERNELS_WELFORD_KERNELS_H_
#define FALLOW_KERNELS_WELFORD_KERNELS_H_

#include <cstddef>

#include "fallow/target.h"
#include "fallow/types.h"

namespace fallow {

// Of samples of one type; the state is of another.
struct WelfordKernels {
  // `samples`: with this one. Into floats, which doubles are not taken into, and into doubles.
  using Update = void (*)(const void* sample, std::size_t count, std::size_t samples, void* mean, void* m2);
  Update update_f32, update_f64;

  // y = x / divisor, in the type itself; y may be x.
  void (*divide)(const void* x, std::size_t count, std::size_t divisor, void* y);
};

const WelfordKernels& WelfordKernelsFor(DType type, Target target) noexcept;

}  // namespace fallow

#endif  // FALLOW_KERNELS_WELFORD_KERNELS_H_
