#include "runtime/onnx/embedding.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/sequences.h"
#include "runtime/onnx/tensor_proto.h"
#include "runtime/onnx/text.h"
#include "runtime/onnx/trace.h"

namespace fallow::nn::onnx_io {

bool CastTokens(Node& node, Trace& trace) {
  const Value* value = node.has_input(0) ? trace.Find(node.input(0)) : nullptr;
  if (value == nullptr || !IsIntegerType(node.attributes().Integer("to", 0))) return false;
  const View* view = std::get_if<View>(value);
  const Tokens* tokens = std::get_if<Tokens>(value);
  if (view == nullptr && tokens == nullptr) return false;
  trace.Bind(node.output(0), tokens != nullptr ? *tokens : Tokens{*view});
  return true;
}

bool GatherRows(Node& node, Trace& trace) {
  const std::string& name = node.input(0);
  const Constant* table = node.constants().Find(name);
  if (table == nullptr || trace.Find(node.input(1)) == nullptr) return false;
  node.attributes().ExpectInteger("axis", 0, 0);
  if (table->tensor->dims_size() != 2) {
    throw Error("the table " + Quoted(name) + " is " + ToString(table->tensor->dims()) +
                ", expected (tokens, numbers)");
  }
  const std::vector<std::int64_t> dims = table->dims();
  const auto size = [&](std::size_t i) { return static_cast<std::size_t>(std::max(dims[i], std::int64_t{0})); };
  const std::unique_ptr<Layer> embedding = MakeEmbedding(size(0), size(1));
  ChainLayer layer{.spec = embedding->Spec()};
  layer.input = trace.WholeTokens(node.input(1));
  layer.parameters.push_back(node.constants().Floats(name));
  const Shape shape = embedding->Plan(trace.shape(layer.input)).output;
  trace.Bind(node.output(0), trace.WholeViewOf(trace.Add(std::move(layer), shape)));
  return true;
}

void ExportEmbedding(const LayerToWrite& layer, GraphWriter& writer) {
  std::string tokens = writer.value();
  if (!layer.of_integers) {
    SetInteger(writer.AddNode("Cast", "tokens", {std::move(tokens)}), "to", ::onnx::TensorProto::INT64);
    tokens = writer.value();
  }
  const Tensor& weight = layer.parameters[0]->value;
  std::string table = writer.AddFloats("weight", {weight.rows(), weight.cols()}, weight.values());
  writer.AddNode("Gather", "embedding", {std::move(table), std::move(tokens)});
}

}  // namespace fallow::nn::onnx_io
