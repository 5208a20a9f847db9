// Makes a model of the layers of a graph.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/onnx_file.h"
#include "runtime/file_error.h"
#include "runtime/onnx/chain.h"
#include "runtime/onnx/description.h"
#include "runtime/onnx/graph.h"
#include "runtime/onnx/model_proto.h"
#include "runtime/onnx/text.h"
#include "runtime/onnx/trace.h"

namespace fallow::nn {
namespace {

using namespace onnx_io;
// Numbers that layers may take from tensors, for each byte of the file: each f32 four times. And what tiny files need.
constexpr std::size_t kNumbersAByte = 1;
constexpr std::size_t kFreeNumbers = 4096;

std::map<std::string, std::string> ReadMetadata(const ::onnx::ModelProto& proto) {
  std::map<std::string, std::string> metadata;
  for (const auto& entry : proto.metadata_props()) {
    if (metadata.emplace(entry.key(), entry.value()).second) continue;
    throw Error("the metadata have " + Quoted(entry.key()) + " twice");
  }
  return metadata;
}

// Of concrete dropout, which no operator has: SaveOnnx leaves it among the constants.
bool IsRate(const NamedParameter& named) { return named.parameter->name == "p_logit"; }

void FillRate(const Constants& constants, const NamedParameter& named) {
  if (constants.Find(named.name) == nullptr) return;
  const std::vector<float> values = constants.Floats(named.name);
  if (values.size() == 1) named.parameter->value.data()[0] = values[0];
}

// Takes the chain's numbers. The layers with other parameters than rates are the same, in the same order.
void FillParameters(Model& model, const Constants& constants, Chain& chain) {
  std::vector<NamedParameter> parameters = model.parameters();
  for (const NamedParameter& named : parameters) {
    if (IsRate(named)) FillRate(constants, named);
  }
  std::erase_if(parameters, IsRate);
  auto next = parameters.begin();
  for (ChainLayer& layer : chain.layers) {
    for (std::vector<float>& values : layer.parameters) {
      std::ranges::copy(values, (next++)->parameter->value.data());
      values = {};
    }
  }
}

OnnxModel Load(const std::filesystem::path& path) {
  const ProtoFile file = ReadProtoFile(path);
  Graph graph(file.proto, kFreeNumbers + kNumbersAByte * file.bytes);
  Trace trace(graph);
  trace.Follow();
  std::map<std::string, std::string> metadata = ReadMetadata(file.proto);
  const auto description = metadata.find(kLayersKey);
  const std::string layers =
      ListLayers(trace.chain().layers, trace.input_shape(), description == metadata.end() ? "" : description->second);
  Model model(trace.input_shape(), layers, /*seed=*/0);
  FillParameters(model, graph.constants(), trace.chain());
  const std::string input = graph.inputs().size() == 1 ? graph.inputs()[0]->name() : std::string(kModelInput);
  return {std::move(model), std::move(metadata), input, graph.output().name()};
}

}  // namespace

OnnxModel LoadOnnx(const std::filesystem::path& path) {
  try {
    return Load(path);
  } catch (const Error& error) {
    throw FileError(path, error.what());
  }
}

}  // namespace fallow::nn
