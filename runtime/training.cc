#include "fallow/nn/training.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "fallow/nn/error.h"
#include "runtime/checkpoint.h"
#include "runtime/dataset.h"
#include "runtime/numbers.h"
#include "runtime/rate_moves.h"
#include "runtime/region.h"

namespace fallow::nn {
namespace {

constexpr std::size_t kEvaluationRows = 1024;

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void CheckData(const Model& model, const Dataset& data, Loss loss, std::string_view what) {
  const std::string name(what);
  if (data.rows() == 0) throw Error(name + " has no rows");
  if (data.rows() > std::numeric_limits<std::uint32_t>::max()) throw Error(name + " has 2^32 rows or more");
  if (data.y.rows() != data.rows()) {
    throw Error(name + " has " + std::to_string(data.rows()) + " rows but " + std::to_string(data.y.rows()) +
                " targets");
  }
  if (data.x.cols() != model.input_shape().elements()) {
    throw Error(name + " has samples of " + data.x.sample_shape().ToString() + ", the model takes " +
                model.input_shape().ToString());
  }
  CheckTarget(loss, model.output_shape(), data.y, what);
}

LossSum EvaluateChecked(Model& model, const Dataset& data, Loss loss, const LossOptions& options,
                        const Execution& execution) {
  Dataset batch;
  LossSum sum;
  for (std::size_t begin = 0; begin < data.rows(); begin += kEvaluationRows) {
    const std::size_t count = std::min(kEvaluationRows, data.rows() - begin);
    CopyRows(data.x, begin, count, &batch.x);
    CopyRows(data.y, begin, count, &batch.y);
    const Pass pass{Mode::kInfer, /*seed=*/0, /*step=*/0, /*first_row=*/begin, execution};
    sum.Add(Evaluate(loss, model.Forward(pass, batch.x), batch.y, /*gradient=*/nullptr, execution, options));
  }
  return sum;
}

void CheckOptions(const TrainingOptions& options, bool validated, bool resume) {
  CheckLossOptions(options.loss_options);
  if (options.epochs == 0) throw Error("epochs: got 0, expected at least 1");
  if (options.batch_size == 0) throw Error("batch_size: got 0, expected at least 1");
  if (options.schedule.step_epochs == 0) throw Error("step_epochs: got 0, expected at least 1");
  if (!(options.schedule.step_factor > 0 && std::isfinite(options.schedule.step_factor))) {
    throw Error("step_factor: got " + FormatNumber(options.schedule.step_factor) + ", expected a number > 0");
  }
  if (options.early_stopping_patience > 0 && !validated) throw Error("early_stopping_patience: needs validation data");
  if (options.checkpoint.empty()) {
    if (resume) throw Error("resume: needs a checkpoint");
    return;
  }
  const std::filesystem::path folder = options.checkpoint.parent_path();
  const bool writable = folder.empty() || std::filesystem::is_directory(folder);
  if (!writable) throw Error("checkpoint: there is no folder " + folder.string());
  if (std::filesystem::is_directory(options.checkpoint)) {
    throw Error("checkpoint: is a folder: " + options.checkpoint.string());
  }
}

// How long a run will still take. Steps are averaged over the last few hundred, so that the estimate follows a machine
// that becomes slower but does not jump; evaluations are as long as the last one.
class TimeLeft {
 public:
  // `evaluation_steps`: how many training steps hold as many rows as the evaluations of one epoch.
  explicit TimeLeft(double evaluation_steps) : evaluation_steps_(evaluation_steps) {}

  void AddStep(double seconds) {
    constexpr double kWindow = 256;
    weight_ = std::min(weight_ + 1, kWindow);
    step_ += (seconds - step_) / weight_;
  }
  void AddEvaluation(double seconds) { evaluation_ = seconds; }

  double Seconds(std::size_t steps, std::size_t evaluations) const {
    // A forward pass alone is one of a step's three products of the same size.
    const double evaluation = evaluation_ > 0 ? evaluation_ : step_ * evaluation_steps_ / 3;
    return static_cast<double>(steps) * step_ + static_cast<double>(evaluations) * evaluation;
  }

 private:
  double evaluation_steps_;
  double weight_ = 0;
  double step_ = 0;
  double evaluation_ = 0;
};

class Trainer {
 public:
  Trainer(Model& model, const Dataset& train, const Dataset* validation, const TrainingOptions& options,
          const TrainingCallbacks& callbacks)
      : model_(model),
        train_(train),
        validation_(validation),
        options_(options),
        callbacks_(callbacks),
        parameters_(model.parameters()),
        optimizer_(options.optimizer, model.parameters()),
        rates_(options.rate_control, model, validation != nullptr),
        steps_per_epoch_((train.rows() - 1) / options.batch_size + 1),
        order_(train.rows()),
        time_left_(static_cast<double>(train.rows() + (validation ? validation->rows() : 0)) /
                   static_cast<double>(std::min(options.batch_size, train.rows()))) {
    if (!options.checkpoint.empty()) settings_ = DescribeRun(model, train, validation, options, rates_.Describe());
  }

