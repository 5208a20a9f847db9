// Writes the layers of a model as a graph.
#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "fallow/nn/onnx_file.h"
#include "runtime/atomic_file.h"
#include "runtime/file_error.h"
#include "runtime/onnx/description.h"
#include "runtime/onnx/graph_writer.h"
#include "runtime/onnx/operators.h"
#include "runtime/wiring.h"

namespace fallow::nn {
namespace {

using namespace onnx_io;

constexpr char kOutput[] = "output";
constexpr std::int64_t kOpset = 17;
constexpr std::int64_t kIrVersion = 8;                               // The one that goes with it.
constexpr std::size_t kMostBytes = std::numeric_limits<int>::max();  // protobuf's own limit.

void DescribeValue(const std::string& name, const Shape& shape, ::onnx::TensorProto::DataType type,
                   ::onnx::ValueInfoProto* value) {
  value->set_name(name);
  auto* tensor = value->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  tensor->mutable_shape()->add_dim()->set_dim_param("batch");
  for (std::size_t i = 0; i < shape.rank(); ++i) {
    tensor->mutable_shape()->add_dim()->set_dim_value(static_cast<std::int64_t>(shape[i]));
  }
}

std::string NameOf(std::size_t index, const LayerInfo& layer) {
  return "layer " + std::to_string(index) + " (" + layer.spec + "): ";
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

constexpr std::string_view kInput = "input:";

// Which values are inputs that embeddings alone read, so that they are integers in the graph.
std::vector<bool> FindIntegers(const std::vector<LayerInfo>& layers, const Wiring& wiring) {
  std::vector<std::size_t> inputs = {0};  // Of which input each value is another name.
  for (std::size_t i = 0; i < layers.size(); ++i) {
    inputs.push_back(Wiring::kNone);
    if (layers[i].spec.starts_with(kInput)) inputs.back() = i + 1;
    if (layers[i].spec.starts_with("from:")) inputs.back() = inputs[wiring.input[i]];
  }
  std::vector<bool> are_tokens(inputs.size()), are_others(inputs.size());
  const auto read = [&](std::size_t value, std::vector<bool>* as) {
    const std::size_t input = value == Wiring::kNone ? value : inputs[value];
    if (input != Wiring::kNone) (*as)[input] = true;
  };
  read(layers.size(), &are_others);  // By whoever runs it.
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (inputs[i + 1] != Wiring::kNone) continue;
    read(wiring.input[i], layers[i].spec.starts_with("embedding:") ? &are_tokens : &are_others);
    read(wiring.other[i], &are_others);
  }
  std::vector<bool> integers;
  for (const std::size_t input : inputs) {
    integers.push_back(input != Wiring::kNone && are_tokens[input] && !are_others[input]);
  }
  return integers;
}

// The graph's inputs: the model's, or its parts if the layers take such.
class Inputs {
 public:
  Inputs(const Model& model, const Wiring& wiring, ::onnx::GraphProto* graph)
      : layers_(model.layer_info()), integers_(FindIntegers(layers_, wiring)), graph_(graph) {
    for (const LayerInfo& layer : layers_) has_parts_ |= layer.spec.starts_with(kInput);
    if (!has_parts_) Add(std::string(kModelInput), model.input_shape(), 0);
  }

  // Layer `i`'s. Throws Error if its name is that of another value.
  std::string AddPart(std::size_t i) {
    const LayerInfo& layer = layers_[i];
    const std::size_t end = layer.spec.rfind(':');
    std::string name = layer.spec.substr(kInput.size(), end - kInput.size());
    Add(name, layer.output, i + 1);
    return name;
  }

  bool AreIntegers(std::size_t value) const { return integers_[value]; }

  // What a layer that reads the model's input reads.
  std::string Whole() const {
    if (has_parts_) throw Error("reads the whole input beside its parts, which has no form in ONNX");
    return std::string(kModelInput);
  }

 private:
  void Add(const std::string& name, const Shape& shape, std::size_t value) {
    const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
    const bool is_layers = digits > 0 && name.substr(digits, 1) == ".";
    const bool is_taken = name == kOutput || is_layers || !names_.insert(name).second;
    if (is_taken) throw Error("the name '" + name + "' of an input is that of another value");
    DescribeValue(name, shape, AreIntegers(value) ? ::onnx::TensorProto::INT64 : ::onnx::TensorProto::FLOAT,
                  graph_->add_input());
  }

  std::vector<LayerInfo> layers_;
  std::vector<bool> integers_;  // Of values.
  ::onnx::GraphProto* graph_;
  bool has_parts_ = false;
  std::set<std::string> names_;
};

void CheckForms(const std::vector<LayerInfo>& layers) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string kind = layers[i].spec.substr(0, layers[i].spec.find(':'));
    if (kind == "input" || FindExport(kind) != nullptr) continue;
    throw Error(NameOf(i, layers[i]) + "has no form in ONNX");
  }
}

// The layer's node or nodes. Returns the name of what it makes.
std::string WriteLayer(std::size_t index, const LayerInfo& info, const std::string& input, LayerToWrite layer,
                       GraphWriter* writer) {
  const std::size_t colon = info.spec.find(':');
  layer.kind = std::string_view(info.spec).substr(0, colon);
  if (colon != std::string::npos) layer.argument = std::string_view(info.spec).substr(colon + 1);
  writer->BeginLayer(index, input);
  FindExport(layer.kind)(layer, *writer);
  return writer->value();
}

void WriteGraph(Model& model, ::onnx::GraphProto* graph) {
  graph->set_name("model");
  const std::vector<LayerInfo> layers = model.layer_info();
  CheckForms(layers);
  const Wiring wiring = Wire(ParseLayers(model.Layers()));
  GraphWriter writer(graph);
  Inputs inputs(model, wiring, graph);
  const std::vector<NamedParameter> parameters = model.parameters();
  std::span<const NamedParameter> left = parameters;
  std::vector<std::string> names = {""};  // Of values.
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto name_of = [&](std::size_t value) { return value == 0 ? inputs.Whole() : names[value]; };
    const auto shape_of = [&](std::size_t value) {
      return value == 0 ? model.input_shape() : layers[value - 1].output;
    };
    try {
      if (layers[i].spec.starts_with(kInput)) {
        names.push_back(inputs.AddPart(i));
        continue;
      }
      const std::size_t x = wiring.input[i], other = wiring.other[i];
      LayerToWrite layer{.kind = {},
                         .argument = {},
                         .input = shape_of(x),
                         .output = layers[i].output,
                         .other = other == Wiring::kNone ? "" : name_of(other),
                         .of_integers = inputs.AreIntegers(x),
                         .parameters = TakeParameters(i, &left)};
      names.push_back(WriteLayer(i, layers[i], name_of(x), std::move(layer), &writer));
    } catch (const Error& error) {
      throw Error(NameOf(i, layers[i]) + error.what());
    }
  }
  writer.NameOutput(kOutput);
  DescribeValue(kOutput, model.output_shape(), ::onnx::TensorProto::FLOAT, graph->add_output());
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
