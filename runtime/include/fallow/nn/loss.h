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
//   kSoftmaxCrossEntropy  -log softmax(output)[y], y a class index 0 .. C-1 in a target of one column
//   kBinaryCrossEntropy   mean over outputs of -(y log s + (1-y) log(1-s)), s = sigmoid(output), y in [0, 1]
//   kMeanSquaredError     mean over outputs of (output - y)^2
// The first two take logits, as PyTorch's CrossEntropyLoss and BCEWithLogitsLoss: no softmax or sigmoid layer before
// them.
enum class Loss : std::uint8_t { kSoftmaxCrossEntropy, kBinaryCrossEntropy, kMeanSquaredError };

std::string_view Name(Loss loss);       // "softmax_cross_entropy", "binary_cross_entropy", "mean_squared_error"
Loss ParseLoss(std::string_view name);  // Throws Error naming the known ones.

// Sums over rows, so that batches add up; the order of summation is that of the rows.
struct LossSum {
  double loss = 0;          // Sum over rows of the row's loss.
  std::size_t correct = 0;  // Rows whose prediction is right: largest output, or each output on the target's side of
                            // 0.5. Not counted for kMeanSquaredError.
  std::size_t rows = 0;

  void Add(const LossSum& other);
  double mean_loss() const { return loss / static_cast<double>(rows); }
  double accuracy() const { return static_cast<double>(correct) / static_cast<double>(rows); }
};

// Whether accuracy means something for the loss.
bool HasAccuracy(Loss loss);

// Throws Error unless `target` suits `loss` with `outputs` outputs a sample: columns, class labels whole and in range.
// `what` names the data in the message. Done once a data set, not once a step.
void CheckTarget(Loss loss, std::size_t outputs, const Tensor& target, std::string_view what);

// Evaluates the loss; if `gradient` is not null, resizes it like `output` and fills it with the gradient of the mean
// loss. `target` must have passed CheckTarget and have output's rows. On the caller's thread: it takes a small part of
// a step.
LossSum Evaluate(Loss loss, const Tensor& output, const Tensor& target, Tensor* gradient,
                 const Execution& execution = {});

}  // namespace fallow::nn

#endif  // FALLOW_NN_LOSS_H_
