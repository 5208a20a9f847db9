// Follows a graph from its input to its output, node by node.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/onnx_file.h"
#include "runtime/file_error.h"
#include "runtime/onnx/chain.h"
#include "runtime/onnx/description.h"
#include "runtime/onnx/graph.h"
#include "runtime/onnx/model_proto.h"
#include "runtime/onnx/operators.h"
#include "runtime/onnx/tensor_proto.h"
#include "runtime/onnx/text.h"

namespace fallow::nn {
namespace {

using namespace onnx_io;
using ::onnx::NodeProto;
using ::onnx::ValueInfoProto;

constexpr std::size_t kMostLayers = 65536;
// Numbers that layers may take from tensors, for each byte of the file: each f32 four times. And what tiny files need.
constexpr std::size_t kNumbersAByte = 1;
constexpr std::size_t kFreeNumbers = 4096;

void CheckIsFloat(const ValueInfoProto& value, const char* which) {
  const std::int32_t type = value.type().tensor_type().elem_type();
  if (type == ::onnx::TensorProto::FLOAT) return;
  throw Error(std::string(which) + " " + Quoted(value.name()) + " is " + TypeName(type) + ", expected a FLOAT tensor");
}

Chain StartOf(const ValueInfoProto& input) {
  CheckIsFloat(input, "the input");
  const std::string name = "the input " + Quoted(input.name());
  const auto& dims = input.type().tensor_type().shape().dim();
  if (dims.empty() || dims.size() > static_cast<int>(1 + Shape::kMaxRank)) {
    throw Error(name + " has " + std::to_string(dims.size()) + " dimensions, expected the batch and up to " +
                std::to_string(Shape::kMaxRank));
  }
  Chain chain{.value = input.name()};
  if (dims[0].has_dim_value()) chain.batch = dims[0].dim_value();
  std::vector<std::size_t> sample;
  for (int i = 1; i < dims.size(); ++i) {
    if (dims[i].dim_value() <= 0) {
      throw Error(name + ": dimension " + std::to_string(i) + " is not a number above 0; only the batch may be open");
    }
    sample.push_back(static_cast<std::size_t>(dims[i].dim_value()));
  }
  chain.shape = Shape(sample);
  return chain;
}

bool FollowPattern(const Graph& graph, Chain& chain) {
  return std::ranges::any_of(Patterns(), [&](const Pattern& follow) { return follow(graph, chain); });
}

const NodeProto& NextNode(const Graph& graph, std::string_view value) {
  const auto& uses = graph.uses(value);
  if (uses.empty()) {
    throw Error("the output " + Quoted(graph.output().name()) + " does not depend on the input " +
                Quoted(graph.input().name()));
  }
  if (uses.size() == 1) return *uses[0];
  throw Error("the value " + Quoted(value) + " is read by " + Label(*uses[0]) + " and " + Label(*uses[1]) +
              ", expected one node, or those of a GELU, a SiLU or a view: the layers are a chain");
}

void FollowNode(const NodeProto& proto, const Graph& graph, Chain& chain) {
  const Import import = Is(proto, proto.op_type()) ? FindImport(proto.op_type()) : nullptr;
  if (import == nullptr) throw Error("there is no layer for this operator, expected one of " + ImportedOperators());
  if (proto.output_size() == 0 || proto.output(0).empty()) throw Error("has no output");
  Node node(proto, graph);
  import(node, chain);
  node.attributes().ExpectNoMore();
  chain.value = proto.output(0);
}

Chain Follow(const Graph& graph) {
  Chain chain = StartOf(graph.input());
  CheckIsFloat(graph.output(), "the output");
  while (chain.value != graph.output().name()) {
    if (FollowPattern(graph, chain)) continue;
    const NodeProto& node = NextNode(graph, chain.value);
    try {
      FollowNode(node, graph, chain);
    } catch (const Error& error) {
      throw Error(Label(node) + ": " + error.what());
    }
    if (chain.layers.size() > kMostLayers) throw Error("more than " + std::to_string(kMostLayers) + " layers");
  }
  return chain;
}

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
  const Graph graph(file.proto, kFreeNumbers + kNumbersAByte * file.bytes);
  Chain chain = Follow(graph);
  std::map<std::string, std::string> metadata = ReadMetadata(file.proto);
  const auto description = metadata.find(kLayersKey);
  const std::string layers = ListLayers(chain.layers, description == metadata.end() ? "" : description->second);
  if (layers.empty()) throw Error("there is no layer between the input and the output");
  Model model(StartOf(graph.input()).shape, layers, /*seed=*/0);
  FillParameters(model, graph.constants(), chain);
  return {std::move(model), std::move(metadata), graph.input().name(), graph.output().name()};
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
