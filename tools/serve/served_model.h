// A model as it is served: loaded once, then never changed.
#ifndef FALLOW_TOOLS_SERVE_SERVED_MODEL_H_
#define FALLOW_TOOLS_SERVE_SERVED_MODEL_H_

#include <filesystem>
#include <string>
#include <vector>

#include "fallow/nn/loss.h"
#include "fallow/nn/model.h"
#include "tools/command/samples.h"

namespace fallow::serve {

struct ServedModel {
  std::string name;
  std::string version;      // "1" for the first that was loaded, one more after each reload.
  std::string platform;     // What the file is: "onnx" or "safetensors".
  std::string input_name;   // FP32, of shape (-1, the model's input).
  std::string output_name;  // FP32, of shape (-1, the model's output).
  nn::Model model;
  nn::Loss loss;  // What makes the outputs probabilities.
  tools::InputScaling scaling;
  std::vector<std::string> classes;  // Names of the outputs; may be empty.

  std::size_t inputs() const { return model.input_shape().elements(); }
  std::size_t outputs() const { return model.output_shape().elements(); }
  bool has_entropy() const { return nn::HasAccuracy(loss); }
};

// A file of nn::SaveOnnx, nn::SaveModel, or ONNX of another program, told apart by ending. Whether outputs are
// probabilities, files of `fallow train` say; of others, a softmax or sigmoid at the end does. Throws nn::Error, or
// tools::UsageError, naming the file.
ServedModel LoadServedModel(const std::string& name, const std::string& version, const std::filesystem::path& path);

}  // namespace fallow::serve

#endif  // FALLOW_TOOLS_SERVE_SERVED_MODEL_H_
