// A training run and its folder.
#ifndef FALLOW_TOOLS_RUN_H_
#define FALLOW_TOOLS_RUN_H_

#include <filesystem>
#include <string>
#include <vector>

#include "fallow/nn/loss.h"
#include "fallow/nn/training.h"

namespace fallow::tools {

// What a run folder holds.
struct RunFiles {
  std::filesystem::path folder;

  std::filesystem::path config() const { return folder / "config.toml"; }
  std::filesystem::path checkpoint() const { return folder / "checkpoint.safetensors"; }
  std::filesystem::path history() const { return folder / "history.csv"; }
  std::filesystem::path events() const {
    return folder / "events.out.tfevents.fallow";
  }  // TensorBoard goes by ".tfevents.".
  std::filesystem::path model() const { return folder / "model.safetensors"; }
  std::filesystem::path curves() const { return folder / "curves.png"; }
  std::vector<std::filesystem::path> results() const { return {checkpoint(), history(), events(), model(), curves()}; }
};

std::string RunName(const std::filesystem::path& folder);  // The folder's own name.

// How training went.
struct Run {
  std::string name;
  nn::Loss loss = nn::Loss::kSoftmaxCrossEntropy;
  bool keeps_best = false;  // The model has the weights of its best epoch, not of its last.
  std::string held_out;     // What the validation figures were measured on: "test", "validation" or, if absent, "".
  std::vector<nn::EpochRecord> history;

  const nn::EpochRecord& model_epoch() const;  // The epoch whose weights the model has.
  double seconds_per_epoch() const;
};

// Whether any dropout rate changed from epoch to epoch.
bool RatesMove(const Run& run);

// history.csv: a header and one line an epoch. Columns without figures are left out. dropout_rate_N: of
// layer N.
std::string FormatHistory(const Run& run);

// Reads history.csv and config.toml of a run folder. Throws UsageError or nn::Error naming the file.
Run ReadRun(const std::filesystem::path& folder);

// Prints a table, one line a run: losses, accuracies, the gap between them, seconds an epoch.
void PrintRuns(const std::vector<Run>& runs);

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_RUN_H_
