// Elements of every 16-bit type to floats and back, for operations that compute in float and leave it at that.
#ifndef FALLOW_KERNELS_CONVERT_KERNELS_H_
#define FALLOW_KERNELS_CONVERT_KERNELS_H_

#include <cstddef>

#include "fallow/target.h"
#include "fallow/types.h"

namespace fallow {

// Of one type. Roundings are those of types.h.
struct ConvertKernels {
  void (*to_floats)(const void* x, std::size_t count, float* floats);
  void (*from_floats)(const float* floats, std::size_t count, void* y);
};

// Not for kF64.
const ConvertKernels& ConvertKernelsFor(DType type, Target target) noexcept;

}  // namespace fallow

#endif  // FALLOW_KERNELS_CONVERT_KERNELS_H_
