// Where an element of an Array is.
#ifndef FALLOW_KERNELS_ELEMENT_ADDRESS_H_
#define FALLOW_KERNELS_ELEMENT_ADDRESS_H_

#include <cstddef>

#include "fallow/array.h"

namespace fallow {

inline const void* ElementAddress(const ConstArray& array, std::size_t row, std::size_t col) {
  return static_cast<const std::byte*>(array.data()) + (row * array.row_stride() + col) * SizeOf(array.type());
}

inline void* ElementAddress(const Array& array, std::size_t row, std::size_t col) {
  return static_cast<std::byte*>(array.data()) + (row * array.row_stride() + col) * SizeOf(array.type());
}

}  // namespace fallow

#endif  // FALLOW_KERNELS_ELEMENT_ADDRESS_H_
