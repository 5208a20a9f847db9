// Training: the loop, its history, its checkpoints.
#ifndef FALLOW_NN_TRAINING_H_
#define FALLOW_NN_TRAINING_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "fallow/execution.h"
#include "fallow/nn/data.h"
#include "fallow/nn/error.h"
#include "fallow/nn/loss.h"
#include "fallow/nn/model.h"
#include "fallow/nn/optimizer.h"
#include "fallow/nn/rate_control.h"

namespace fallow::nn {

struct TrainingOptions {
  Loss loss = Loss::kSoftmaxCrossEntropy;
  LossOptions loss_options;  // Of the steps and of the losses in the history.
  OptimizerOptions optimizer;
  ScheduleOptions schedule;
  RateControlOptions rate_control;
  std::size_t epochs = 10;
  std::size_t batch_size = 128;
  std::uint64_t seed = 1;  // Of shuffling and of dropout.
  // Stop after so many epochs without a better validation loss. Unless 0, the weights of the best epoch are the ones
  // returned, with its dropout rates, whether training stopped early or not.
  std::size_t early_stopping_patience = 0;
  // Where a checkpoint is written after each epoch (replaced whole: a crash leaves the one before). Empty: nowhere.
  std::filesystem::path checkpoint;
  Execution execution;
};

// One epoch. Train figures come from a pass over the training data in kInfer after the epoch's last step, so that they
// compare with the validation figures, which are absent without validation data. Accuracy: see HasAccuracy.
struct EpochRecord {
  std::size_t epoch = 0;                      // From 1.
  double train_loss = 0, train_accuracy = 0;  // Accuracy: 0 where it means nothing.
  std::optional<double> validation_loss = {}, validation_accuracy = {};
  double learning_rate = 0;                   // At the epoch's last step.
  double seconds = 0;                         // Of the training steps alone.
  std::vector<LayerRate> dropout_rates = {};  // At the epoch's last step; see Model::dropout_rates.
};

// Called after each step. `loss` is the epoch's mean so far with dropout on, `accuracy` likewise.
struct Progress {
  std::size_t epoch, epochs, step, steps_per_epoch;         // epoch and step from 1.
  double loss, accuracy, samples_per_second, seconds_left;  // seconds_left: of the whole run.
};

struct TrainingCallbacks {
  // After a checkpoint was read: its epochs, before the first new step.
  std::function<void(std::span<const EpochRecord>)> on_resume;
  std::function<void(const Progress&)> on_step;
  std::function<void(const EpochRecord&)> on_epoch;  // After the epoch's checkpoint is on disk.
  // Asked after each step. True: the model gets weights and rates of the last whole epoch back.
  std::function<bool()> should_stop;
};

// Thrown by Train if a loss or a weight is no longer finite.
class DivergedError : public Error {
  using Error::Error;
};

struct TrainingResult {
  std::vector<EpochRecord> history;  // Of all epochs, those before a resume included.
  std::size_t best_epoch = 0;  // By validation loss, or the last epoch without validation data; 0 before the first.
  bool interrupted = false;    // should_stop ended training before it was done.
};

// Trains `model` in place. Batches are a fresh permutation of `train` each epoch, the last one smaller if need be.
// Weights are a pure function of (model, data, options without execution). A rate_control other than kConstant moves
// the model's dropout rates, and leaves those that its weights were trained with last.
//
// If `resume` and options.checkpoint exists, continues from it, to the same bits as a run that was never stopped. All
// that the weights depend on must be as it was: layers with their first rates, input shape, loss, optimizer, schedule,
// rate control, batch size, seed, patience and data. Only `epochs` may differ, and not for schedules that stretch over
// all epochs, such as kCosine, and would have begun otherwise.
//
// Throws Error for options out of range, data that do not fit the model, and a checkpoint that is damaged or of another
// run, before anything is changed; and if a checkpoint cannot be written; DivergedError if training diverges.
// The checkpoint of the last whole epoch is intact then, and the model's weights are unspecified.
TrainingResult Train(Model& model, const Dataset& train, const Dataset* validation, const TrainingOptions& options,
                     const TrainingCallbacks& callbacks = {}, bool resume = false);

// Loss and accuracy in kInfer, batch by batch. Throws Error for data that do not fit the model and the loss.
LossSum EvaluateModel(Model& model, const Dataset& data, Loss loss, const Execution& execution = {},
                      const LossOptions& options = {});

// Splits off the last rows of a permutation of (rows, seed) as validation data: {train, validation}.
struct Split {
  Dataset train, validation;
};
Split SplitValidation(const Dataset& data, double fraction, std::uint64_t seed);

}  // namespace fallow::nn

#endif  // FALLOW_NN_TRAINING_H_
