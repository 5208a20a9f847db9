// NumberRows as arrays, and shapes at which work on rows is cut up.
#ifndef FALLOW_TESTS_KERNELS_ROW_TYPES_H_
#define FALLOW_TESTS_KERNELS_ROW_TYPES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fallow/array.h"
#include "tests/support/number_rows.h"

namespace fallow::test {

inline Array ViewOf(const NumberRows& rows) {
  const PlacedRows& placed = rows.placed();
  const DType type = rows.type() == oracle::Type::kF32    ? DType::kF32
                     : rows.type() == oracle::Type::kBF16 ? DType::kBF16
                                                          : DType::kF16;
  return {placed.data(), type, placed.rows(), placed.cols(), placed.row_stride()};
}

// What a call wrote.
struct Output {
  explicit Output(const NumberRows& rows) : bits(rows.Bits()), values(rows.Read()) {}

  std::vector<std::uint32_t> bits;
  std::vector<double> values;
};

struct RowShape {
  std::size_t rows, cols;
};

// One task and many; rows that are no whole number of words or of runs; more than a segment, more than a chunk.
inline constexpr RowShape kRowShapes[] = {{1, 1}, {700, 3}, {2500, 33}, {200, 512}, {40, 1001}, {5, 8300}, {3, 17'000}};

}  // namespace fallow::test

#endif  // FALLOW_TESTS_KERNELS_ROW_TYPES_H_