  void Resume() {
    ReadCheckpoint(options_.checkpoint, settings_, options_, &state_, model_, optimizer_);
    optimizer_.set_steps(state_.history.size() * steps_per_epoch_);
    if (callbacks_.on_resume) callbacks_.on_resume(state_.history);
  }

  TrainingResult Run() {
    while (!stop_ && !Done()) {
      if (!RunSteps()) {
        RestoreWeights(epoch_start_);
        break;
      }
      FinishEpoch();
    }
    const bool interrupted = stop_ && !Done();
    const std::size_t best = BestEpoch();
    const bool keeps_best = !interrupted && options_.early_stopping_patience > 0;
    if (keeps_best) RestoreWeights(state_.best_weights);
    rates_.Restore(RecordOf(keeps_best ? best : epochs_done()));
    return {std::move(state_.history), best, interrupted};
  }

 private:
  std::size_t epochs_done() const { return state_.history.size(); }
  std::size_t total_steps() const { return options_.epochs * steps_per_epoch_; }

  bool Done() const {
    const std::size_t patience = options_.early_stopping_patience;
    return epochs_done() >= options_.epochs || (patience > 0 && epochs_done() - BestEpoch() >= patience);
  }

  std::size_t BestEpoch() const {
    if (validation_ == nullptr || state_.history.empty()) return epochs_done();
    const auto less = [](const EpochRecord& a, const EpochRecord& b) {
      return *a.validation_loss < *b.validation_loss;
    };
    return std::min_element(state_.history.begin(), state_.history.end(), less)->epoch;
  }

  // Null for epoch 0.
  const EpochRecord* RecordOf(std::size_t epoch) const { return epoch == 0 ? nullptr : &state_.history[epoch - 1]; }

  // Returns false if it was told to stop before the epoch's last step.
  bool RunSteps() {
    if (callbacks_.should_stop) KeepWeights(&epoch_start_);
    const std::size_t epoch = epochs_done() + 1;
    Permute(order_, options_.seed, /*stream=*/epoch);
    rates_.BeginEpoch(state_.history);
    sum_ = {};
    seconds_ = 0;
    for (std::size_t step = 1; step <= steps_per_epoch_; ++step) {
      const auto start = std::chrono::steady_clock::now();
      RunStep(epoch, step);
      const double seconds = SecondsSince(start);
      seconds_ += seconds;
      time_left_.AddStep(seconds);
      if (callbacks_.on_step) callbacks_.on_step(CurrentProgress(epoch, step));
      stop_ = callbacks_.should_stop && callbacks_.should_stop();
      if (stop_ && step < steps_per_epoch_) return false;
    }
    return true;
  }

  void SelectBatch(std::size_t begin, std::size_t count) {
    const Region region(kSelectBatch, count * train_.x.cols(), options_.execution);
    Select(train_, std::span<const std::uint32_t>(order_).subspan(begin, count), &batch_);
  }

  void RunStep(std::size_t epoch, std::size_t step) {
    const std::uint64_t global_step = optimizer_.steps();
    const std::size_t begin = (step - 1) * options_.batch_size;
    const std::size_t count = std::min(options_.batch_size, train_.rows() - begin);
    SelectBatch(begin, count);
    rates_.BeginStep(global_step, total_steps(), steps_per_epoch_);

    const Pass pass{Mode::kTrain, options_.seed, global_step, /*first_row=*/0, options_.execution};
    const LossSum sum = Evaluate(options_.loss, model_.Forward(pass, batch_.x), batch_.y, &gradient_,
                                 options_.execution, options_.loss_options);
    if (!std::isfinite(sum.loss)) throw Diverged("the loss", epoch, step);
    sum_.Add(sum);
    model_.Backward(pass, gradient_);
    learning_rate_ = options_.optimizer.learning_rate *
                     ScheduleFactor(options_.schedule, global_step, total_steps(), steps_per_epoch_);
    optimizer_.Step(learning_rate_, options_.execution);
  }

  Progress CurrentProgress(std::size_t epoch, std::size_t step) const {
    const std::size_t steps_left = (options_.epochs - epoch + 1) * steps_per_epoch_ - step;
    return {epoch,
            options_.epochs,
            step,
            steps_per_epoch_,
            sum_.mean_loss(),
            sum_.accuracy(),
            static_cast<double>(sum_.rows) / seconds_,
            time_left_.Seconds(steps_left, options_.epochs - epoch + 1)};
  }

