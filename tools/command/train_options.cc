#include "tools/command/train_options.h"

#include "tools/command/command.h"
#include "tools/command/config.h"
#include "tools/command/numbers.h"
#include "tools/command/run.h"
#include "tools/command/text.h"

namespace fallow::tools {
namespace {

// Far more than any machine can hold or run, far less than what overflows.
constexpr std::uint64_t kMany = 1'000'000'000;

std::vector<std::size_t> ParseIndices(const std::string& text) {
  std::vector<std::size_t> indices;
  if (text.empty()) return indices;
  for (const std::string& part : Split(text, ',')) {
    std::uint64_t index = 0;
    if (!ParseWhole(part, &index)) throw UsageError("'" + text + "' is no list of whole numbers such as 2,5");
    indices.push_back(index);
  }
  return indices;
}

void AddDataOptions(Options& options, TrainOptions& train) {
  options.Group("Data");
  options.Text("--data", train.data, "A data set by name: fashion-mnist (Debian's package dataset-fashion-mnist)");
  options.Text("--train-images", train.train.images, "Training samples, an IDX file, plain or gzip");
  options.Text("--train-labels", train.train.labels,
               "Their labels, an IDX file: a class a sample, or one for each position of a sequence");
  options.Text("--test-images", train.test.images, "Test samples, an IDX file");
  options.Text("--test-labels", train.test.labels, "Their labels, an IDX file");
  options.Text("--csv", train.train.csv, "Training samples, a table of numbers, plain or gzip");
  options.Text("--target", train.train.target, "Its column to predict: a name or a number from 1");
  options.Text("--test-csv", train.test.csv, "Test samples, a table with the same columns");
  options.Whole("--limit", train.limit, 0, kMany, "Use the first N training samples only; 0: all");
  options.Real("--validation", train.validation, 0, 0.999, "Share of the training samples to keep for validation");
}

void AddModelOptions(Options& options, TrainOptions& train) {
  options.Group("Model");
  options.Text("--layers", train.layers, "The layers, such as dense:128:relu,dropout:0.5,dense:10")
      .KnownBy(nn::ParseLayers);
  options.Real("--l1", train.l1, 0, kInfinity, "L1 penalty of all dense weights without one of their own");
  options.Real("--l2", train.l2, 0, kInfinity, "L2 penalty, likewise");
  options.Real("--max-norm", train.max_norm, 0, kInfinity,
               "Largest norm of the weights into one unit, likewise; 0: any");
}

void AddTrainingOptions(Options& options, TrainOptions& train) {
  options.Group("Training");
  options
      .Text("--loss", train.loss,
            "softmax_cross_entropy, binary_cross_entropy, mean_squared_error, huber or "
            "gaussian_negative_log_likelihood; by the task if left out")
      .KnownBy(nn::ParseLoss);
  options.Real("--label-smoothing", train.label_smoothing, 0, 0.999999,
               "Of softmax_cross_entropy: so much of each target is spread over all classes");
  options.Real("--huber-delta", train.huber_delta, 1e-9, kInfinity, "Of huber: where squares become lines");
  options.Whole("--epochs", train.epochs, 1, kMany, "Passes over the training samples");
  options.Whole("--batch-size", train.batch_size, 1, kMany, "Samples a step");
  options.Text("--optimizer", train.optimizer, "sgd, adam or adamw").KnownBy(nn::ParseAlgorithm);
  options.Real("--learning-rate", train.learning_rate, 0, kInfinity, "Step size");
  options.Real("--momentum", train.momentum, 0, 0.999999, "Of sgd");
  options.Real("--weight-decay", train.weight_decay, 0, kInfinity,
               "Decoupled for adamw, added to the gradient otherwise");
  options.Real("--clip-norm", train.clip_norm, 0, kInfinity, "Largest norm of all gradients of a step; 0: any");
  options.Real("--clip-value", train.clip_value, 0, kInfinity, "Largest magnitude of a gradient's element; 0: any");
  options.Text("--schedule", train.schedule, "Of the step size: constant, cosine or step").KnownBy(nn::ParseSchedule);
  options.Whole("--warmup", train.warmup, 0, kMany, "Steps over which the step size first grows from 0");
  options.Whole("--patience", train.patience, 0, kMany,
                "Stop after N epochs without a better validation loss and keep the best weights; 0: never");
  options.Whole("--seed", train.seed, 0, kNoLimit, "Of weights, shuffling and dropout");
}

void AddRateOptions(Options& options, TrainOptions& train) {
  options.Group("Rate control");
  options.Text("--rate-control", train.rate_control, "How dropout rates move: constant, linear, curriculum or gap")
      .KnownBy(nn::ParseRateControl);
  options
      .Text("--rate-layers", train.rate_layers, "Which: indices from 0 with activations counted, such as 2,5; or all")
      .KnownBy(ParseIndices);
  options.Real("--rate-from", train.rates.from, 0, 1, "Of linear: the part of the rate at first");
  options.Real("--rate-to", train.rates.to, 0, 1, "Of linear: the part at last");
  options.Whole("--rate-ramp", train.rate_ramp, 0, kMany, "Of linear: epochs in between; 0: all");
  options.Real("--rate-gamma", train.rates.gamma, 0, kInfinity, "Of curriculum, a step; 0: 10 / steps of the run");
  options.Real("--rate-low", train.rates.low, -kInfinity, kInfinity, "Of gap: below it rates shrink");
  options.Real("--rate-high", train.rates.high, -kInfinity, kInfinity, "Of gap: above it rates grow");
  options.Whole("--rate-hold", train.rate_hold, 1, kMany, "Of gap: after so many epochs");
  options.Real("--rate-step", train.rates.step, 0, 1, "Of gap: by so much at once");
  options.Real("--rate-least", train.rates.least, 0, 1, "Of gap: the smallest rate");
  options.Real("--rate-most", train.rates.most, 0, 1, "Of gap: the largest");
}

// The folder of a run's own config.toml; otherwise runs/ and a name from what the user named first.
std::string DefaultRun(const TrainOptions& options) {
  const std::filesystem::path config = options.config;
  if (config.filename() == "config.toml" && config.has_parent_path()) return config.parent_path();
  const std::string& file = !options.config.empty()      ? options.config
                            : !options.data.empty()      ? options.data
                            : !options.train.csv.empty() ? options.train.csv
                                                         : options.train.images;
  return std::filesystem::path("runs") / std::filesystem::path(file).stem();
}

void CheckDataOptions(const TrainOptions& options) {
  const bool idx = !options.train.images.empty() || !options.train.labels.empty();
  const bool csv = !options.train.csv.empty();
  if ((options.data.empty() ? 0 : 1) + (idx ? 1 : 0) + (csv ? 1 : 0) != 1) {
    throw UsageError("give the training data by one of --data, --train-images with --train-labels, and --csv");
  }
  if (csv && options.train.target.empty()) throw UsageError("--csv needs --target, the column to predict");
  if (!csv && (!options.train.target.empty() || !options.test.csv.empty())) {
    throw UsageError("--target and --test-csv go with --csv");
  }
  if (idx && (options.train.images.empty() || options.train.labels.empty())) {
    throw UsageError("--train-images and --train-labels go together");
  }
  if (options.test.images.empty() != options.test.labels.empty()) {
    throw UsageError("--test-images and --test-labels go together");
  }
  if (!idx && !options.test.images.empty()) throw UsageError("--test-images and --test-labels go with --train-images");
}

// Gives every dense layer of the list the penalties that it has not been given there, so that whoever reads the list
// reads them.
std::string WithPenalties(const TrainOptions& options) {
  const std::pair<const char*, double> penalties[] = {
      {":l1=", options.l1}, {":l2=", options.l2}, {":max_norm=", options.max_norm}};
  std::string list;
  for (std::string layer : Split(options.layers, ',')) {
    const bool dense = layer.find_first_not_of(' ') == layer.find("dense:");
    for (const auto& [name, value] : penalties) {
      if (dense && value > 0 && layer.find(name) == std::string::npos) layer += name + FormatReal(value);
    }
    list += (list.empty() ? "" : ",") + layer;
  }
  return list;
}

void MakeAbsolute(std::string& path) {
  if (!path.empty()) path = std::filesystem::absolute(path).lexically_normal();
}

}  // namespace

void AddRunOptions(Options& options, TrainOptions& train) {
  options.Text("--run", train.run, "Folder for the results; runs/ and the name of the file or data if left out")
      .NotInConfig();
  options.Flag("--resume", train.resume, "Continue the run in the folder, if there is one");
  options.Flag("--force", train.force, "Replace the run in the folder, if there is one");
}

void AddTrainOptions(Options& options, TrainOptions& train) {
  options.Text("--config", train.config, "A file with these options, one 'name = value' a line; flags override it")
      .NotInConfig();
  options.Whole("--threads", train.threads, 0, 4096, "Most threads to use; 0: all. Results do not depend on it");
  AddDataOptions(options, train);
  AddModelOptions(options, train);
  AddTrainingOptions(options, train);
  AddRateOptions(options, train);
}

void ResolveTrainOptions(const Options& command_line, TrainOptions& options) {
  if (options.resume && options.force) throw UsageError("--resume and --force exclude each other");
  const RunFiles old{options.run};
  if (options.resume && options.config.empty() && !options.run.empty() && std::filesystem::exists(old.config())) {
    options.config = old.config();
  }
  if (!options.config.empty()) ApplyConfig(command_line, options.config);
  CheckDataOptions(options);
  if (options.layers.empty()) throw UsageError("--layers is missing, on the command line or in a --config file");
  if (options.patience > 0 && options.validation == 0) {
    throw UsageError("--patience needs --validation: stopping by the test data would make the test too kind");
  }
  if (options.rate_control == "gap" && options.validation == 0) {
    throw UsageError("--rate-control gap needs --validation: rates set by the test data would make the test too kind");
  }
  options.layers = WithPenalties(options);
  if (options.run.empty()) options.run = DefaultRun(options);
  if (!options.train.csv.empty()) options.test.target = options.train.target;
  for (std::string* path : {&options.train.images, &options.train.labels, &options.train.csv, &options.test.images,
                            &options.test.labels, &options.test.csv}) {
    MakeAbsolute(*path);
  }
}

nn::TrainingOptions ToTrainingOptions(const TrainOptions& options) {
  nn::TrainingOptions training;
  training.loss = nn::ParseLoss(options.loss);
  training.optimizer.algorithm = nn::ParseAlgorithm(options.optimizer);
  training.optimizer.learning_rate = options.learning_rate;
  training.optimizer.momentum = options.momentum;
  training.loss_options = {.label_smoothing = options.label_smoothing, .delta = options.huber_delta};
  training.optimizer.weight_decay = options.weight_decay;
  training.optimizer.clip_norm = options.clip_norm;
  training.optimizer.clip_value = options.clip_value;
  training.schedule.schedule = nn::ParseSchedule(options.schedule);
  training.schedule.warmup_steps = options.warmup;
  training.rate_control = options.rates;
  training.rate_control.control = nn::ParseRateControl(options.rate_control);
  training.rate_control.layers = ParseIndices(options.rate_layers);
  training.rate_control.ramp_epochs = options.rate_ramp;
  training.rate_control.hold = options.rate_hold;
  training.epochs = options.epochs;
  training.batch_size = options.batch_size;
  training.seed = options.seed;
  training.early_stopping_patience = options.patience;
  training.execution.max_threads = static_cast<int>(options.threads);
  return training;
}

}  // namespace fallow::tools
