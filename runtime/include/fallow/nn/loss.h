// Losses: means over the batch, with their gradients.
#ifndef FALLOW_NN_LOSS_H_
#define FALLOW_NN_LOSS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "fallow/execution.h"
#include "fallow/nn/tensor.h"

namespace fallow::nn {

// With C outputs a sample and y the target:
//   kSoftmaxCrossEntropy  -log softmax(output)[y], y a class index 0 .. C-1 in a target of one column. Of a model with
//                         outputs {T, C}, such as a language model, the mean of it over T positions, each with C
//                         outputs and a column of its own in the target.
//   kBinaryCrossEntropy   mean over outputs of -(y log s + (1-y) log(1-s)), s = sigmoid(output), y in [0, 1]
//   kMeanSquaredError     mean over outputs of (output - y)^2
//   kHuber                mean over outputs of d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2); d = output - y
//   kGaussianNegativeLogLikelihood
//                         mean over j < C / 2 of (s + (y[j] - output[j])^2 exp(-s)) / 2, s = output[C / 2 + j]: outputs
//                         are means, then logarithms of variances, y has C / 2 columns; without the constant
//                         log(2 pi) / 2
// The first two take logits, as PyTorch's CrossEntropyLoss and BCEWithLogitsLoss: no softmax or sigmoid layer before
// them; nor is its (N, C, T) ours: the classes come last, as dense_last makes them. The last two are PyTorch's
// HuberLoss and GaussianNLLLoss, but for the logarithm, which keeps variances above 0.
enum class Loss : std::uint8_t {
  kSoftmaxCrossEntropy,
  kBinaryCrossEntropy,
  kMeanSquaredError,
  kHuber,
  kGaussianNegativeLogLikelihood,
};

// "softmax_cross_entropy", "binary_cross_entropy", "mean_squared_error", "huber", "gaussian_negative_log_likelihood"
std::string_view Name(Loss loss);
Loss ParseLoss(std::string_view name);  // Throws Error naming the known ones.

struct LossOptions {
  // kSoftmaxCrossEntropy, in [0, 1): so much of the target is spread evenly over all classes, as by PyTorch's
  // label_smoothing.
  double label_smoothing = 0.0;
  double delta = 1.0;  // kHuber, above 0.
};
void CheckLossOptions(const LossOptions& options);  // Throws Error if one is out of range.

// Throws Error unless the loss can be that of a model with outputs of this shape.
void CheckOutputs(Loss loss, const Shape& outputs);

// How many predictions each sample gets that are right or wrong by themselves: T for kSoftmaxCrossEntropy and {T, C},
// 1 otherwise.
std::size_t Positions(Loss loss, const Shape& outputs);

// The shape of a prediction by a model with outputs of shape `outputs`: that, or {C / 2} where half of them are
// variances.
Shape PredictionShape(Loss loss, const Shape& outputs);

// Sums over rows, so that batches add up; the order of summation is that of the rows.
struct LossSum {
  double loss = 0;              // Sum over rows of the row's loss.
  std::size_t correct = 0;      // Predictions that are right: largest output, or each output on the target's side of
                                // 0.5. Only where HasAccuracy.
  std::size_t predictions = 0;  // Rows, times Positions.
  std::size_t rows = 0;

  void Add(const LossSum& other);
  double mean_loss() const { return loss / static_cast<double>(rows); }
  double accuracy() const { return static_cast<double>(correct) / static_cast<double>(predictions); }
};

// Whether accuracy means something for the loss.
bool HasAccuracy(Loss loss);

// Throws Error unless `target` suits `loss` with outputs of this shape: columns, class labels whole and in range.
// `what` names the data in the message. Done once a data set, not once a step.
void CheckTarget(Loss loss, const Shape& outputs, const Tensor& target, std::string_view what);

// Evaluates the loss; if `gradient` is not null, resizes it like `output` and fills it with the gradient of the mean
// loss. `target` must have passed CheckTarget and have output's rows. On the caller's thread: it takes a small part of
// a step. `options` must have passed CheckLossOptions.
LossSum Evaluate(Loss loss, const Tensor& output, const Tensor& target, Tensor* gradient,
                 const Execution& execution = {}, const LossOptions& options = {});

}  // namespace fallow::nn

#endif  // FALLOW_NN_LOSS_H_
