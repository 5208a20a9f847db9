// Models, and data to use them on.
#ifndef FALLOW_TOOLS_TRAINED_MODEL_H_
#define FALLOW_TOOLS_TRAINED_MODEL_H_

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fallow/nn/loss.h"
#include "fallow/nn/model.h"
#include "fallow/nn/model_file.h"
#include "tools/command/options.h"
#include "tools/command/samples.h"

namespace fallow::tools {

bool IsOnnx(const std::filesystem::path& path);  // By its name.
// Reads a model from ONNX or else safetensors.
nn::LoadedModel ReadModel(const std::filesystem::path& path);

// A model of logits, with what a file of `fallow train` says of it. A file that another program wrote says neither its
// loss nor how inputs are scaled. Then the loss is `loss`, or follows from a softmax or sigmoid at the end, or is not
// known; and as losses take logits, its own function is left out if it is at the end.
struct TrainedModel {
  nn::Model model;
  std::optional<nn::Loss> loss;
  std::optional<InputScaling> scaling;
  std::vector<std::string> classes;  // Names of the outputs; empty if the file has none.
};
TrainedModel MakeTrainedModel(nn::LoadedModel loaded, std::optional<nn::Loss> loss = {});

struct ModelOptions {
  std::string model;
  std::string loss;  // Empty: as the file says.
  std::string data;
  Source source;
  std::uint64_t threads = 0;

  Execution execution() const { return {.max_threads = static_cast<int>(threads), .target = {}}; }
};

// Adds the model's file, the options that name data, --loss and --threads.
void AddModelOptions(Options& options, ModelOptions& model);

struct ModelAndData {
  nn::Model model;
  nn::Loss loss;
  nn::Dataset data;  // Scaled as the model expects it; y has no rows if the options name no labels.
  std::vector<std::string> classes;

  std::string ClassName(std::size_t index) const {
    return index < classes.size() ? classes[index] : std::to_string(index);
  }
};

// Of a TrainedModel without scaling, bytes are divided by 255 and other inputs left as they are; the loss must be the
// option's if the file says none.
//
// Throws UsageError or nn::Error if either cannot be read, or if they do not fit each other.
ModelAndData LoadModelAndData(const ModelOptions& options);

// Saves the model with what MakeTrainedModel needs to know. `classes`, perhaps none, hold no commas.
void SaveTrainedModel(const std::filesystem::path& path, nn::Model& model, nn::Loss loss, const InputScaling& scaling,
                      const std::vector<std::string>& classes);

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_TRAINED_MODEL_H_
