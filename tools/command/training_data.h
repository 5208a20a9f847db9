// What a network is trained on.
#ifndef FALLOW_TOOLS_TRAINING_DATA_H_
#define FALLOW_TOOLS_TRAINING_DATA_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "fallow/nn/data.h"
#include "fallow/nn/loss.h"
#include "tools/command/samples.h"
#include "tools/command/train_options.h"

namespace fallow::tools {

// Everything that a run is trained and measured on, scaled.
struct TrainingData {
  nn::Dataset train;
  std::optional<nn::Dataset> validation, test;
  InputScaling scaling;
  std::vector<std::string> classes;  // Of known data; empty for others.

  const nn::Dataset* held_out() const { return validation ? &*validation : test ? &*test : nullptr; }
};

// Reads and splits what the options name. Throws UsageError or nn::Error.
TrainingData LoadData(const TrainOptions& options);

// The loss that the options name, or the one that suits the task of a network with such outputs. Throws nn::Error if
// the data does not suit it.
nn::Loss ChooseLoss(const TrainOptions& options, const nn::Shape& outputs, const TrainingData& data);

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_TRAINING_DATA_H_
