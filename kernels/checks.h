// Argument checks of the public functions. Each returns what is wrong with one argument.
#ifndef FALLOW_KERNELS_CHECKS_H_
#define FALLOW_KERNELS_CHECKS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "fallow/array.h"
#include "fallow/mask.h"
#include "fallow/rate.h"
#include "fallow/status.h"

namespace fallow {

// Any array: a known type, not null, rows apart, within an address space.
Status CheckArray(const char* argument, const ConstArray& array) noexcept;

// Of a type that is computed in float. Has passed CheckArray.
Status CheckComputedInFloat(const char* argument, const ConstArray& array) noexcept;

// An output: as CheckArray; of the input's type and shape; and the input itself, or apart from it.
Status CheckOutput(const char* argument, const ConstArray& input, const ConstArray& output) noexcept;

// Of a type that is computed in float: any but f64.
Status CheckComputedInFloat(const char* argument, const ConstArray& array) noexcept;

// Of the other's shape. Both have passed CheckArray.
Status CheckShape(const char* argument, const ConstArray& array, const ConstArray& other) noexcept;

// Of the other's type and shape. Both have passed CheckArray.
Status CheckLike(const char* argument, const ConstArray& array, const ConstArray& other) noexcept;

// Shares no element with `other`. Both have passed CheckArray.
Status CheckApart(const char* argument, const ConstArray& array, const ConstArray& other) noexcept;

// In [0, 1], and with a known scaling.
Status CheckRate(const Rate& rate) noexcept;

// A mask in memory, or another array of bytes: its size, and not null.
Status CheckBytes(const char* argument, std::span<const std::uint8_t> bytes, std::size_t wanted,
                  const char* expected) noexcept;

// Bytes that share nothing with an array that has passed CheckArray, or with other bytes.
Status CheckBytesApart(const char* argument, std::span<const std::uint8_t> bytes, const ConstArray& array) noexcept;
Status CheckBytesApart(const char* argument, std::span<const std::uint8_t> bytes,
                       std::span<const std::uint8_t> other) noexcept;

// The bytes of a stored mask; none of a mask made from keys.
std::span<const std::uint8_t> StoredBytes(const Mask& mask) noexcept;

// The first that is not ok.
template <class... Rest>
Status FirstError(const Status& first, const Rest&... rest) {
  if constexpr (sizeof...(rest) == 0) {
    return first;
  } else {
    return first.ok() ? FirstError(rest...) : first;
  }
}

}  // namespace fallow

#endif  // FALLOW_KERNELS_CHECKS_H_
