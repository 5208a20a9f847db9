// BatchNormalization and LayerNormalization.
#include <utility>

#include "fallow/nn/error.h"
#include "fallow/nn/norm_layers.h"
#include "runtime/onnx/decimal.h"
#include "runtime/onnx/norm_options.h"
#include "runtime/onnx/operators.h"
#include "runtime/onnx/text.h"

namespace fallow::nn::onnx_io {
namespace {

constexpr float kDefaultEpsilon = 1e-5f;
constexpr float kDefaultMomentum = 0.9f;
constexpr std::int64_t kSpatialAlways = 9;  // Since this opset.

void ExpectDimensions(const Chain& chain) {
  if (chain.shape.rank() > 0) return;
  throw Error("the input is " + BatchOf(chain.shape) + ", expected at least one dimension behind the batch");
}

}  // namespace

// Inputs: x, scale, B, mean, var. As with Dropout, training_mode and the outputs behind the first are the exporter's.
void ImportBatchNormalization(Node& node, Chain& chain) {
  node.ExpectInputs(5, 5);
  node.ExpectData(0, chain);
  ExpectDimensions(chain);
  if (node.opset() < kSpatialAlways) node.attributes().ExpectInteger("spatial", 1, 1);
  node.attributes().Integer("training_mode", 0);
  const float epsilon = node.attributes().Float("epsilon", kDefaultEpsilon);
  const float momentum = node.attributes().Float("momentum", kDefaultMomentum);
  const std::size_t channels = chain.shape[0];
  ChainLayer layer;
  layer.spec = MakeBatchNorm({.momentum = FromOnnxMomentum(momentum), .eps = DecimalOf(epsilon)})->Spec();
  for (int i = 1; i <= 4; ++i) layer.parameters.push_back(node.Floats(node.input(i), channels));
  chain.layers.push_back(std::move(layer));
}

// Inputs: x, scale, and perhaps B.
void ImportLayerNormalization(Node& node, Chain& chain) {
  node.ExpectInputs(2, 3);
  node.ExpectData(0, chain);
  ExpectDimensions(chain);
  const auto rank = static_cast<std::int64_t>(chain.shape.rank());
  const std::int64_t axis = node.attributes().Integer("axis", -1);
  if (axis != -1 && axis != rank) {
    throw Error("attribute axis has " + std::to_string(axis) + ", expected the last, -1 or " + std::to_string(rank));
  }
  node.attributes().Integer("stash_type", 1);
  const float epsilon = node.attributes().Float("epsilon", kDefaultEpsilon);
  const std::size_t size = chain.shape[chain.shape.rank() - 1];
  ChainLayer layer;
  layer.spec = MakeLayerNorm(DecimalOf(epsilon))->Spec();
  layer.parameters.push_back(node.Floats(node.input(1), size));
  layer.parameters.push_back(node.has_input(2) ? node.Floats(node.input(2), size) : std::vector<float>(size, 0.0f));
  chain.layers.push_back(std::move(layer));
}

void ExportBatchNorm(const LayerToWrite& layer, GraphWriter& writer) {
  const BatchNormOptions options = ReadBatchNorm(layer.argument);
  std::vector<std::string> inputs = {writer.value()};
  for (const Parameter* parameter : layer.parameters) {
    inputs.push_back(writer.AddFloats(parameter->name, {parameter->value.cols()}, parameter->value.values()));
  }
  auto* node = writer.AddNode("BatchNormalization", "batch_norm", std::move(inputs));
  SetFloat(node, "epsilon", static_cast<float>(options.eps));
  SetFloat(node, "momentum", ToOnnxMomentum(options.momentum));
}

void ExportLayerNorm(const LayerToWrite& layer, GraphWriter& writer) {
  std::vector<std::string> inputs = {writer.value()};
  for (const Parameter* parameter : layer.parameters) {
    inputs.push_back(writer.AddFloats(parameter->name, {parameter->value.cols()}, parameter->value.values()));
  }
  auto* node = writer.AddNode("LayerNormalization", "layer_norm", std::move(inputs));
  SetInteger(node, "axis", -1);
  SetFloat(node, "epsilon", static_cast<float>(ReadLayerNorm(layer.argument)));
}

}  // namespace fallow::nn::onnx_io
