// The state of a training run between two epochs, on disk.
#ifndef FALLOW_RUNTIME_CHECKPOINT_H_
#define FALLOW_RUNTIME_CHECKPOINT_H_

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/training.h"

namespace fallow::nn {

// The names and values of all settings that a run's weights depend on, other than the number of epochs. `rate_control`:
// RateMoves::Describe.
using RunSettings = std::vector<std::pair<std::string, std::string>>;
RunSettings DescribeRun(const Model& model, const Dataset& train, const Dataset* validation,
                        const TrainingOptions& options, const std::string& rate_control);

// What changes from epoch to epoch besides the model and the optimizer.
struct TrainingState {
  std::vector<EpochRecord> history;
  std::vector<Tensor> best_weights;  // One a parameter; none without early stopping.
};

// A safetensors file: parameters and optimizer slots under their own names, the best weights as "best.<parameter>";
// settings and history in the metadata.
void WriteCheckpoint(const std::filesystem::path& path, const RunSettings& settings, const TrainingOptions& options,
                     const TrainingState& state, Model& model, Optimizer& optimizer);

// Restores all that WriteCheckpoint wrote but the optimizer's step count, which follows from the history. Throws Error,
// before it changes anything, if the file is damaged or its run had other settings.
void ReadCheckpoint(const std::filesystem::path& path, const RunSettings& settings, const TrainingOptions& options,
                    TrainingState* state, Model& model, Optimizer& optimizer);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_CHECKPOINT_H_
