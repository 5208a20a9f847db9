#include "tools/serve/served_model.h"

#include <memory>
#include <utility>

#include "fallow/nn/model_file.h"
#include "fallow/nn/onnx_file.h"
#include "tools/command/command.h"
#include "tools/command/trained_model.h"

namespace fallow::serve {

ServedModel LoadServedModel(const std::string& name, const std::string& version, const std::filesystem::path& path) {
  const bool onnx = tools::IsOnnx(path);
  std::string input_name = "input", output_name = "output";
  nn::LoadedModel loaded = [&] {
    if (!onnx) return nn::LoadModel(path);
    nn::OnnxModel model = nn::LoadOnnx(path);
    input_name = model.input_name;
    output_name = model.output_name;
    return nn::LoadedModel{std::move(model.model), std::move(model.metadata)};
  }();
  tools::TrainedModel trained = tools::MakeTrainedModel(std::move(loaded));
  ServedModel model{name,
                    version,
                    onnx ? "onnx" : "safetensors",
                    std::move(input_name),
                    std::move(output_name),
                    std::move(trained.model),
                    trained.loss.value_or(nn::Loss::kMeanSquaredError),
                    trained.scaling.value_or(tools::InputScaling()),
                    std::move(trained.classes)};
  const std::size_t columns = model.scaling.divisor.size();
  if (columns != 1 && columns != model.inputs()) {
    throw tools::UsageError(path.string() + ": scales " + std::to_string(columns) + " inputs, the model takes " +
                            std::to_string(model.inputs()));
  }
  return model;
}

}  // namespace fallow::serve
