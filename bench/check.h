// Holds what a row leaves in its buffers against the tests' oracle, which shares nothing with the kernels.
#ifndef FALLOW_BENCH_CHECK_H_
#define FALLOW_BENCH_CHECK_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bench/row.h"
#include "fallow/array.h"
#include "tests/support/dropout_oracle.h"
#include "tests/support/oracle.h"
#include "tests/support/oracle_type.h"

namespace fallow::bench {

// Elements that are looked at together: whole rows of operations that have rows.
inline constexpr std::size_t kWindow = 512;

// Whether holds(first, count) for some windows, the first and the last among them; for all of up to 4096 elements.
template <class Holds>
bool InWindows(std::size_t n, const Holds& holds) {
  if (n < kWindow) return holds(std::size_t{0}, n);
  const std::size_t windows = n / kWindow;
  const std::size_t looked_at = std::min<std::size_t>(windows, 8);
  for (std::size_t i = 0; i < looked_at; ++i) {
    const std::size_t window = looked_at == 1 ? 0 : i * (windows - 1) / (looked_at - 1);
    if (!holds(window * kWindow, kWindow)) return false;
  }
  return true;
}

// The key that iteration 0 has, `streams` further.
oracle::Key OracleKey(const Case& c, std::size_t first, std::uint64_t streams = 0);

// One byte an element of iteration 0's mask.
std::vector<std::uint8_t> OracleMask(const Case& c, std::size_t first, std::size_t count);

// Elements [first, first + count) of an array without gaps.
oracle::ElementView Part(const ConstArray& array, std::size_t first, std::size_t count);

// Whether they are these to the bit.
bool Same(const ConstArray& array, std::size_t first, const oracle::Elements& expected);

// Whether they are within `tolerance` of max(1, |expected|), and a rounding to the type.
bool Near(const ConstArray& array, std::size_t first, std::span<const double> expected, double tolerance);

// The same elements as numbers.
std::vector<double> Numbers(const ConstArray& array, std::size_t first, std::size_t count);

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_CHECK_H_
