// The bias of each column, as floats that follow each other for as many elements as a kernel takes at a time.
#ifndef FALLOW_KERNELS_BIAS_ROW_H_
#define FALLOW_KERNELS_BIAS_ROW_H_

#include <array>
#include <cstddef>

#include "fallow/array.h"
#include "fallow/target.h"

namespace fallow {

// Rows are cut into tiles of at most this many elements.
inline constexpr std::size_t kTileElements = 1024;

// Of one call, after its checks. Narrow rows are repeated, so that a tile need not be as short as one.
class BiasRow {
 public:
  // `bias` may be left out.
  BiasRow(ConstArray bias, std::size_t cols, Target target) noexcept;

  // A multiple of the columns: element i of the array has the bias of element i % period().
  std::size_t period() const { return period_; }

  // Of elements [i, i + count), at most a tile, of one period. May use `buffer`, which has room for a tile.
  const float* At(std::size_t i, std::size_t count, float* buffer) const noexcept;

 private:
  bool repeated() const { return bias_.data() == nullptr || period_ <= kTileElements; }

  ConstArray bias_;
  Target target_;
  std::size_t period_;
  std::array<float, kTileElements> values_;  // If repeated.
};

}  // namespace fallow

#endif  // FALLOW_KERNELS_BIAS_ROW_H_
