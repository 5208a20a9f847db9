// Views of the caller's elements: where they are, of which type, in rows.
#ifndef FALLOW_ARRAY_H_
#define FALLOW_ARRAY_H_

#include <concepts>
#include <cstddef>
#include <ranges>
#include <type_traits>

#include "fallow/types.h"

namespace fallow {

// rows x cols elements; element (r, c) is at data + (r * row_stride + c) elements and is number r * cols + c of the
// array. What is between the rows is neither read nor written. A vector or a span is one row.
//
// Checked by every call that takes one: data may be null only without elements, the rows must not overlap (row_stride
// at least cols where there are two), and the whole must fit an address space. No alignment is needed beyond the
// element's.
template <class Pointer>
class BasicArray {
  template <class T>
  using ElementPointer = std::conditional_t<std::is_const_v<std::remove_pointer_t<Pointer>>, const T*, T*>;

 public:
  constexpr BasicArray() = default;
  constexpr BasicArray(Pointer data, DType type, std::size_t size) : BasicArray(data, type, 1, size, size) {}
  constexpr BasicArray(Pointer data, DType type, std::size_t rows, std::size_t cols, std::size_t row_stride)
      : data_(data), rows_(rows), cols_(cols), row_stride_(row_stride), type_(type) {}

  // Elements that follow each other: from an address, or from a span, a vector, an array.
  template <class T>
  requires kIsElement<std::remove_const_t<T>> && std::convertible_to<T*, Pointer>
  constexpr BasicArray(T* data, std::size_t size) : BasicArray(data, kDTypeOf<std::remove_const_t<T>>, size) {}
  template <class Range>
  requires std::ranges::contiguous_range<Range> && kIsElement<std::ranges::range_value_t<Range>> &&
      std::convertible_to<decltype(std::ranges::data(std::declval<Range&>())), Pointer>
  constexpr BasicArray(Range&& range) : BasicArray(std::ranges::data(range), std::ranges::size(range)) {}

  // Rows of a matrix.
  template <class T>
  requires kIsElement<std::remove_const_t<T>> && std::convertible_to<T*, Pointer>
  constexpr BasicArray(T* data, std::size_t rows, std::size_t cols, std::size_t row_stride)
      : BasicArray(data, kDTypeOf<std::remove_const_t<T>>, rows, cols, row_stride) {}

  // An Array where a ConstArray is wanted.
  template <class Other>
  requires(!std::same_as<Other, Pointer>) && std::convertible_to<Other, Pointer> constexpr BasicArray(
                                                 const BasicArray<Other>& other)
      : BasicArray(other.data(), other.type(), other.rows(), other.cols(), other.row_stride()) {}

  constexpr Pointer data() const { return data_; }
  constexpr DType type() const { return type_; }
  constexpr std::size_t rows() const { return rows_; }
  constexpr std::size_t cols() const { return cols_; }
  constexpr std::size_t row_stride() const { return row_stride_; }
  constexpr std::size_t size() const { return rows_ * cols_; }
  // Without gaps: element i is at data + i.
  constexpr bool contiguous() const { return rows_ <= 1 || row_stride_ == cols_; }

 private:
  Pointer data_ = nullptr;
  std::size_t rows_ = 1;
  std::size_t cols_ = 0;
  std::size_t row_stride_ = 0;
  DType type_ = DType::kF32;
};

using Array = BasicArray<void*>;
using ConstArray = BasicArray<const void*>;

}  // namespace fallow

#endif  // FALLOW_ARRAY_H_
