// Applying a mask to elements of every type, once a target.
#ifndef FALLOW_KERNELS_APPLY_KERNELS_H_
#define FALLOW_KERNELS_APPLY_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "fallow/target.h"
#include "fallow/types.h"
#include "kernels/scale.h"

namespace fallow {

// Of one type. Masks are as mask_kernels.h says; `count` is at most kChunkElements.
struct ApplyKernels {
  // y = kept ? x * scale : 0; y may be x. `streaming`: around the caches; then y is not x.
  void (*drop)(const void* x, const std::uint64_t* words, std::size_t count, const Scale& scale, bool streaming,
               void* y);

  // y = kept ? y + x * scale : y.
  void (*accumulate)(const void* x, const std::uint64_t* words, std::size_t count, const Scale& scale, void* y);
};

const ApplyKernels& ApplyKernelsFor(DType type, Target target) noexcept;

}  // namespace fallow

#endif  // FALLOW_KERNELS_APPLY_KERNELS_H_
