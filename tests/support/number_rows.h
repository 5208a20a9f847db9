// Numbers of any of the types that rows are computed in as floats, in guarded memory.
#ifndef FALLOW_TESTS_SUPPORT_NUMBER_ROWS_H_
#define FALLOW_TESTS_SUPPORT_NUMBER_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/support/guarded_buffer.h"

namespace fallow::test {

enum class NumberType { kF32, kBF16, kF16 };

inline constexpr NumberType kNumberTypes[] = {NumberType::kF32, NumberType::kBF16, NumberType::kF16};

std::size_t SizeOf(NumberType type);

// The nearest number of the type.
double Rounded(NumberType type, double value);
// How far from a number near `value` the nearest of the type may be.
double HalfStep(NumberType type, double value);

// `count` numbers of the type, in [-range, range]. The same for the same arguments, everywhere.
std::vector<double> RandomNumbers(NumberType type, std::size_t count, double range, std::uint64_t seed);

// Rows with `gap` elements between them, which must not change, at one edge of inaccessible memory.
class NumberRows {
 public:
  NumberRows(NumberType type, std::size_t rows, std::size_t cols, std::size_t gap, Edge edge);
  NumberRows(NumberType type, const std::vector<double>& values, std::size_t cols, std::size_t gap, Edge edge);

  std::byte* data() const { return buffer_.span().data(); }
  NumberType type() const { return type_; }
  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  std::size_t row_stride() const { return cols_ + gap_; }

  std::vector<double> Read() const;
  // Bit by bit.
  std::vector<std::uint32_t> Bits() const;
  bool gaps_are_intact() const;

 private:
  std::byte* Element(std::size_t row, std::size_t col) const;

  NumberType type_;
  std::size_t rows_, cols_, gap_;
  GuardedBuffer<std::byte> buffer_;
};

}  // namespace fallow::test

#endif  // FALLOW_TESTS_SUPPORT_NUMBER_ROWS_H_
