// Writes a chain of layers as a graph.
#include <cstddef>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>

#include "fallow/nn/onnx_file.h"
#include "runtime/atomic_file.h"
#include "runtime/file_error.h"
#include "runtime/onnx/description.h"
#include "runtime/onnx/graph_writer.h"
#include "runtime/onnx/operators.h"

namespace fallow::nn {
namespace {

using namespace onnx_io;

constexpr std::int64_t kOpset = 17;
constexpr std::int64_t kIrVersion = 8;                               // The one that goes with it.
constexpr std::size_t kMostBytes = std::numeric_limits<int>::max();  // protobuf's own limit.

void DescribeValue(const std::string& name, const Shape& shape, ::onnx::ValueInfoProto* value) {
  value->set_name(name);
  auto* tensor = value->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(::onnx::TensorProto::FLOAT);
  tensor->mutable_shape()->add_dim()->set_dim_param("batch");
  for (std::size_t i = 0; i < shape.rank(); ++i) {
    tensor->mutable_shape()->add_dim()->set_dim_value(static_cast<std::int64_t>(shape[i]));
  }
}

void WriteLayer(std::size_t index, const LayerInfo& info, LayerToWrite layer, GraphWriter* writer) {
  const std::size_t colon = info.spec.find(':');
  layer.kind = std::string_view(info.spec).substr(0, colon);
  if (colon != std::string::npos) layer.argument = std::string_view(info.spec).substr(colon + 1);
  const Export write = FindExport(layer.kind);
  try {
    if (write == nullptr) throw Error("has no form in ONNX");
    writer->BeginLayer(index);
    write(layer, *writer);
  } catch (const Error& error) {
    throw Error("layer " + std::to_string(index) + " (" + info.spec + "): " + error.what());
  }
}

// Takes the parameters of layer `index` off the front of the model's.
std::vector<const Parameter*> TakeParameters(std::size_t index, std::span<const NamedParameter>* all) {
  const std::string prefix = std::to_string(index) + ".";
  std::vector<const Parameter*> parameters;
  for (; !all->empty() && all->front().name.starts_with(prefix); *all = all->subspan(1)) {
    parameters.push_back(all->front().parameter);
  }
  return parameters;
}

void WriteGraph(Model& model, ::onnx::GraphProto* graph) {
  graph->set_name("model");
  DescribeValue("input", model.input_shape(), graph->add_input());
  DescribeValue("output", model.output_shape(), graph->add_output());
  GraphWriter writer(graph, "input");
  const std::vector<NamedParameter> parameters = model.parameters();
  std::span<const NamedParameter> left = parameters;
  Shape shape = model.input_shape();
  const std::vector<LayerInfo> layers = model.layer_info();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    WriteLayer(i, layers[i], {.kind = "", .argument = "", .input = shape, .parameters = TakeParameters(i, &left)},
               &writer);
    shape = layers[i].output;
  }
  writer.NameOutput("output");
}

void WriteMetadata(const std::map<std::string, std::string>& metadata, ::onnx::ModelProto* proto) {
  try {
    (void)nlohmann::json(metadata).dump();
  } catch (const nlohmann::json::exception&) {
    throw Error("the metadata are not UTF-8");
  }
  for (const auto& [key, value] : metadata) {
    auto* entry = proto->add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
  }
}

std::string Serialize(Model& model, std::map<std::string, std::string> metadata) {
  ::onnx::ModelProto proto;
  proto.set_ir_version(kIrVersion);
  proto.set_producer_name("fallow");
  proto.add_opset_import()->set_version(kOpset);
  WriteGraph(model, proto.mutable_graph());
  metadata[kLayersKey] = model.Layers();
  WriteMetadata(metadata, &proto);
  if (proto.ByteSizeLong() > kMostBytes) throw Error("takes 2 GiB or more, which an ONNX file cannot hold");
  return proto.SerializeAsString();
}

}  // namespace

void SaveOnnx(const std::filesystem::path& path, Model& model, const std::map<std::string, std::string>& metadata) {
  std::string bytes;
  try {
    bytes = Serialize(model, metadata);
  } catch (const Error& error) {
    throw FileError(path, error.what());
  }
  AtomicFile file(path);
  file.Write(std::as_bytes(std::span(bytes)));
  file.Commit();
}

}  // namespace fallow::nn
