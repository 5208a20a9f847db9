#include "runtime/blas.h"

#include <cblas.h>

#include <algorithm>
#include <string>

#include "fallow/nn/blas.h"
#include "runtime/region.h"

namespace fallow::nn {
namespace {

void Gemm(CBLAS_TRANSPOSE transpose_a, CBLAS_TRANSPOSE transpose_b, GemmSize size, const float* a, std::size_t lda,
          const float* b, std::size_t ldb, float beta, float* c, std::size_t ldc) {
  const auto to_int = [](std::size_t v) { return static_cast<int>(v); };
  cblas_sgemm(CblasRowMajor, transpose_a, transpose_b, to_int(size.m), to_int(size.n), to_int(size.k), 1.0f, a,
              to_int(lda), b, to_int(ldb), beta, c, to_int(ldc));
}

}  // namespace

const char* BlasName() {
  static const std::string name = DescribeBlas();
  return name.c_str();
}

void GemmNT(GemmSize size, const float* a, std::size_t lda, const float* b, std::size_t ldb, float* c, std::size_t ldc,
            const Execution& execution) {
  const Region region(kGemm, size.m * size.n * size.k, execution);
  if (size.m == 1) {
    // A product with one row would copy all of b into the BLAS's own layout, to use it once.
    cblas_sgemv(CblasRowMajor, CblasNoTrans, static_cast<int>(size.n), static_cast<int>(size.k), 1.0f, b,
                static_cast<int>(ldb), a, 1, 0.0f, c, 1);
    return;
  }
  Gemm(CblasNoTrans, CblasTrans, size, a, lda, b, ldb, /*beta=*/0.0f, c, ldc);
}

void GemmNN(GemmSize size, const float* a, std::size_t lda, const float* b, std::size_t ldb, float* c, std::size_t ldc,
            const Execution& execution) {
  const Region region(kGemm, size.m * size.n * size.k, execution);
  Gemm(CblasNoTrans, CblasNoTrans, size, a, lda, b, ldb, /*beta=*/0.0f, c, ldc);
}

void GemmTN(GemmSize size, const float* a, std::size_t lda, const float* b, std::size_t ldb, float* c, std::size_t ldc,
            const Execution& execution) {
  const Region region(kGemm, size.m * size.n * size.k, execution);
  Gemm(CblasTrans, CblasNoTrans, size, a, lda, b, ldb, /*beta=*/0.0f, c, ldc);
}

void AddGemmNN(GemmSize size, const float* a, std::size_t lda, const float* b, std::size_t ldb, float* c,
               std::size_t ldc, const Execution& execution) {
  const Region region(kGemm, size.m * size.n * size.k, execution);
  Gemm(CblasNoTrans, CblasNoTrans, size, a, lda, b, ldb, /*beta=*/1.0f, c, ldc);
}

void AddGemmTN(GemmSize size, const float* a, std::size_t lda, const float* b, std::size_t ldb, float* c,
               std::size_t ldc, const Execution& execution) {
  const Region region(kGemm, size.m * size.n * size.k, execution);
  Gemm(CblasTrans, CblasNoTrans, size, a, lda, b, ldb, /*beta=*/1.0f, c, ldc);
}

void SumRows(std::size_t rows, const float* x, std::size_t ldx, std::size_t cols, float* sum) {
  std::fill_n(sum, cols, 0.0f);
  AddRows(rows, x, ldx, cols, sum);
}

void AddRows(std::size_t rows, const float* x, std::size_t ldx, std::size_t cols, float* sum) {
  for (std::size_t r = 0; r < rows; ++r, x += ldx) {
    for (std::size_t j = 0; j < cols; ++j) sum[j] += x[j];
  }
}

}  // namespace fallow::nn
