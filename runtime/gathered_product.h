// The matrix product of convolutions: its left operand is read out of a tensor element by element, where two tables of
// offsets say, so that nothing is copied together first.
#ifndef FALLOW_RUNTIME_GATHERED_PRODUCT_H_
#define FALLOW_RUNTIME_GATHERED_PRODUCT_H_

#include <cstddef>
#include <cstdint>

#include "fallow/execution.h"

namespace fallow::nn {

// Columns of a panel: two vectors of AVX-512, four of AVX2.
inline constexpr std::size_t kPanel = 32;

// c[i][j] = sum over l < k of a[rows[i] + terms[l]] * b[l][j],   i < m, j < cols
//
// Without `rows`, rows[i] is i. b is k x kPanel. c[i] is at c + c_rows[i] * kPanel, or c + i * kPanel without c_rows;
// no two rows share memory. Of the columns from `cols` on, c gets anything. `accumulate`: the sum begins with c[i][j]
// instead of 0.
//
// Every sum is taken in the order of l, whatever the target and the other rows.
struct GatheredProduct {
  std::size_t m, cols, k;
  const float* a;
  const std::uint32_t* rows;
  const std::uint32_t* terms;
  const float* b;
  float* c;
  const std::uint32_t* c_rows = nullptr;
  bool accumulate = false;
};

// How a target does that and what else goes with panels. Any number of threads may call at once. Nothing is allocated.
struct PanelKernels {
  void (*ordered)(const GatheredProduct& product);
  void (*fast)(const GatheredProduct& product);
  // to[r * kPanel + c] = from[c * stride + r] for r < rows, c < cols; 0 for the other c < kPanel.
  void (*to_panel)(std::size_t rows, std::size_t cols, const float* from, std::size_t stride, float* to);
  // to[c * stride + r] = from[r * kPanel + c] + bias[c], or without bias if it is null.
  void (*from_panel)(std::size_t rows, std::size_t cols, const float* from, const float* bias, float* to,
                     std::size_t stride);
};

const PanelKernels& PanelKernelsFor(Target target) noexcept;

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_GATHERED_PRODUCT_H_
