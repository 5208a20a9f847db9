// Dropout, residual and normalisation over the columns of a row: norm_kernels.h.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "hwy/highway.h"
#include "kernels/elements-inl.h"
#include "kernels/norm_kernels.h"
#include "kernels/runs-inl.h"

#if defined(FALLOW_KERNELS_NORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_NORM_INL_H_
#undef FALLOW_KERNELS_NORM_INL_H_
#else
#define FALLOW_KERNELS_NORM_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
float AddDropped(const void* x, const void* residual, const std::uint64_t* words, std::size_t n, float scale, void* z) {
  const DF d;
  const auto* from = static_cast<const T*>(x);
  const auto* base = static_cast<const T*>(residual);
  auto* to = static_cast<T*>(z);
  const VF factor = hn::Set(d, scale);
  RowSum total(0.0f);
  ForEachMaskedInRuns(n, words, [&](std::size_t i, std::size_t count, std::size_t slot, hn::Mask<DF> kept) HWY_ATTR {
    const VF before = Load(base + i, count);
    const VF sum = hn::Add(before, hn::Mul(Load(from + i, count), factor));
    const VF result = hn::IfThenElse(kept, sum, before);
    Store(result, count, to + i);
    total.Take(slot, std::is_same_v<T, float> ? result : Load(to + i, count));  // As rounded.
  });
  return total.Total();
}

template <class T>
float SumOfRow(const void* z, std::size_t n) {
  const auto* from = static_cast<const T*>(z);
  RowSum total(0.0f);
  ForEachInRuns(
      n, [&](std::size_t i, std::size_t count, std::size_t slot) HWY_ATTR { total.Take(slot, Load(from + i, count)); });
  return total.Total();
}

template <class T>
float SquaresOfRow(const void* z, std::size_t n, float mean) {
  const DF d;
  const auto* from = static_cast<const T*>(z);
  const VF shift = hn::Set(d, mean);
  RowSum total(0.0f);
  ForEachInRuns(n, [&](std::size_t i, std::size_t count, std::size_t slot) HWY_ATTR {
    VF difference = hn::Sub(Load(from + i, count), shift);
    if (count != hn::Lanes(d)) difference = hn::IfThenElseZero(hn::FirstN(d, count), difference);
    total.Take(slot, hn::Mul(difference, difference));
  });
  return total.Total();
}

// A row's z to its normal.
class Normal {
 public:
  explicit HWY_INLINE Normal(const RowStatistics& row) : row_(row) {}
  HWY_INLINE VF operator()(VF z) const {
    return hn::Mul(hn::Sub(z, hn::Set(DF(), row_.mean)), hn::Set(DF(), row_.rstd));
  }

 private:
  RowStatistics row_;
};

template <class T, bool kBeta>
HWY_INLINE void NormaliseRow(const T* z, std::size_t n, const RowStatistics& row, const float* gamma, const float* beta,
                             T* y) {
  const Normal normal(row);
  ForEachInRuns(n, [&](std::size_t i, std::size_t count, std::size_t) HWY_ATTR {
    VF result = hn::Mul(normal(Load(z + i, count)), Load(gamma + i, count));
    if constexpr (kBeta) result = hn::Add(result, Load(beta + i, count));
    Store(result, count, y + i);
  });
}

template <class T>
void Normalise(const void* z, std::size_t n, const RowStatistics& row, const float* gamma, const float* beta, void* y) {
  const auto* from = static_cast<const T*>(z);
  auto* to = static_cast<T*>(y);
  if (beta == nullptr) return NormaliseRow<T, false>(from, n, row, gamma, beta, to);
  NormaliseRow<T, true>(from, n, row, gamma, beta, to);
}

template <class T>
NormSums GradientSums(const void* dy, const void* z, std::size_t n, const RowStatistics& row, const float* gamma) {
  const auto* gradients = static_cast<const T*>(dy);
  const auto* values = static_cast<const T*>(z);
  const Normal normal(row);
  RowSum sum(0.0f);
  RowSum products(0.0f);
  ForEachInRuns(n, [&](std::size_t i, std::size_t count, std::size_t slot) HWY_ATTR {
    const VF gradient = hn::Mul(Load(gradients + i, count), Load(gamma + i, count));
    sum.Take(slot, gradient);
    products.Take(slot, hn::Mul(gradient, normal(Load(values + i, count))));
  });
  return {sum.Total(), products.Total()};
}

