// Numbers in double, as rows of a type that is computed in float.
#ifndef FALLOW_TESTS_SUPPORT_NUMBER_ROWS_H_
#define FALLOW_TESTS_SUPPORT_NUMBER_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/support/dropout_oracle.h"
#include "tests/support/placed_rows.h"

namespace fallow::test {

inline constexpr oracle::Type kFloatTypes[] = {oracle::Type::kF32, oracle::Type::kBF16, oracle::Type::kF16};

// The nearest number of the type.
double Rounded(oracle::Type type, double value);
// How far from a number near `value` the nearest of the type may be.
double HalfStep(oracle::Type type, double value);

// `count` numbers of the type, in [-range, range]. The same for the same arguments, everywhere.
std::vector<double> RandomNumbers(oracle::Type type, std::size_t count, double range, std::uint64_t seed);

// Rows with `gap` elements between them, from or up to inaccessible memory.
class NumberRows {
 public:
  NumberRows(oracle::Type type, const std::vector<double>& values, std::size_t cols, std::size_t gap, Edge edge);
  // For outputs.
  NumberRows(oracle::Type type, std::size_t rows, std::size_t cols, std::size_t gap, Edge edge);

  oracle::Type type() const { return type_; }
  const PlacedRows& placed() const { return placed_; }

  std::vector<double> Read() const;
  std::vector<std::uint32_t> Bits() const;
  bool surroundings_are_intact() const { return placed_.surroundings_are_intact(); }

 private:
  oracle::Type type_;
  PlacedRows placed_;
};

}  // namespace fallow::test

#endif  // FALLOW_TESTS_SUPPORT_NUMBER_ROWS_H_
