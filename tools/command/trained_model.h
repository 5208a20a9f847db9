// A model that `fallow train` wrote, with data to use it on.
#ifndef FALLOW_TOOLS_TRAINED_MODEL_H_
#define FALLOW_TOOLS_TRAINED_MODEL_H_

#include <filesystem>
#include <string>
#include <vector>

#include "fallow/nn/loss.h"
#include "fallow/nn/model.h"
#include "tools/command/options.h"
#include "tools/command/samples.h"

namespace fallow::tools {

struct ModelOptions {
  std::string model;
  std::string data;
  Source source;
  std::uint64_t threads = 0;

  Execution execution() const { return {.max_threads = static_cast<int>(threads), .target = {}}; }
};

// Adds the model's file, the options that name data, and --threads.
void AddModelOptions(Options& options, ModelOptions& model);

struct ModelAndData {
  nn::Sequential model;
  nn::Loss loss;
  nn::Dataset data;  // Scaled as the model expects it; y has no rows if the options name no labels.
  std::vector<std::string> classes;

  std::string ClassName(std::size_t index) const {
    return index < classes.size() ? classes[index] : std::to_string(index);
  }
};

// Throws UsageError or nn::Error if either cannot be read, or if they do not fit each other.
ModelAndData LoadModelAndData(const ModelOptions& options);

// Saves the model with what LoadModelAndData needs to know.
void SaveTrainedModel(const std::filesystem::path& path, nn::Sequential& model, nn::Loss loss,
                      const InputScaling& scaling);

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_TRAINED_MODEL_H_
