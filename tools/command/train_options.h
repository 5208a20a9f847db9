// What `fallow train` and `fallow profile` can be told, on the command line or in a configuration file.
#ifndef FALLOW_TOOLS_TRAIN_OPTIONS_H_
#define FALLOW_TOOLS_TRAIN_OPTIONS_H_

#include <cstdint>
#include <string>

#include "fallow/nn/training.h"
#include "tools/command/options.h"
#include "tools/command/samples.h"

namespace fallow::tools {

struct TrainOptions {
  std::string config;
  std::string run;
  bool resume = false, force = false;

  std::string data;
  Source train, test;
  std::uint64_t limit = 0;
  double validation = 0;

  std::string layers;
  double l1 = 0, l2 = 0, max_norm = 0;

  std::string loss;  // Empty: by the task.
  std::uint64_t epochs = 10, batch_size = 128, patience = 0, seed = 1, threads = 0, warmup = 0;
  std::string optimizer = "adam", schedule = "constant";
  double learning_rate = 1e-3, momentum = 0, weight_decay = 0, clip_norm = 0, clip_value = 0;
  double label_smoothing = 0, huber_delta = 1;

  std::string rate_control = "constant", rate_layers;
  nn::RateControlOptions rates;  // Its numbers; as options, counts are these.
  std::uint64_t rate_ramp = 0, rate_hold = 2;
};

// What --layers takes, for people.
inline constexpr const char* kLayersHelp =
    "Layers\n"
    "  dense:UNITS, relu, leaky_relu, elu, selu, gelu, silu, sigmoid, tanh, softmax, flatten, reshape:SHAPE,\n"
    "  permute:DxD (the dimensions of a sample, from 1, in another order)\n"
    "  dropout:RATE, spatial_dropout1d:RATE and 2d, alpha_dropout:RATE, gaussian_dropout:RATE, gaussian_noise:STDDEV,\n"
    "  drop_path:RATE, drop_block2d:RATE:BLOCK_SIZE, dropconnect:UNITS:RATE, concrete_dropout, batch_norm, layer_norm\n"
    "  conv2d:FILTERS:KERNEL, maxpool2d:KERNEL, avgpool2d:KERNEL, the same with 1d, global_avgpool, global_maxpool\n"
    "  embedding:VOCABULARY:DIM, lstm:UNITS, gru:UNITS, attention:HEADS, transformer:DIM:HEADS:FEED_FORWARD,\n"
    "  dense_last:UNITS: a dense layer for each position; activity_regularization:l1=X:l2=X: a penalty on values\n"
    "  dense:128:relu is short for dense:128,relu; a dense layer may end in :l1=X, :l2=X, :max_norm=X or "
    ":unit_norm=1.\n"
    "  '@NAME' behind a layer names what it makes, for add:NAME, concat:NAME and from:NAME: connections around "
    "layers.\n"
    "  fallow/nn/layers.h and the headers beside it say what each does and what options it takes.";

// What --rate-control takes, for people.
inline constexpr const char* kRateControlHelp =
    "Rate control\n"
    "  The rates in --layers are where 'gap' begins, and what the other two are a part of:\n"
    "  linear      rate * (from + (to - from) * min(1, t / ramp)) at step t; --rate-from 1 --rate-to 0: annealed\n"
    "  curriculum  rate * (1 - exp(-gamma * t)) at step t: curriculum dropout\n"
    "  gap         after each epoch, by (validation loss - training loss) / validation loss, both without dropout:\n"
    "              above --rate-high for --rate-hold epochs in a row, rates grow by --rate-step; below --rate-low for\n"
    "              as long, they shrink; never beyond --rate-least and --rate-most. Needs --validation\n"
    "  history.csv has the rates of each epoch; curves.png shows them; the model keeps those of its epoch.";

// Where a run's results go.
void AddRunOptions(Options& options, TrainOptions& train);
// All that training itself depends on, and the configuration file it may be in.
void AddTrainOptions(Options& options, TrainOptions& train);

// Reads the configuration file, if any, into the options that the command line left alone, and settles what depends on
// others: the run folder and the names of the data's files, which become absolute. Throws UsageError.
void ResolveTrainOptions(const Options& options, TrainOptions& train);

// Without `checkpoint`.
nn::TrainingOptions ToTrainingOptions(const TrainOptions& train);

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_TRAIN_OPTIONS_H_
