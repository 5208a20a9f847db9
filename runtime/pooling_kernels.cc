// Loops that the compiler vectorises for each target: over the columns of x, and over windows side by side. Those need
// a stride that is known when they are compiled, so the usual ones are.
#include "runtime/pooling_kernels.h"

#include <algorithm>
#include <limits>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/pooling_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fallow::nn {
namespace HWY_NAMESPACE {
namespace {

// Rows of x that the windows of output row `i` cover: at least one.
Rows Covered(const Window& window, const Sliding& sliding, std::size_t i) {
  const std::size_t begin = i * window.stride.height, end = begin + window.kernel.height;
  const std::size_t before = sliding.before.height;
  return {std::max(begin, before) - before, std::min(end - before, sliding.input.height)};
}

// Calls body(stride), a constant if it is a usual one.
template <class Body>
HWY_INLINE void WithStride(std::size_t stride, const Body& body) {
  if (stride == 1) return body(std::integral_constant<std::size_t, 1>());
  if (stride == 2) return body(std::integral_constant<std::size_t, 2>());
  body(stride);
}

// A NaN stays: nothing is greater.
HWY_INLINE bool Replaces(float value, float largest) { return value > largest || value != value; }

void LargestOfRows(Rows rows, std::size_t cols, const float* HWY_RESTRICT x, float* HWY_RESTRICT largest) {
  std::copy_n(x + rows.begin * cols, cols, largest);
  for (std::size_t r = rows.begin + 1; r < rows.end; ++r) {
    const float* HWY_RESTRICT from = x + r * cols;
    for (std::size_t j = 0; j < cols; ++j) largest[j] = Replaces(from[j], largest[j]) ? from[j] : largest[j];
  }
}

// With its index in x.
void FindLargestOfRows(Rows rows, std::size_t cols, const float* HWY_RESTRICT x, float* HWY_RESTRICT largest,
                       std::int32_t* HWY_RESTRICT index) {
  std::copy_n(x + rows.begin * cols, cols, largest);
  const auto first = static_cast<std::int32_t>(rows.begin * cols);
  for (std::size_t j = 0; j < cols; ++j) index[j] = first + static_cast<std::int32_t>(j);
  for (std::size_t r = rows.begin + 1; r < rows.end; ++r) {
    const float* HWY_RESTRICT from = x + r * cols;
    const auto of_row = static_cast<std::int32_t>(r * cols);
    for (std::size_t j = 0; j < cols; ++j) {
      const bool replaces = Replaces(from[j], largest[j]);
      largest[j] = replaces ? from[j] : largest[j];
      index[j] = replaces ? of_row + static_cast<std::int32_t>(j) : index[j];
    }
  }
}

template <class Stride>
HWY_INLINE void LargestOfCols(std::size_t kernel, Stride stride, std::size_t count, const float* HWY_RESTRICT row,
                              float* HWY_RESTRICT y) {
  for (std::size_t j = 0; j < count; ++j) y[j] = row[j * stride];
  for (std::size_t v = 1; v < kernel; ++v) {
    for (std::size_t j = 0; j < count; ++j) {
      const float value = row[j * stride + v];
      y[j] = Replaces(value, y[j]) ? value : y[j];
    }
  }
}

// Of equal ones that with the least index.
template <class Stride>
HWY_INLINE void FindLargestOfCols(std::size_t kernel, Stride stride, std::size_t count, const PooledRow& row,
                                  float* HWY_RESTRICT y, std::int32_t* HWY_RESTRICT index) {
  const float* HWY_RESTRICT values = row.values;
  const std::int32_t* HWY_RESTRICT indices = row.index;
  for (std::size_t j = 0; j < count; ++j) {
    y[j] = values[j * stride];
    index[j] = indices[j * stride];
  }
  for (std::size_t v = 1; v < kernel; ++v) {
    for (std::size_t j = 0; j < count; ++j) {
      const float value = values[j * stride + v];
      const std::int32_t at = indices[j * stride + v];
      const bool replaces = Replaces(value, y[j]) || (value == y[j] && at < index[j]);
      y[j] = replaces ? value : y[j];
      index[j] = replaces ? at : index[j];
    }
  }
}

void Max(const Window& window, const Sliding& sliding, const float* x, float* y, std::int32_t* index, PooledRow row) {
  std::fill_n(row.values, sliding.padded.width, -std::numeric_limits<float>::infinity());
  if (index != nullptr) std::fill_n(row.index, sliding.padded.width, std::numeric_limits<std::int32_t>::max());
  const std::size_t count = sliding.output.width, before = sliding.before.width;
  for (std::size_t i = 0; i < sliding.output.height; ++i, y += count) {
    const Rows rows = Covered(window, sliding, i);
    WithStride(window.stride.width, [&](auto stride) HWY_ATTR {
      if (index == nullptr) {
        LargestOfRows(rows, sliding.input.width, x, row.values + before);
        LargestOfCols(window.kernel.width, stride, count, row.values, y);
      } else {
        FindLargestOfRows(rows, sliding.input.width, x, row.values + before, row.index + before);
        FindLargestOfCols(window.kernel.width, stride, count, row, y, index + i * count);
      }
    });
  }
}

void SumOfRows(Rows rows, std::size_t cols, const float* HWY_RESTRICT x, float* HWY_RESTRICT sum) {
  std::copy_n(x + rows.begin * cols, cols, sum);
  for (std::size_t r = rows.begin + 1; r < rows.end; ++r) {
    for (std::size_t j = 0; j < cols; ++j) sum[j] += x[r * cols + j];
  }
}

template <class Stride>
HWY_INLINE void SumOfCols(std::size_t kernel, Stride stride, std::size_t count, const float* HWY_RESTRICT row,
                          const float* HWY_RESTRICT scale, float* HWY_RESTRICT y) {
  for (std::size_t j = 0; j < count; ++j) y[j] = row[j * stride];
  for (std::size_t v = 1; v < kernel; ++v) {
    for (std::size_t j = 0; j < count; ++j) y[j] += row[j * stride + v];
  }
  for (std::size_t j = 0; j < count; ++j) y[j] *= scale[j];
}

void Average(const Window& window, const Sliding& sliding, const float* x, const float* scale, float* y, float* row) {
  std::fill_n(row, sliding.padded.width, 0.0f);
  const std::size_t count = sliding.output.width;
  for (std::size_t i = 0; i < sliding.output.height; ++i, y += count, scale += count) {
    SumOfRows(Covered(window, sliding, i), sliding.input.width, x, row + sliding.before.width);
    WithStride(window.stride.width,
               [&](auto stride) HWY_ATTR { SumOfCols(window.kernel.width, stride, count, row, scale, y); });
  }
}

template <class Stride>
HWY_INLINE void SpreadOverCols(std::size_t kernel, Stride stride, std::size_t count, const float* HWY_RESTRICT dy,
                               const float* HWY_RESTRICT scale, float* HWY_RESTRICT row) {
  for (std::size_t v = 0; v < kernel; ++v) {
    for (std::size_t j = 0; j < count; ++j) row[j * stride + v] += dy[j] * scale[j];
  }
}

void AverageBackward(const Window& window, const Sliding& sliding, const float* dy, const float* scale, float* dx,
                     float* row) {
  const std::size_t count = sliding.output.width, cols = sliding.input.width;
  for (std::size_t i = 0; i < sliding.output.height; ++i, dy += count, scale += count) {
    std::fill_n(row, sliding.padded.width, 0.0f);
    WithStride(window.stride.width,
               [&](auto stride) HWY_ATTR { SpreadOverCols(window.kernel.width, stride, count, dy, scale, row); });
    const Rows rows = Covered(window, sliding, i);
    const float* HWY_RESTRICT from = row + sliding.before.width;
    for (std::size_t r = rows.begin; r < rows.end; ++r) {
      float* HWY_RESTRICT to = dx + r * cols;
      for (std::size_t j = 0; j < cols; ++j) to[j] += from[j];
    }
  }
}

const PoolingKernels* Table() {
  static constexpr PoolingKernels kTable = {Max, Average, AverageBackward};
  return &kTable;
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow::nn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/dispatch.h"

namespace fallow::nn {
FALLOW_EXPORT_TABLE(PoolingKernels, PoolingKernelsFor)
}  // namespace fallow::nn
#endif  // HWY_ONCE
