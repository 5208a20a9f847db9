#include "fallow/dropout_norm.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/call.h"
#include "kernels/checks.h"
#include "kernels/element_address.h"
#include "kernels/keyed_mask.h"
#include "kernels/mask_words.h"
#include "kernels/norm_kernels.h"
#include "kernels/rows.h"

namespace fallow {
namespace {

// What one call normalises with. Without beta in a backward pass, and in RMS norm, which is not `centred`.
struct Norm {
  std::span<const float> gamma;
  const float* beta;
  double eps;
  bool centred;
};

// Rows whose statistics a backward pass holds, so that it can go over them by rows and by columns.
constexpr std::size_t kBatchRows = 2048;
// Elements of those rows: a few tasks, small enough that dy and z stay in cache until all is done.
constexpr std::size_t kBatchElements = 8 * kTaskElements;

// One call: what its rows have in common.
class NormCall {
 public:
  NormCall(ConstArray like, const Mask& mask, const Norm& norm, const Call& call)
      : call_(call),
        rows_(like.rows()),
        cols_(like.cols()),
        norm_(norm),
        kernels_(NormKernelsFor(like.type(), call.target())),
        words_(mask, like.size(), call.target()),
        drops_all_(DropsAll(mask)),
        dropout_scale_(mask.rate().scale()) {}

  void Forward(ConstArray x, ConstArray residual, Array z, Array y) const {
    ForEachRowTask(rows_, cols_, call_, [&](std::size_t first, std::size_t last) {
      RowWords words(call_, words_, drops_all_, cols_, last);
      for (std::size_t row = first; row < last; ++row) ForwardRow(row, x, residual, words, z, y);
    });
  }

  void Backward(ConstArray dy, ConstArray dz, ConstArray z, Array dx, Array dresidual, float* dgamma,
                float* dbeta) const {
    std::fill_n(dgamma, cols_, 0.0f);
    if (dbeta != nullptr) std::fill_n(dbeta, cols_, 0.0f);
    if (cols_ == 0) return;
    const std::size_t batch = std::clamp<std::size_t>(kBatchElements / cols_, 1, kBatchRows);
    for (std::size_t first = 0; first < rows_; first += batch) {
      const std::size_t rows = std::min(batch, rows_ - first);
      RowStatistics statistics[kBatchRows];
      ForEachRowTask(rows, cols_, call_, [&](std::size_t begin, std::size_t end) {
        for (std::size_t row = begin; row < end; ++row) statistics[row] = StatisticsOf(z, first + row);
      });
      AddParameterGradients(dy, z, first, rows, statistics, dgamma, dbeta);
      // Last, as dx or dresidual may be dy or z.
      ForEachRowTask(rows, cols_, call_, [&](std::size_t begin, std::size_t end) {
        RowWords words(call_, words_, drops_all_, cols_, first + end);
        for (std::size_t row = begin; row < end; ++row) {
          BackwardRow(first + row, statistics[row], dy, dz, z, words, dx, dresidual);
        }
      });
    }
  }

 private:
  void ForwardRow(std::size_t row, ConstArray x, ConstArray residual, RowWords& words, Array z, Array y) const {
    double sum = 0.0;
    ForEachSegment(cols_, [&](std::size_t col, std::size_t n) {
      sum += kernels_.add(ElementAddress(x, row, col), ElementAddress(residual, row, col), words.Of(row, col, n), n,
                          dropout_scale_, ElementAddress(z, row, col));
    });
    const RowStatistics statistics = StatisticsOf(z, row, sum);
    ForEachSegment(cols_, [&](std::size_t col, std::size_t n) {
      const float* beta = norm_.beta == nullptr ? nullptr : norm_.beta + col;
      kernels_.normalise(ElementAddress(z, row, col), n, statistics, &norm_.gamma[col], beta,
                         ElementAddress(y, row, col));
    });
  }

  RowStatistics StatisticsOf(ConstArray z, std::size_t row) const {
    double sum = 0.0;
    if (norm_.centred) {
      ForEachSegment(cols_,
                     [&](std::size_t col, std::size_t n) { sum += kernels_.sum(ElementAddress(z, row, col), n); });
    }
    return StatisticsOf(z, row, sum);
  }

  RowStatistics StatisticsOf(ConstArray z, std::size_t row, double sum) const {
    const float mean = norm_.centred ? Mean(sum) : 0.0f;
    double squares = 0.0;
    ForEachSegment(cols_, [&](std::size_t col, std::size_t n) {
      squares += kernels_.squares(ElementAddress(z, row, col), n, mean);
    });
    return {mean, static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(cols_) + norm_.eps))};
  }

