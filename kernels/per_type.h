// Kernels for each element type.
#ifndef FALLOW_KERNELS_PER_TYPE_H_
#define FALLOW_KERNELS_PER_TYPE_H_

#include <array>

#include "fallow/types.h"

namespace fallow {

// In the order of DType.
template <class Kernels>
using PerType = std::array<Kernels, 4>;

}  // namespace fallow

#endif  // FALLOW_KERNELS_PER_TYPE_H_
