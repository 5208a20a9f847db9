#include "runtime/onnx/graph.h"

#include <algorithm>

#include "fallow/nn/error.h"
#include "runtime/onnx/text.h"

namespace fallow::nn::onnx_io {
namespace {

using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::NodeProto;
using ::onnx::ValueInfoProto;

// What the operators mean has not changed between these but where their importers say so. Before 7, shapes were matched
// by attributes.
constexpr std::int64_t kOldestOpset = 7;
constexpr std::int64_t kNewestOpset = 23;

bool IsOnnx(std::string_view domain) { return domain.empty() || domain == "ai.onnx"; }

std::int64_t FindOpset(const ModelProto& model) {
  if (!model.has_graph()) throw Error("not an ONNX model: has no graph");
  for (const auto& import : model.opset_import()) {
    if (!IsOnnx(import.domain())) continue;
    if (import.version() >= kOldestOpset && import.version() <= kNewestOpset) return import.version();
    throw Error("operators of opset " + std::to_string(import.version()) + ", expected " +
                std::to_string(kOldestOpset) + " to " + std::to_string(kNewestOpset));
  }
  throw Error("does not say which opset its operators are of");
}

}  // namespace

bool Is(const NodeProto& node, std::string_view operator_name) {
  return node.op_type() == operator_name && IsOnnx(node.domain());
}

bool IsRecurrent(const NodeProto& node) { return Is(node, "LSTM") || Is(node, "GRU"); }

bool IsRead(const NodeProto& node, int i) {
  constexpr int kLengths = 4;  // Of recurrent layers; then initial states.
  return !node.input(i).empty() && (i < kLengths || !IsRecurrent(node));
}

bool IsBinary(const NodeProto& node, std::string_view operator_name) {
  return Is(node, operator_name) && node.input_size() == 2 && node.output_size() == 1 && node.attribute_size() == 0;
}

const NodeProto* Producer(const Graph& graph, std::string_view value, std::string_view operator_name) {
  const NodeProto* node = graph.producer(value);
  return node != nullptr && Is(*node, operator_name) && node->output_size() == 1 ? node : nullptr;
}

Graph::Graph(const ModelProto& model, std::size_t most_numbers)
    : opset_(FindOpset(model)), constants_(model.graph(), most_numbers), zeros_(model.graph()) {
  const GraphProto& graph = model.graph();
  if (graph.sparse_initializer_size() > 0) throw Error("has sparse initializers, which are not read");
  DefineInputs(graph);
  DefineOutputs(graph);
  FindUses(graph);
  FoldConstants(graph);
}

void Graph::Define(const std::string& value) {
  if (!values_.try_emplace(value).second) throw Error("the value " + Quoted(value) + " is defined twice");
}

// Before version 4 of the format, initializers were inputs too.
void Graph::DefineInputs(const GraphProto& graph) {
  for (const auto& tensor : graph.initializer()) Define(tensor.name());
  for (const ValueInfoProto& input : graph.input()) {
    if (constants_.Find(input.name()) != nullptr) continue;
    Define(input.name());
    inputs_.push_back(&input);
  }
  if (inputs_.empty()) throw Error("the graph has no inputs, expected at least one");
}

void Graph::DefineOutputs(const GraphProto& graph) {
  for (const NodeProto& node : graph.node()) {
    for (const std::string& input : node.input()) {
      if (input.empty() || values_.contains(input)) continue;
      throw Error(Label(node) + ": input " + Quoted(input) + " is not defined before it");
    }
    for (const std::string& output : node.output()) {
      if (!output.empty()) Define(output);
    }
    if (node.output_size() > 0 && !node.output(0).empty()) values_.find(node.output(0))->second.producer = &node;
  }
  if (graph.output_size() != 1) {
    throw Error("the graph has " + std::to_string(graph.output_size()) + " outputs, expected one");
  }
  output_ = &graph.output(0);
  const auto found = values_.find(output_->name());
  if (found == values_.end()) throw Error("nothing computes the graph's output " + Quoted(output_->name()));
  found->second.needed = true;
}

bool Graph::IsNeeded(const NodeProto& node) const {
  return std::any_of(node.output().begin(), node.output().end(),
                     [&](const std::string& output) { return needs(output); });
}

void Graph::FindUses(const GraphProto& graph) {
  for (int i = graph.node_size(); i-- > 0;) {
    const NodeProto& node = graph.node(i);
    if (!IsNeeded(node)) continue;
    for (int j = 0; j < node.input_size(); ++j) {
      if (!IsRead(node, j)) continue;
      Value& value = values_.find(node.input(j))->second;
      value.needed = true;
      ++value.uses;
    }
  }
}

void Graph::FoldConstants(const GraphProto& graph) {
  for (const NodeProto& node : graph.node()) {
    if (!IsNeeded(node) || !IsOnnx(node.domain())) continue;
    try {
      Fold(node, &constants_);
    } catch (const Error& error) {
      throw Error(Label(node) + ": " + error.what());
    }
  }
  for (const NodeProto& node : graph.node()) {
    if (IsNeeded(node) && !constants_.Has(node.output(0))) nodes_.push_back(&node);
  }
}

bool Graph::needs(std::string_view value) const {
  const auto found = values_.find(value);
  return found != values_.end() && found->second.needed;
}

std::size_t Graph::uses(std::string_view value) const {
  const auto found = values_.find(value);
  return found == values_.end() ? 0 : found->second.uses;
}

const NodeProto* Graph::producer(std::string_view value) const {
  const auto found = values_.find(value);
  return found == values_.end() ? nullptr : found->second.producer;
}

}  // namespace fallow::nn::onnx_io