  void BackwardRow(std::size_t row, const RowStatistics& statistics, ConstArray dy, ConstArray dz, ConstArray z,
                   RowWords& words, Array dx, Array dresidual) const {
    double gradients = 0.0;
    double products = 0.0;
    ForEachSegment(cols_, [&](std::size_t col, std::size_t n) {
      const NormSums sums = kernels_.gradient_sums(ElementAddress(dy, row, col), ElementAddress(z, row, col), n,
                                                   statistics, &norm_.gamma[col]);
      gradients += sums.gradients;
      products += sums.products;
    });
    const NormSums mean = {norm_.centred ? Mean(gradients) : 0.0f, Mean(products)};
    ForEachSegment(cols_, [&](std::size_t col, std::size_t n) {
      kernels_.gradient(ElementAddress(dy, row, col), dz.size() == 0 ? nullptr : ElementAddress(dz, row, col),
                        ElementAddress(z, row, col), words.Of(row, col, n), n, statistics, mean, &norm_.gamma[col],
                        dropout_scale_, ElementAddress(dx, row, col), ElementAddress(dresidual, row, col));
    });
  }

  // Each column's sum in one task, so that it does not depend on how many there are.
  void AddParameterGradients(ConstArray dy, ConstArray z, std::size_t first, std::size_t rows,
                             const RowStatistics* statistics, float* dgamma, float* dbeta) const {
    constexpr std::size_t kStep = 32;
    const std::size_t task_cols = (kTaskElements / rows + kStep - 1) / kStep * kStep;
    ParallelFor(cols_ / task_cols + (cols_ % task_cols != 0), call_, [&](std::size_t task) {
      const std::size_t col = task * task_cols;
      const std::size_t n = std::min(task_cols, cols_ - col);
      kernels_.parameter_gradients(ElementAddress(dy, first, col), dy.row_stride(), ElementAddress(z, first, col),
                                   z.row_stride(), rows, n, statistics, dgamma + col,
                                   dbeta == nullptr ? nullptr : dbeta + col);
    });
  }

  float Mean(double sum) const { return static_cast<float>(sum / static_cast<double>(cols_)); }

  const Call& call_;
  std::size_t rows_;
  std::size_t cols_;
  const Norm& norm_;
  const NormKernels& kernels_;
  MaskWords words_;
  bool drops_all_;
  float dropout_scale_;
};

Status CheckFirst(const char* argument, ConstArray array) {
  const Status status = CheckArray(argument, array);
  return status.ok() ? CheckComputedInFloat(argument, array) : status;
}

Status CheckInput(const char* argument, ConstArray input, ConstArray first) {
  const Status status = CheckArray(argument, input);
  return status.ok() ? CheckLike(argument, input, first) : status;
}

Status CheckParameter(const char* argument, std::span<const float> parameter, ConstArray first) {
  if (parameter.size() != first.cols()) {
    return Status::Invalid(argument, static_cast<double>(parameter.size()), "one element a column");
  }
  return CheckArray(argument, parameter);
}

Status CheckEps(double eps) {
  if (std::isfinite(eps) && eps >= 0.0) return {};
  return Status::Invalid("eps", eps, "a finite number, not negative");
}

Status Forward(ConstArray x, ConstArray residual, const Mask& mask, const Norm& norm, std::span<const float> beta,
               Array z, Array y, const Call& call) {
  if (const Status status = CheckFirst("x", x); !status.ok()) return status;
  if (const Status status = CheckInput("residual", residual, x); !status.ok()) return status;
  if (const Status status = CheckMask(mask, x.size()); !status.ok()) return status;
  if (const Status status = CheckParameter("gamma", norm.gamma, x); !status.ok()) return status;
  if (norm.centred) {
    if (const Status status = CheckParameter("beta", beta, x); !status.ok()) return status;
  }
  if (const Status status = CheckEps(norm.eps); !status.ok()) return status;
  if (const Status status = CheckOutput("z", x, z); !status.ok()) return status;
  if (const Status status = CheckOutput("y", x, y); !status.ok()) return status;
  const Status status =
      FirstError(CheckOutput("z", residual, z), CheckOutput("y", residual, y), CheckApart("y", y, z),
                 CheckBytesApart("mask", StoredBytes(mask), z), CheckBytesApart("mask", StoredBytes(mask), y),
                 CheckApart("gamma", norm.gamma, z), CheckApart("gamma", norm.gamma, y), CheckApart("beta", beta, z),
                 CheckApart("beta", beta, y));
  if (!status.ok()) return status;
  NormCall(x, mask, norm, call).Forward(x, residual, z, y);
  return call.Done();
}

