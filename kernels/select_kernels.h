// Choosing between two values by a mask, for elements of every type, once a target.
#ifndef FALLOW_KERNELS_SELECT_KERNELS_H_
#define FALLOW_KERNELS_SELECT_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "fallow/target.h"
#include "fallow/types.h"
#include "kernels/scale.h"

namespace fallow {

// What becomes of an element: kept ? x * scale + shift : dropped.
struct Affine {
  Scale scale, shift, dropped;
};

// Of one type. Masks are as mask_kernels.h says; `count` is at most kChunkElements. An output may be any input.
struct SelectKernels {
  // y as `affine` says, the product rounded before the sum.
  void (*affine)(const void* x, const std::uint64_t* words, std::size_t count, const Affine& affine, void* y);

  // y = kept ? a : b, to the bit.
  void (*select)(const void* a, const void* b, const std::uint64_t* words, std::size_t count, void* y);

  // a = kept ? x : 0, b = kept ? 0 : x, to the bit.
  void (*split)(const void* x, const std::uint64_t* words, std::size_t count, void* a, void* b);

  // y = a * of_a + b * of_b, the products rounded before the sum.
  void (*mix)(const void* a, const Scale& of_a, const void* b, const Scale& of_b, std::size_t count, void* y);
};

const SelectKernels& SelectKernelsFor(DType type, Target target) noexcept;

}  // namespace fallow

#endif  // FALLOW_KERNELS_SELECT_KERNELS_H_
