// Matrix products, one BLAS call each. All matrices are row-major; `lda` and so on are distances between rows. Serial;
// any number of threads may call at once. No dimension may exceed kMaxBlasDimension. Of `execution`, the profile sink
// is used.
#ifndef FALLOW_RUNTIME_BLAS_H_
#define FALLOW_RUNTIME_BLAS_H_

#include <cstddef>
#include <limits>
#include <string>

#include "fallow/execution.h"

namespace fallow::nn {

inline constexpr std::size_t kMaxBlasDimension = std::numeric_limits<int>::max();

struct GemmSize {
  std::size_t m, n, k;
};

// c (m x n) = a (m x k) b^T, b (n x k)
void GemmNT(GemmSize size, const float* a, std::size_t lda, const float* b, std::size_t ldb, float* c, std::size_t ldc,
            const Execution& execution = {});
// c (m x n) = a (m x k) b (k x n)
void GemmNN(GemmSize size, const float* a, std::size_t lda, const float* b, std::size_t ldb, float* c, std::size_t ldc,
            const Execution& execution = {});
// c (m x n) = a^T b, a (k x m), b (k x n)
void GemmTN(GemmSize size, const float* a, std::size_t lda, const float* b, std::size_t ldb, float* c, std::size_t ldc,
            const Execution& execution = {});

// c += a b and c += a^T b, as GemmNN and GemmTN.
void AddGemmNN(GemmSize size, const float* a, std::size_t lda, const float* b, std::size_t ldb, float* c,
               std::size_t ldc, const Execution& execution = {});
void AddGemmTN(GemmSize size, const float* a, std::size_t lda, const float* b, std::size_t ldb, float* c,
               std::size_t ldc, const Execution& execution = {});

// sum[j] = sum over r of x[r * ldx + j] for j < cols, in the order of the rows; AddRows adds to what is there.
void SumRows(std::size_t rows, const float* x, std::size_t ldx, std::size_t cols, float* sum);
void AddRows(std::size_t rows, const float* x, std::size_t ldx, std::size_t cols, float* sum);

// For BlasName: defined once a BLAS, in its own file.
std::string DescribeBlas();

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_BLAS_H_