// dgamma or dbeta.
Status CheckParameterGradient(const char* argument, std::span<const float> gradient, ConstArray dy, ConstArray dz,
                              ConstArray z, const Mask& mask, const Norm& norm, ConstArray dx, ConstArray dresidual) {
  if (const Status status = CheckParameter(argument, gradient, dy); !status.ok()) return status;
  const ConstArray output(gradient);
  return FirstError(CheckApart(argument, output, dy), CheckApart(argument, output, dz), CheckApart(argument, output, z),
                    CheckApart(argument, output, dx), CheckApart(argument, output, dresidual),
                    CheckApart(argument, output, norm.gamma), CheckBytesApart("mask", StoredBytes(mask), output));
}

Status CheckInputGradient(const char* argument, ConstArray output, ConstArray dy, ConstArray dz, ConstArray z,
                          const Mask& mask, const Norm& norm) {
  if (const Status status = CheckOutput(argument, dy, output); !status.ok()) return status;
  return FirstError(dz.size() == 0 ? Status() : CheckOutput(argument, dz, output), CheckOutput(argument, z, output),
                    CheckApart("gamma", norm.gamma, output), CheckBytesApart("mask", StoredBytes(mask), output));
}

Status Backward(ConstArray dy, ConstArray dz, ConstArray z, const Mask& mask, const Norm& norm, Array dx,
                Array dresidual, std::span<float> dgamma, std::span<float> dbeta, const Call& call) {
  if (const Status status = CheckFirst("dy", dy); !status.ok()) return status;
  if (dz.size() != 0 || dz.data() != nullptr) {
    if (const Status status = CheckInput("dz", dz, dy); !status.ok()) return status;
  }
  if (const Status status = CheckInput("z", z, dy); !status.ok()) return status;
  if (const Status status = CheckMask(mask, dy.size()); !status.ok()) return status;
  if (const Status status = CheckParameter("gamma", norm.gamma, dy); !status.ok()) return status;
  if (const Status status = CheckEps(norm.eps); !status.ok()) return status;
  if (const Status status = CheckInputGradient("dx", dx, dy, dz, z, mask, norm); !status.ok()) return status;
  if (const Status status = CheckInputGradient("dresidual", dresidual, dy, dz, z, mask, norm); !status.ok()) {
    return status;
  }
  if (const Status status = CheckApart("dresidual", dresidual, dx); !status.ok()) return status;
  const Status status = CheckParameterGradient("dgamma", dgamma, dy, dz, z, mask, norm, dx, dresidual);
  if (!status.ok()) return status;
  if (norm.centred) {
    const Status beta = CheckParameterGradient("dbeta", dbeta, dy, dz, z, mask, norm, dx, dresidual);
    if (!beta.ok()) return beta;
    if (const Status apart = CheckApart("dbeta", ConstArray(dbeta), ConstArray(dgamma)); !apart.ok()) return apart;
  }
  NormCall(dy, mask, norm, call)
      .Backward(dy, dz, z, dx, dresidual, dgamma.data(), norm.centred ? dbeta.data() : nullptr);
  return call.Done();
}

}  // namespace

Status DropoutLayerNormForward(ConstArray x, ConstArray residual, const Mask& mask, std::span<const float> gamma,
                               std::span<const float> beta, double eps, Array z, Array y,
                               const Execution& execution) noexcept {
  const Call call(__func__, x, execution);
  return Forward(x, residual, mask, {gamma, beta.data(), eps, true}, beta, z, y, call);
}

Status DropoutLayerNormBackward(ConstArray dy, ConstArray dz, ConstArray z, const Mask& mask,
                                std::span<const float> gamma, double eps, Array dx, Array dresidual,
                                std::span<float> dgamma, std::span<float> dbeta, const Execution& execution) noexcept {
  const Call call(__func__, dy, execution);
  return Backward(dy, dz, z, mask, {gamma, nullptr, eps, true}, dx, dresidual, dgamma, dbeta, call);
}

Status DropoutRmsNormForward(ConstArray x, ConstArray residual, const Mask& mask, std::span<const float> gamma,
                             double eps, Array z, Array y, const Execution& execution) noexcept {
  const Call call(__func__, x, execution);
  return Forward(x, residual, mask, {gamma, nullptr, eps, false}, {}, z, y, call);
}

Status DropoutRmsNormBackward(ConstArray dy, ConstArray dz, ConstArray z, const Mask& mask,
                              std::span<const float> gamma, double eps, Array dx, Array dresidual,
                              std::span<float> dgamma, const Execution& execution) noexcept {
  const Call call(__func__, dy, execution);
  return Backward(dy, dz, z, mask, {gamma, nullptr, eps, false}, dx, dresidual, dgamma, {}, call);
}

}  // namespace fallow
