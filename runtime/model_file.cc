#include "fallow/nn/model_file.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "fallow/nn/layers.h"
#include "runtime/file_error.h"
#include "runtime/tensor_file.h"
#include "runtime/wiring.h"

namespace fallow::nn {
namespace {

constexpr char kLayers[] = "fallow.layers";
constexpr char kInputShape[] = "fallow.input_shape";

const std::string& Get(const TensorFile& file, const char* key) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) throw Error(std::string("not a model: no '") + key + "' in the metadata");
  return found->second;
}

// Throws Error if the layers have more parameters than the file has values: a model is built with all its memory before
// its parameters are compared with the file's, and the file may be hostile.
void CheckSize(const TensorFile& file, const Shape& input_shape, const std::string& list) {
  std::uint64_t values = 0;
  for (const TensorFile::Entry& entry : file.entries) values += entry.value.values().size();
  const std::vector<std::unique_ptr<Layer>> layers = ParseLayers(list);
  const ModelPlan plan = PlanModel(layers, Wire(layers), input_shape);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (plan.parameters[i] > values) {
      throw Error("layer '" + layers[i]->Spec() + "' has more weights than there are values");
    }
    values -= plan.parameters[i];
  }
}

// `kInputShape` in the metadata, such as "28x28".
Shape GetInputShape(const TensorFile& file) {
  try {
    return ParseShape(Get(file, kInputShape));
  } catch (const Error&) {
    throw Error(std::string("'") + kInputShape + "' is not a shape");
  }
}

Model BuildModel(const std::filesystem::path& path, const TensorFile& file) {
  try {
    const std::string& layers = Get(file, kLayers);
    const Shape input_shape = GetInputShape(file);
    CheckSize(file, input_shape, layers);
    return Model(input_shape, layers, /*seed=*/0);
  } catch (const Error& error) {
    throw FileError(path, error.what());
  }
}

}  // namespace

void SaveModel(const std::filesystem::path& path, Model& model, const std::map<std::string, std::string>& metadata) {
  std::vector<TensorView> tensors;
  for (const NamedParameter& named : model.parameters()) {
    tensors.push_back({named.name, FileShape(*named.parameter), std::as_const(named.parameter->value).values()});
  }
  std::map<std::string, std::string> all = metadata;
  all[kLayers] = model.Layers();
  all[kInputShape] = model.input_shape().ToString();
  WriteTensors(path, tensors, all);
}

LoadedModel LoadModel(const std::filesystem::path& path) {
  TensorFile file = ReadTensorFile(path);
  Model model = BuildModel(path, file);
  const std::vector<NamedParameter> parameters = model.parameters();
  if (file.entries.size() != parameters.size()) {
    throw FileError(path, "holds " + std::to_string(file.entries.size()) + " tensors, the model has " +
                              std::to_string(parameters.size()));
  }
  const TensorIndex tensors(path, file);
  for (const auto& [name, parameter] : parameters) {
    std::ranges::copy(tensors.Get(name, FileShape(*parameter)).values(), parameter->value.data());
  }
  return {std::move(model), std::move(file.metadata)};
}

}  // namespace fallow::nn
