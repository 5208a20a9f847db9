#include "fallow/softmax_dropout.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/call.h"
#include "kernels/checks.h"
#include "kernels/element_address.h"
#include "kernels/keyed_mask.h"
#include "kernels/mask_words.h"
#include "kernels/rows.h"
#include "kernels/softmax_kernels.h"

namespace fallow {
namespace {

Status CheckOptions(const SoftmaxOptions& options, ConstArray x) {
  if (!std::isfinite(options.scale)) return Status::Invalid("scale", options.scale, "a finite number");
  if (options.queries != 0 && x.rows() % options.queries != 0) {
    return Status::Invalid("queries", static_cast<double>(options.queries), "a divisor of the number of rows");
  }
  const std::size_t size = options.attended.size();
  if (size == 0 || x.size() == 0) return {};
  if (size % x.cols() != 0 || x.rows() % (size / x.cols()) != 0) {
    return Status::Invalid("attended", static_cast<double>(size), "a byte a column, for a divisor of the rows");
  }
  return {};
}

// Everything but the gradient.
Status CheckSoftmax(ConstArray x, const SoftmaxOptions& options, const Mask& mask, const char* output, ConstArray y) {
  if (const Status status = CheckArray("x", x); !status.ok()) return status;
  if (const Status status = CheckComputedInFloat("x", x); !status.ok()) return status;
  if (const Status status = CheckOptions(options, x); !status.ok()) return status;
  if (const Status status = CheckMask(mask, x.size()); !status.ok()) return status;
  if (const Status status = CheckOutput(output, x, y); !status.ok()) return status;
  return FirstError(CheckBytesApart("mask", StoredBytes(mask), y), CheckBytesApart("attended", options.attended, y));
}

// One call: what its rows have in common.
class SoftmaxCall {
 public:
  SoftmaxCall(ConstArray x, const SoftmaxOptions& options, const Mask& mask, const Call& call)
      : call_(call),
        x_(x),
        options_(options),
        kernels_(SoftmaxKernelsFor(x.type(), call.target())),
        words_(mask, x.size(), call.target()),
        drops_all_(DropsAll(mask)),
        dropout_scale_(mask.rate().scale()),
        rows_an_entry_(options.attended.empty() ? 1 : x.size() / options.attended.size()) {}

  void Forward(Array y) const {
    ForEachRow([&](std::size_t row, RowWords& words, float* stage) { ForwardRow(row, words, stage, y); });
  }

  void Backward(ConstArray dy, Array dx) const {
    ForEachRow([&](std::size_t row, RowWords& words, float* stage) { BackwardRow(row, dy, words, stage, dx); });
  }

 private:
  template <class Body>
  void ForEachRow(const Body& body) const {
    ForEachRowTask(x_.rows(), x_.cols(), call_, [&](std::size_t first, std::size_t last) {
      RowWords words(call_, words_, drops_all_, x_.cols(), last);
      alignas(64) float stage[kRowSegment];
      for (std::size_t row = first; row < last; ++row) body(row, words, stage);
    });
  }

  void ForwardRow(std::size_t row, RowWords& words, float* stage, Array y) const {
    const std::size_t seen = Seen(row);
    const float max = MaxOfRow(row, seen, stage);
    double sum = 0.0;
    ForEachSegment(seen, [&](std::size_t col, std::size_t n) {
      StageLogits(row, seen, col, n, stage);
      sum += kernels_.exponentials(n, max, stage);
    });
    const float factor = Quotient(dropout_scale_, sum);
    ForEachSegment(seen, [&](std::size_t col, std::size_t n) {
      StageExponentials(row, seen, col, n, max, sum, stage);
      kernels_.finish(stage, n, factor, words.Of(row, col, n), ElementAddress(y, row, col));
    });
    ZeroFrom(seen, row, y);
  }

  void BackwardRow(std::size_t row, ConstArray dy, RowWords& words, float* stage, Array dx) const {
    const std::size_t seen = Seen(row);
    const float max = MaxOfRow(row, seen, stage);
    double sum = 0.0;
    double products = 0.0;
    ForEachSegment(seen, [&](std::size_t col, std::size_t n) {
      StageLogits(row, seen, col, n, stage);
      const SoftmaxSums sums = kernels_.exponentials_and_products(n, max, ElementAddress(dy, row, col),
                                                                  words.Of(row, col, n), dropout_scale_, stage);
      sum += sums.exponentials;
      products += sums.products;
    });
    const float factor = Quotient(options_.scale, sum);
    const float mean = Quotient(static_cast<float>(products), sum);
    ForEachSegment(seen, [&](std::size_t col, std::size_t n) {
      StageExponentials(row, seen, col, n, max, sum, stage);
      kernels_.finish_gradient(stage, n, factor, mean, ElementAddress(dy, row, col), words.Of(row, col, n),
                               dropout_scale_, ElementAddress(dx, row, col));
    });
    ZeroFrom(seen, row, dx);
  }