  // Evaluates, keeps the best weights, writes the checkpoint.
  void FinishEpoch() {
    CheckWeights();
    const auto start = std::chrono::steady_clock::now();
    state_.history.push_back(Record());
    time_left_.AddEvaluation(SecondsSince(start));
    if (options_.early_stopping_patience > 0 && BestEpoch() == epochs_done()) KeepWeights(&state_.best_weights);
    if (!options_.checkpoint.empty()) {
      WriteCheckpoint(options_.checkpoint, settings_, options_, state_, model_, optimizer_);
    }
    if (callbacks_.on_epoch) callbacks_.on_epoch(state_.history.back());
  }

  EpochRecord Record() {
    EpochRecord record;
    record.epoch = epochs_done() + 1;
    record.learning_rate = learning_rate_;
    record.seconds = seconds_;
    record.dropout_rates = model_.dropout_rates();
    const LossSum train = EvaluateFinite(train_, "the training loss");
    record.train_loss = train.mean_loss();
    record.train_accuracy = train.accuracy();
    if (validation_ != nullptr) {
      const LossSum validation = EvaluateFinite(*validation_, "the validation loss");
      record.validation_loss = validation.mean_loss();
      if (HasAccuracy(options_.loss)) record.validation_accuracy = validation.accuracy();
    }
    return record;
  }

  LossSum EvaluateFinite(const Dataset& data, const char* what) {
    const LossSum sum = EvaluateChecked(model_, data, options_.loss, options_.loss_options, options_.execution);
    if (!std::isfinite(sum.loss)) throw Diverged(what, epochs_done() + 1, steps_per_epoch_);
    return sum;
  }

  // A tanh, say, hides an infinite weight from the loss.
  void CheckWeights() const {
    for (const auto& [name, parameter] : parameters_) {
      const auto finite = [](float value) { return std::isfinite(value); };
      if (!std::ranges::all_of(parameter->value.values(), finite)) {
        throw Diverged("parameter " + name, epochs_done() + 1, steps_per_epoch_);
      }
    }
  }

  DivergedError Diverged(const std::string& what, std::size_t epoch, std::size_t step) const {
    return DivergedError("training diverged: " + what + " is not finite in epoch " + std::to_string(epoch) +
                         " at step " + std::to_string(step) + " of " + std::to_string(steps_per_epoch_) +
                         "; try a smaller learning rate, warmup steps, or inputs scaled to about 1");
  }

  void KeepWeights(std::vector<Tensor>* kept) const {
    if (kept->empty()) {
      for (const auto& [name, parameter] : parameters_) kept->push_back(parameter->value.Clone());
      return;
    }
    for (std::size_t i = 0; i < kept->size(); ++i) {
      std::ranges::copy(parameters_[i].parameter->value.values(), (*kept)[i].data());
    }
  }

  void RestoreWeights(const std::vector<Tensor>& kept) {
    for (std::size_t i = 0; i < kept.size(); ++i) {
      std::ranges::copy(kept[i].values(), parameters_[i].parameter->value.data());
    }
  }

  Model& model_;
  const Dataset& train_;
  const Dataset* validation_;
  const TrainingOptions& options_;
  const TrainingCallbacks& callbacks_;
  std::vector<NamedParameter> parameters_;
  Optimizer optimizer_;
  RateMoves rates_;
  RunSettings settings_;  // Only with a checkpoint.
  TrainingState state_;
  std::size_t steps_per_epoch_;
  bool stop_ = false;

  // Of the current epoch.
  std::vector<std::uint32_t> order_;
  std::vector<Tensor> epoch_start_;  // Weights to go back to, if anyone may say stop.
  LossSum sum_;
  double seconds_ = 0;
  double learning_rate_ = 0;

  Dataset batch_;
  Tensor gradient_;
  TimeLeft time_left_;
};

}  // namespace

TrainingResult Train(Model& model, const Dataset& train, const Dataset* validation, const TrainingOptions& options,
                     const TrainingCallbacks& callbacks, bool resume) {
  CheckOptions(options, validation != nullptr, resume);
  CheckData(model, train, options.loss, "the training data");
  if (validation != nullptr) CheckData(model, *validation, options.loss, "the validation data");
  Trainer trainer(model, train, validation, options, callbacks);
  if (resume && std::filesystem::exists(options.checkpoint)) trainer.Resume();
  return trainer.Run();
}

LossSum EvaluateModel(Model& model, const Dataset& data, Loss loss, const Execution& execution,
                      const LossOptions& options) {
  CheckLossOptions(options);
  CheckData(model, data, loss, "the data");
  return EvaluateChecked(model, data, loss, options, execution);
}

}  // namespace fallow::nn
