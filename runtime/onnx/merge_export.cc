// Layers that tie values together, reshape and permute.
#include <vector>

#include "runtime/onnx/operators.h"

namespace fallow::nn::onnx_io {

void ExportAdd(const LayerToWrite& layer, GraphWriter& writer) {
  writer.AddNode("Add", "add", {writer.value(), layer.other});
}

void ExportConcat(const LayerToWrite& layer, GraphWriter& writer) {
  SetInteger(writer.AddNode("Concat", "concat", {writer.value(), layer.other}), "axis", 1);
}

// The value that it names is the writer's already.
void ExportFrom(const LayerToWrite&, GraphWriter&) {}

void ExportPermute(const LayerToWrite& layer, GraphWriter& writer) {
  std::vector<std::int64_t> perm = {0};
  const Shape order = ParseShape(layer.argument);
  for (std::size_t i = 0; i < order.rank(); ++i) perm.push_back(static_cast<std::int64_t>(order[i]));
  SetIntegers(writer.AddNode("Transpose", "permute", {writer.value()}), "perm", perm);
}

void ExportReshape(const LayerToWrite& layer, GraphWriter& writer) {
  std::vector<std::int64_t> dims = {0};  // As many samples as there are.
  for (std::size_t i = 0; i < layer.output.rank(); ++i) dims.push_back(static_cast<std::int64_t>(layer.output[i]));
  const std::string x = writer.value();
  writer.AddNode("Reshape", "reshape", {x, writer.AddIntegers("shape", dims)});
}

}  // namespace fallow::nn::onnx_io
