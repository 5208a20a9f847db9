// NumberRows as arrays, and shapes at which work on rows is cut up.
#ifndef FALLOW_TESTS_KERNELS_ROW_TYPES_H_
#define FALLOW_TESTS_KERNELS_ROW_TYPES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fallow/array.h"
#include "tests/support/number_rows.h"

namespace fallow::test {

inline DType ToDType(NumberType type) {
  switch (type) {
    case NumberType::kF32:
      return DType::kF32;
    case NumberType::kBF16:
      return DType::kBF16;
    case NumberType::kF16:
      break;
  }
  return DType::kF16;
}

inline const char* NameOf(NumberType type) {
  switch (type) {
    case NumberType::kF32:
      return "f32";
    case NumberType::kBF16:
      return "bf16";
    case NumberType::kF16:
      break;
  }
  return "f16";
}

inline Array ViewOf(const NumberRows& rows) {
  return {rows.data(), ToDType(rows.type()), rows.rows(), rows.cols(), rows.row_stride()};
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
