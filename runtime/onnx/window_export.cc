// Convolutions and pooling as nodes.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/onnx/operators.h"
#include "runtime/window.h"

namespace fallow::nn::onnx_io {
namespace {

Window WindowOf(const LayerToWrite& layer) {
  const auto layers = ParseLayers(std::string(layer.kind) + ':' + std::string(layer.argument));
  return dynamic_cast<const Windowed&>(*layers[0]).window();
}

std::vector<std::int64_t> Numbers(const Window& window, Size2D size) {
  const auto height = static_cast<std::int64_t>(size.height), width = static_cast<std::int64_t>(size.width);
  if (window.rank == 1) return {width};
  return {height, width};
}

void SetWindow(const Window& window, ::onnx::NodeProto* node) {
  const Size2D before = window.before(), reach = window.reach();
  const Size2D after = window.same_padding ? Size2D{reach.height - before.height, reach.width - before.width} : before;
  std::vector<std::int64_t> pads = Numbers(window, before);
  for (const std::int64_t pad : Numbers(window, after)) pads.push_back(pad);
  SetIntegers(node, "kernel_shape", Numbers(window, window.kernel));
  SetIntegers(node, "strides", Numbers(window, window.stride));
  SetIntegers(node, "pads", pads);
}

bool HasChannels(const Window& window, const LayerToWrite& layer) { return layer.input.rank() > window.rank; }

::onnx::NodeProto* AddPool(const LayerToWrite& layer, const char* operator_name, GraphWriter& writer) {
  const Window window = WindowOf(layer);
  if (!HasChannels(window, layer)) throw Error("pooling of samples without channels has no form in ONNX");
  ::onnx::NodeProto* node = writer.AddNode(operator_name, "pool", {writer.value()});
  SetWindow(window, node);
  return node;
}

}  // namespace

void ExportConvolution(const LayerToWrite& layer, GraphWriter& writer) {
  const Window window = WindowOf(layer);
  if (!HasChannels(window, layer)) {
    std::string x = writer.value();
    writer.AddNode("Unsqueeze", "channel", {std::move(x), writer.AddIntegers("axes", {1})});
  }
  const Tensor& weight = layer.parameters[0]->value;
  const Shape& row = weight.sample_shape();
  std::vector<std::size_t> dims = {weight.rows()};
  for (std::size_t i = 0; i < row.rank(); ++i) dims.push_back(row[i]);
  std::vector<std::string> inputs = {writer.value(), writer.AddFloats("weight", dims, weight.values())};
  if (layer.parameters.size() > 1) {
    const Tensor& bias = layer.parameters[1]->value;
    inputs.push_back(writer.AddFloats("bias", {bias.cols()}, bias.values()));
  }
  ::onnx::NodeProto* node = writer.AddNode("Conv", "conv", std::move(inputs));
  SetWindow(window, node);
  SetIntegers(node, "dilations", Numbers(window, window.dilation));
  const std::size_t channels = HasChannels(window, layer) ? layer.input[0] : 1;
  SetInteger(node, "group", static_cast<std::int64_t>(channels / row[0]));
}

void ExportMaxPool(const LayerToWrite& layer, GraphWriter& writer) { AddPool(layer, "MaxPool", writer); }

void ExportAveragePool(const LayerToWrite& layer, GraphWriter& writer) {
  const bool counts = layer.argument.find("count_include_pad=0") == std::string_view::npos;
  SetInteger(AddPool(layer, "AveragePool", writer), "count_include_pad", counts ? 1 : 0);
}

void ExportGlobalPool(const LayerToWrite& layer, GraphWriter& writer) {
  if (layer.input.rank() != 2 && layer.input.rank() != 3) {
    throw Error("global pooling over " + std::to_string(layer.input.rank()) + " dimensions, expected 2 or 3");
  }
  writer.AddNode(layer.kind == "global_avgpool" ? "GlobalAveragePool" : "GlobalMaxPool", "pool", {writer.value()});
  if (layer.argument.empty()) {
    std::string x = writer.value();
    SetInteger(writer.AddNode("Flatten", "flatten", {std::move(x)}), "axis", 1);
  }
}

}  // namespace fallow::nn::onnx_io