template <class T, bool kDz>
HWY_INLINE void GradientOfRow(const T* dy, const T* dz, const T* z, const std::uint64_t* words, std::size_t n,
                              const RowStatistics& row, const NormSums& mean, const float* gamma, float scale, T* dx,
                              T* dresidual) {
  const DF d;
  const Normal normal(row);
  const VF rstd = hn::Set(d, row.rstd);
  const VF mean_gradient = hn::Set(d, mean.gradients);
  const VF mean_product = hn::Set(d, mean.products);
  const VF factor = hn::Set(d, scale);
  ForEachMaskedInRuns(n, words, [&](std::size_t i, std::size_t count, std::size_t, hn::Mask<DF> kept) HWY_ATTR {
    const VF gradient = hn::Mul(Load(dy + i, count), Load(gamma + i, count));
    const VF along = hn::Mul(normal(Load(z + i, count)), mean_product);
    VF result = hn::Mul(hn::Sub(hn::Sub(gradient, mean_gradient), along), rstd);
    if constexpr (kDz) result = hn::Add(result, Load(dz + i, count));
    Store(result, count, dresidual + i);
    Store(KeptOrZero(d, kept, hn::Mul(result, factor)), count, dx + i);
  });
}

template <class T>
void Gradient(const void* dy, const void* dz, const void* z, const std::uint64_t* words, std::size_t n,
              const RowStatistics& row, const NormSums& mean, const float* gamma, float scale, void* dx,
              void* dresidual) {
  const auto* gradients = static_cast<const T*>(dy);
  const auto* added = static_cast<const T*>(dz);
  const auto* values = static_cast<const T*>(z);
  auto* to_x = static_cast<T*>(dx);
  auto* to_residual = static_cast<T*>(dresidual);
  if (dz == nullptr) {
    GradientOfRow<T, false>(gradients, added, values, words, n, row, mean, gamma, scale, to_x, to_residual);
  } else {
    GradientOfRow<T, true>(gradients, added, values, words, n, row, mean, gamma, scale, to_x, to_residual);
  }
}

template <class T>
struct StridedRows {
  HWY_INLINE const T* operator[](std::size_t row) const { return first + row * stride; }
  const T* first;
  std::size_t stride;
};

// Of one run of columns from `col` on, or the `n` there are.
template <class T>
HWY_INLINE void RunOfParameterGradients(StridedRows<T> dy, StridedRows<T> z, std::size_t rows, std::size_t col,
                                        std::size_t n, const RowStatistics* statistics, float* dgamma, float* dbeta) {
  RowSum gammas(0.0f);
  RowSum betas(0.0f);
  for (std::size_t row = 0; row < rows; ++row) {
    const Normal normal(statistics[row]);
    const T* gradients = dy[row] + col;
    const T* values = z[row] + col;
    ForEachInRun(n, [&](std::size_t i, std::size_t count, std::size_t slot) HWY_ATTR {
      const VF gradient = Load(gradients + i, count);
      gammas.Take(slot, hn::Mul(gradient, normal(Load(values + i, count))));
      betas.Take(slot, gradient);
    });
  }
  ForEachInRun(n, [&](std::size_t i, std::size_t count, std::size_t slot) HWY_ATTR {
    Store(hn::Add(Load(dgamma + col + i, count), gammas.Get(slot)), count, dgamma + col + i);
    if (dbeta == nullptr) return;
    Store(hn::Add(Load(dbeta + col + i, count), betas.Get(slot)), count, dbeta + col + i);
  });
}

// Rows by 32: of sums of sums the error grows more slowly, and what the columns of a run have in common stays in cache.
template <class T>
void ParameterGradients(const void* dy, std::size_t dy_stride, const void* z, std::size_t z_stride, std::size_t rows,
                        std::size_t n, const RowStatistics* statistics, float* dgamma, float* dbeta) {
  constexpr std::size_t kRows = 32;
  for (std::size_t first = 0; first < rows; first += kRows) {
    const std::size_t count = std::min(kRows, rows - first);
    const StridedRows<T> gradients = {static_cast<const T*>(dy) + first * dy_stride, dy_stride};
    const StridedRows<T> values = {static_cast<const T*>(z) + first * z_stride, z_stride};
    const RowStatistics* rows_statistics = statistics + first;
    std::size_t col = 0;
    for (; col + kRun <= n; col += kRun) {
      RunOfParameterGradients(gradients, values, count, col, kRun, rows_statistics, dgamma, dbeta);
    }
    if (col < n) RunOfParameterGradients(gradients, values, count, col, n - col, rows_statistics, dgamma, dbeta);
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_NORM_INL_H_