  // Stage what MaxOfRow or the sum has left there already, unless the row has several segments: the stage holds one.
  void StageLogits(std::size_t row, std::size_t seen, std::size_t col, std::size_t n, float* stage) const {
    if (seen > kRowSegment) Logits(row, col, n, stage);
  }

  void StageExponentials(std::size_t row, std::size_t seen, std::size_t col, std::size_t n, float max, double sum,
                         float* stage) const {
    if (std::isnan(sum)) {
      Logits(row, col, n, stage);
      kernels_.invalidate(n, stage);
    } else if (seen > kRowSegment) {
      Logits(row, col, n, stage);
      kernels_.exponentials(n, max, stage);
    }
  }

  // How many columns the causal mask leaves to a row.
  std::size_t Seen(std::size_t row) const {
    if (options_.queries == 0) return x_.cols();
    const auto query = static_cast<std::ptrdiff_t>(row % options_.queries);
    const auto cols = static_cast<std::ptrdiff_t>(x_.cols());
    if (options_.first_query >= cols - query) return x_.cols();  // Before the sum, which might overflow.
    return static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, query + options_.first_query + 1));
  }

  float Logits(std::size_t row, std::size_t col, std::size_t n, float* stage) const {
    const std::uint8_t* attended = nullptr;
    if (!options_.attended.empty()) attended = &options_.attended[row / rows_an_entry_ * x_.cols() + col];
    return kernels_.logits(ElementAddress(x_, row, col), n, options_.scale, attended, stage);
  }

  // The largest logit, or 0 if there is none above -infinity. Anything in a row with a NaN, which targets compare in
  // different ways.
  float MaxOfRow(std::size_t row, std::size_t seen, float* stage) const {
    float max = -std::numeric_limits<float>::infinity();
    ForEachSegment(seen, [&](std::size_t col, std::size_t n) { max = std::max(max, Logits(row, col, n, stage)); });
    return max > -std::numeric_limits<float>::infinity() ? max : 0.0f;
  }

  // Finite also for a row without exponentials, or without a sum: what is masked there must stay 0.
  static float Quotient(float numerator, double sum) { return sum > 0.0 ? numerator / static_cast<float>(sum) : 0.0f; }

  static void ZeroFrom(std::size_t col, std::size_t row, Array y) {
    if (col < y.cols()) std::memset(ElementAddress(y, row, col), 0, (y.cols() - col) * SizeOf(y.type()));
  }

  const Call& call_;
  ConstArray x_;
  const SoftmaxOptions& options_;
  const SoftmaxKernels& kernels_;
  MaskWords words_;
  bool drops_all_;
  float dropout_scale_;
  std::size_t rows_an_entry_;
};

}  // namespace

Status SoftmaxDropoutForward(ConstArray x, const SoftmaxOptions& options, const Mask& mask, Array y,
                             const Execution& execution) noexcept {
  const Call call(__func__, x, execution);
  if (const Status status = CheckSoftmax(x, options, mask, "y", y); !status.ok()) return status;
  SoftmaxCall(x, options, mask, call).Forward(y);
  return call.Done();
}

Status SoftmaxDropoutBackward(ConstArray x, ConstArray dy, const SoftmaxOptions& options, const Mask& mask, Array dx,
                              const Execution& execution) noexcept {
  const Call call(__func__, x, execution);
  if (const Status status = CheckArray("x", x); !status.ok()) return status;
  if (const Status status = CheckArray("dy", dy); !status.ok()) return status;
  if (const Status status = CheckLike("dy", dy, x); !status.ok()) return status;
  if (const Status status = CheckSoftmax(x, options, mask, "dx", dx); !status.ok()) return status;
  if (const Status status = CheckOutput("dx", dy, dx); !status.ok()) return status;
  SoftmaxCall(x, options, mask, call).Backward(dy, dx);
  return call.Done();
}

}  // namespace fallow
