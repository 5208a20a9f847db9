// Matrix products for inference, whose every sum is taken in one order.
//
// A BLAS chooses the order by the CPU, and may by the number of rows: a row's result then depends on the machine, and
// on the rows it shares a batch with. Here it is a function of the row and the weights.
#ifndef FALLOW_RUNTIME_ORDERED_PRODUCT_H_
#define FALLOW_RUNTIME_ORDERED_PRODUCT_H_

#include <cstddef>

#include "fallow/execution.h"
#include "runtime/blas.h"

namespace fallow::nn {

// c (m x n) = a (m x k) b^T + bias, b (n x k), arguments as GemmNT's; `bias` of n, or null. Element (i, j) is
//
//   p[l] = sum of a[i][k] b[j][k] over k = l, l + 16, l + 32, …, from 0 on, each product and each sum rounded
//   p[l] += p[l + 8] for l < 8, then p[l] += p[l + 4] for l < 4, and so on to p[0];   c[i][j] = p[0] + bias[j]
//
// so the same bits on every target. Any number of threads may call at once. Nothing is allocated.
void OrderedProductNT(GemmSize size, const float* a, std::size_t lda, const float* b, std::size_t ldb,
                      const float* bias, float* c, std::size_t ldc, const Execution& execution);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_ORDERED_PRODUCT_H_
