// Elements in rows, in memory that proves that nothing else was touched.
#ifndef FALLOW_TESTS_SUPPORT_PLACED_ROWS_H_
#define FALLOW_TESTS_SUPPORT_PLACED_ROWS_H_

#include <cstddef>

#include "tests/support/dropout_oracle.h"
#include "tests/support/guarded_buffer.h"

namespace fallow::test {

// Where elements are put. Sizes in elements.
struct Placement {
  std::size_t rows = 1;   // Of equal length.
  std::size_t gap = 0;    // Between rows.
  std::size_t shift = 0;  // Before the first row.
  Edge edge = Edge::kStart;
};

// A copy of elements, `shift` after a page boundary (Edge::kStart), or with the last at an inaccessible page (kEnd).
class PlacedRows {
 public:
  PlacedRows(oracle::ElementView elements, std::size_t element_bytes, const Placement& placement);

  std::byte* data() const { return buffer_.span().data() + before_bytes_; }
  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return row_bytes_ / element_bytes_; }
  std::size_t row_stride() const { return stride_bytes_ / element_bytes_; }

  // The elements as they are now.
  oracle::Elements Read() const;
  // Whether what is before, between and after the rows is as it was.
  bool surroundings_are_intact() const;

 private:
  std::size_t BufferBytes(std::size_t element_bytes, const Placement& placement) const;

  std::size_t element_bytes_;
  std::size_t rows_;
  std::size_t row_bytes_;
  std::size_t stride_bytes_;
  std::size_t before_bytes_;
  GuardedBuffer<std::byte> buffer_;
};

}  // namespace fallow::test

#endif  // FALLOW_TESTS_SUPPORT_PLACED_ROWS_H_
