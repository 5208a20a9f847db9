// Attention as the nodes that it is made of.
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "fallow/nn/attention.h"
#include "runtime/onnx/attention.h"
#include "runtime/onnx/dense.h"
#include "runtime/onnx/norm_options.h"
#include "runtime/onnx/operators.h"

namespace fallow::nn::onnx_io {
namespace {

struct Arguments {
  std::size_t heads;
  double dropout;
  bool causal;
};

// "2:dropout=0.1:causal=1"
Arguments ReadArguments(std::string_view text) {
  const std::string_view heads = text.substr(0, text.find(':'));
  return {static_cast<std::size_t>(ParseNumber(heads)), ReadOption(text, "dropout=", 0),
          text.find(":causal=1") != std::string_view::npos};
}

// One of queries, keys and values.
std::string AddPart(const std::string& parts, const char* name, std::int64_t index, GraphWriter& writer) {
  const std::string at = writer.AddInteger(std::string(name) + "_index", index);
  SetInteger(writer.AddNode("Gather", name, {parts, at}), "axis", 0);
  return writer.value();
}

// What is added to scores: 0, and -inf where a key is behind the query.
std::string AddCausalMask(std::size_t positions, GraphWriter& writer) {
  std::vector<float> mask(positions * positions, 0.0f);
  for (std::size_t i = 0; i < positions; ++i) {
    for (std::size_t j = i + 1; j < positions; ++j) {
      mask[i * positions + j] = -std::numeric_limits<float>::infinity();
    }
  }
  return writer.AddFloats("mask", {positions, positions}, mask);
}

void Transpose(const char* name, const std::string& x, const std::vector<std::int64_t>& perm, GraphWriter& writer) {
  SetIntegers(writer.AddNode("Transpose", name, {x}), "perm", perm);
}

}  // namespace

// The heads of all three parts at once: (samples, positions, part, head, column), and the parts to the front.
void ExportAttention(const LayerToWrite& layer, GraphWriter& writer) {
  const Arguments arguments = ReadArguments(layer.argument);
  const std::size_t positions = layer.input[0], dims = layer.input[1], columns = dims / arguments.heads;
  const auto number = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  const bool has_bias = layer.parameters.size() > kInBias;
  const auto bias = [&](AttentionParameter i) { return has_bias ? layer.parameters[i] : nullptr; };

  AddLinear(writer.value(), *layer.parameters[kInWeight], bias(kInBias), "in_proj.", writer);
  const std::string split =
      writer.AddIntegers("split", {0, number(positions), 3, number(arguments.heads), number(columns)});
  writer.AddNode("Reshape", "heads", {writer.value(), split});
  Transpose("parts", writer.value(), {2, 0, 3, 1, 4}, writer);
  const std::string parts = writer.value();
  const std::string q = AddPart(parts, "q", 0, writer), k = AddPart(parts, "k", 1, writer);
  const std::string v = AddPart(parts, "v", 2, writer);
  Transpose("k_columns", k, {0, 1, 3, 2}, writer);
  writer.AddNode("MatMul", "products", {q, writer.value()});
  const std::string scale = writer.AddScalar("scale", 1 / std::sqrt(static_cast<float>(columns)));
  writer.AddNode("Mul", "scores", {writer.value(), scale});
  if (arguments.causal) {
    writer.AddNode("Add", "masked", {writer.value(), AddCausalMask(positions, writer)});
  }
  SetInteger(writer.AddNode("Softmax", "weights", {writer.value()}), "axis", -1);
  if (arguments.dropout != 0) AddDropout(arguments.dropout, writer);
  writer.AddNode("MatMul", "attended", {writer.value(), v});
  Transpose("positions", writer.value(), {0, 2, 1, 3}, writer);
  const std::string joined = writer.AddIntegers("join", {0, number(positions), number(dims)});
  writer.AddNode("Reshape", "joined", {writer.value(), joined});
  AddLinear(writer.value(), *layer.parameters[kOutWeight], bias(kOutBias), "out_proj.", writer);
}

}  // namespace fallow::nn::onnx_io
