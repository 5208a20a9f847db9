// Softmax over rows, then dropout: attention weights, forward and backward in one pass over memory each.
//
// Source: Vaswani et al., "Attention is all you need", NeurIPS 2017: dropout of the softmax of scaled, masked logits.
// The backward pass computes the softmax again instead of storing it, as do Dao et al., "FlashAttention", NeurIPS 2022.
//
//   s[r][c] = scale * x[r][c], or -infinity where column c is masked in row r
//   p[r][c] = exp(s[r][c] - max_c s[r]) / sum_c exp(s[r][c] - max_c s[r])
//   y[r][c] = dropout(p)[r][c]: p * (the rate's scale) if element r * cols + c of the mask is kept, else +0
//
// Common to both functions
//   Types      f32, bf16 or f16, the same for all arrays of a call. Computed in float and rounded to the type once, at
//              the end.
//   Values     A masked column, or one whose s is -infinity, has y = 0 and dx = 0, whatever dy is there; a row in which
//              every column is such has nothing else. A NaN, or an s of +infinity, makes all others of its row NaNs, in
//              y where they are kept. Exponentials below 2^-126.5 are 0. p = 1 drops all, whatever the mask.
//   Accuracy   The same bits on every target and with any number of threads. With s rounded to float, p is within
//              p * e of the exact softmax, e = (24 + 3 |s - max s| + min(cols, 8192) / 16) * 2^-24, and 2^-125; dx
//              within 2 |scale| p (|g| + sum |g| p) times the largest e of what is not masked in its row, and 2^-125
//              |scale| (|g| + sum |g|). Both before the rounding to the type.
//   Shapes     All arrays have the same rows and columns, row strides of their own.
//   Aliasing   An output may be an input (same address, same stride), or share no element with it, as dropout.h says.
//              Stored masks and `attended` share nothing with an output.
//   Errors     Named in the Status; outputs are then untouched. Of the mask: see GenerateMask. Of an array: null with
//              elements, another type or shape than the first's, rows that overlap, an overlap in part. Of the options:
//              `scale`, `queries`, `attended`.
//   Threads    Any number may call at once. `execution` limits what one call uses; tasks are whole rows.
//   Memory     40 KiB of the stack; nothing is allocated outside oneTBB; nothing outside the arrays is read or written.
//              Rows of up to 8192 columns are read once from beyond the nearest cache.
#ifndef FALLOW_SOFTMAX_DROPOUT_H_
#define FALLOW_SOFTMAX_DROPOUT_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "fallow/array.h"
#include "fallow/execution.h"
#include "fallow/mask.h"
#include "fallow/status.h"

namespace fallow {

// What becomes of the logits before the softmax. Rows are those of attention: [batch, heads, queries] as one index,
// row-major; columns are keys.
struct SoftmaxOptions {
  // Finite. 1 / sqrt(the head's dimensions) in attention.
  float scale = 1.0f;

  // Causal mask: not 0, the number of queries of one attention matrix, a divisor of the rows. Row r is then query
  // r % queries, and column c is masked unless c <= r % queries + first_query. With first_query = 0 query 0 sees key 0
  // alone; = keys - queries, the last query sees all keys: what a decoder needs that has cached earlier ones. Where it
  // is negative, the first queries see nothing.
  std::size_t queries = 0;
  std::ptrdiff_t first_query = 0;

  // Padding mask: not empty, for each batch entry one byte a key, 0 where the key is masked: batch * cols bytes, batch
  // a divisor of the rows. Column c of row r is masked if attended[r / (rows / batch) * cols + c] is 0.
  std::span<const std::uint8_t> attended = {};
};

// y = dropout(softmax(scale * x, masked)). y may be x.
Status SoftmaxDropoutForward(ConstArray x, const SoftmaxOptions& options, const Mask& mask, Array y,
                             const Execution& execution = {}) noexcept;

// The gradient of x, given dy, that of y, and the forward pass's x, options and mask. Nothing else is saved.
//   g[r][c]  = dropout(dy)[r][c], by the same mask
//   dx[r][c] = scale * p[r][c] * (g[r][c] - sum_k g[r][k] * p[r][k])
// dx may be x or dy.
Status SoftmaxDropoutBackward(ConstArray x, ConstArray dy, const SoftmaxOptions& options, const Mask& mask, Array dx,
                              const Execution& execution = {}) noexcept;

}  // namespace fallow

#endif  // FALLOW_SOFTMAX_DROPOUT_H_
