#include "fallow/nn/loss.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "fallow/nn/error.h"
#include "runtime/names.h"
#include "runtime/numbers.h"
#include "runtime/region.h"
#include "runtime/row_kernels.h"

namespace fallow::nn {
namespace {

constexpr std::pair<Loss, std::string_view> kNames[] = {
    {Loss::kSoftmaxCrossEntropy, "softmax_cross_entropy"},
    {Loss::kBinaryCrossEntropy, "binary_cross_entropy"},
    {Loss::kMeanSquaredError, "mean_squared_error"},
    {Loss::kHuber, "huber"},
    {Loss::kGaussianNegativeLogLikelihood, "gaussian_negative_log_likelihood"}};

[[noreturn]] void FailAt(std::string_view what, std::size_t row, float value, const std::string& expected) {
  throw Error(std::string(what) + ": row " + std::to_string(row) + " has " + FormatNumber(value) + ", expected " +
              expected);
}

bool IsLabel(float value, std::size_t classes) {
  return value >= 0 && value < static_cast<float>(classes) && value == std::floor(value);
}

std::size_t TargetColumns(Loss loss, const Shape& outputs) {
  return loss == Loss::kSoftmaxCrossEntropy ? Positions(loss, outputs) : PredictionShape(loss, outputs).elements();
}

// All `gradient` pointers are null where none is wanted; `scale` is what it is multiplied by.

double CrossEntropyOf(const RowKernels& kernels, std::span<const float> output, float target, double smoothing,
                      float scale, float* gradient) {
  const auto label = static_cast<std::size_t>(target);
  const double log_sum = kernels.log_sum_exp(output.data(), output.size(), scale, gradient);
  if (smoothing == 0) {
    if (gradient != nullptr) gradient[label] -= scale;
    return log_sum - double{output[label]};
  }
  const double of_each = smoothing / static_cast<double>(output.size());
  double sum = 0;
  for (const float logit : output) sum += logit;
  if (gradient != nullptr) {
    for (std::size_t j = 0; j < output.size(); ++j) gradient[j] -= static_cast<float>(scale * of_each);
    gradient[label] -= static_cast<float>(scale * (1 - smoothing));
  }
  return log_sum - (1 - smoothing) * output[label] - of_each * sum;
}

double HuberRow(std::span<const float> output, std::span<const float> target, double delta, float scale,
                float* gradient) {
  double sum = 0;
  for (std::size_t j = 0; j < output.size(); ++j) {
    const double d = double{output[j]} - target[j];
    sum += std::abs(d) <= delta ? d * d / 2 : delta * (std::abs(d) - delta / 2);
    if (gradient != nullptr) gradient[j] = static_cast<float>(scale * std::clamp(d, -delta, delta));
  }
  return sum;
}

double GaussianRow(std::span<const float> output, std::span<const float> target, float scale, float* gradient) {
  const std::size_t count = target.size();
  double sum = 0;
  for (std::size_t j = 0; j < count; ++j) {
    const double log_variance = output[count + j];
    const double d = double{output[j]} - target[j];
    const double precision = std::exp(-log_variance);
    sum += (log_variance + d * d * precision) / 2;
    if (gradient == nullptr) continue;
    gradient[j] = static_cast<float>(scale * (d * precision));
    gradient[count + j] = static_cast<float>(scale * ((1 - d * d * precision) / 2));
  }
  return sum;
}

bool IsLargest(std::span<const float> output, float target) {
  // The first of equals counts, as in argmax.
  return std::max_element(output.begin(), output.end()) - output.begin() == static_cast<std::ptrdiff_t>(target);
}

// A row of as many positions as `target` has columns.
void AddPositions(const RowKernels& kernels, std::span<const float> output, std::span<const float> target,
                  double smoothing, float scale, float* gradient, LossSum* sum) {
  const std::size_t classes = output.size() / target.size();
  double of_row = 0;
  for (std::size_t t = 0; t < target.size(); ++t) {
    const std::span<const float> logits = output.subspan(t * classes, classes);
    float* const dx = gradient != nullptr ? gradient + t * classes : nullptr;
    of_row += CrossEntropyOf(kernels, logits, target[t], smoothing, scale, dx);
    sum->correct += IsLargest(logits, target[t]);
  }
  sum->loss += of_row / static_cast<double>(target.size());
}

bool IsOnTargetsSide(std::span<const float> output, std::span<const float> target) {
  return std::equal(output.begin(), output.end(), target.begin(),
                    [](float logit, float y) { return (logit > 0) == (y > 0.5f); });
}

}  // namespace

std::string_view Name(Loss loss) { return FindName(kNames, loss); }

Loss ParseLoss(std::string_view name) { return ParseName(kNames, name, "loss"); }

void LossSum::Add(const LossSum& other) {
  loss += other.loss;
  correct += other.correct;
  predictions += other.predictions;
  rows += other.rows;
}

void CheckLossOptions(const LossOptions& options) {
  if (!(options.label_smoothing >= 0 && options.label_smoothing < 1)) {
    throw Error("label_smoothing: got " + FormatNumber(options.label_smoothing) + ", expected a number in [0, 1)");
  }
  if (!(options.delta > 0 && std::isfinite(options.delta))) {
    throw Error("delta: got " + FormatNumber(options.delta) + ", expected a number > 0");
  }
}

void CheckOutputs(Loss loss, const Shape& outputs) {
  if (loss == Loss::kGaussianNegativeLogLikelihood && outputs.elements() % 2 != 0) {
    throw Error("loss: " + std::string(Name(loss)) + " with " + std::to_string(outputs.elements()) +
                " outputs, expected an even number: means, then logarithms of variances");
  }
  if (loss == Loss::kSoftmaxCrossEntropy && outputs.rank() > 2) {
    throw Error("loss: " + std::string(Name(loss)) + " with outputs of shape " + outputs.ToString() +
                ", expected one dimension, of classes, or two, of positions and classes");
  }
}

std::size_t Positions(Loss loss, const Shape& outputs) {
  return loss == Loss::kSoftmaxCrossEntropy && outputs.rank() == 2 ? outputs[0] : 1;
}

Shape PredictionShape(Loss loss, const Shape& outputs) {
  return loss == Loss::kGaussianNegativeLogLikelihood ? Shape{outputs.elements() / 2} : outputs;
}

bool HasAccuracy(Loss loss) { return loss == Loss::kSoftmaxCrossEntropy || loss == Loss::kBinaryCrossEntropy; }

void CheckTarget(Loss loss, const Shape& outputs, const Tensor& target, std::string_view what) {
  CheckOutputs(loss, outputs);
  const bool labels = loss == Loss::kSoftmaxCrossEntropy;
  const std::size_t cols = TargetColumns(loss, outputs);
  const std::size_t classes = outputs.elements() / Positions(loss, outputs);
  if (target.cols() != cols) {
    throw Error(std::string(what) + ": got " + std::to_string(target.cols()) + " columns, expected " +
                std::to_string(cols) + " for " + std::string(Name(loss)) + " with " + outputs.ToString() + " outputs");
  }
  for (std::size_t r = 0; r < target.rows(); ++r) {
    for (const float value : target.row(r)) {
      if (labels && !IsLabel(value, classes)) {
        FailAt(what, r, value, "a class from 0 to " + std::to_string(classes - 1));
      }
      if (loss == Loss::kBinaryCrossEntropy && !(value >= 0 && value <= 1))
        FailAt(what, r, value, "a number in [0, 1]");
      if (!std::isfinite(value)) FailAt(what, r, value, "a finite number");
    }
  }
}

LossSum Evaluate(Loss loss, const Tensor& output, const Tensor& target, Tensor* gradient, const Execution& execution,
                 const LossOptions& options) {
  const Region region(kLoss, output.values().size(), execution);
  const RowKernels& kernels = RowKernelsFor(execution.target);
  const std::size_t positions = Positions(loss, output.sample_shape());
  const auto terms = static_cast<double>(TargetColumns(loss, output.sample_shape()));  // Of a row's mean.
  const auto scale = static_cast<float>(1.0 / (terms * static_cast<double>(output.rows())));
  if (gradient != nullptr) gradient->Resize(output.rows(), output.sample_shape());

  LossSum sum;
  sum.rows = output.rows();
  sum.predictions = sum.rows * positions;
  for (std::size_t r = 0; r < output.rows(); ++r) {
    const std::span<const float> x = output.row(r);
    const std::span<const float> y = target.row(r);
    float* const dx = gradient != nullptr ? gradient->row(r).data() : nullptr;
    switch (loss) {
      case Loss::kSoftmaxCrossEntropy:
        AddPositions(kernels, x, y, options.label_smoothing, scale, dx, &sum);
        break;
      case Loss::kBinaryCrossEntropy:
        sum.loss += kernels.binary_cross_entropy(x.data(), y.data(), x.size(), scale, dx) / terms;
        sum.correct += IsOnTargetsSide(x, y);
        break;
      case Loss::kMeanSquaredError:
        sum.loss += kernels.squared_error(x.data(), y.data(), x.size(), scale, dx) / terms;
        break;
      case Loss::kHuber:
        sum.loss += HuberRow(x, y, options.delta, scale, dx) / terms;
        break;
      case Loss::kGaussianNegativeLogLikelihood:
        sum.loss += GaussianRow(x, y, scale, dx) / terms;
        break;
    }
  }
  return sum;
}

}  // namespace fallow::nn
