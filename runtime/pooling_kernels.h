// Pooling of one channel. A window's rows are taken together first, column by column, then its columns.
#ifndef FALLOW_RUNTIME_POOLING_KERNELS_H_
#define FALLOW_RUNTIME_POOLING_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "fallow/target.h"
#include "runtime/window.h"

namespace fallow::nn {

// A row of the padded channel: what the rows of a window became.
struct PooledRow {
  float* values;        // padded.width
  std::int32_t* index;  // Where in x each is; null if nobody asks.
};

// The same bits on every target. Any number of threads may call at once. Nothing is allocated.
struct PoolingKernels {
  // y and, unless `index` is null, where in x each largest number is: the first of them.
  void (*max)(const Window& window, const Sliding& sliding, const float* x, float* y, std::int32_t* index,
              PooledRow row);
  // y[p] = the window's sum * scale[p].
  void (*average)(const Window& window, const Sliding& sliding, const float* x, const float* scale, float* y,
                  float* row);
  // dx, which begins as 0, += dy[p] * scale[p] in each window.
  void (*average_backward)(const Window& window, const Sliding& sliding, const float* dy, const float* scale, float* dx,
                           float* row);
};

const PoolingKernels& PoolingKernelsFor(Target target) noexcept;

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_POOLING_KERNELS_H_
