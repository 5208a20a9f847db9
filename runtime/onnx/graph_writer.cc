#include "runtime/onnx/graph_writer.h"

#include <utility>

#include "runtime/onnx/tensor_proto.h"

namespace fallow::nn::onnx_io {

::onnx::TensorProto* GraphWriter::AddTensor(std::string_view name) {
  ::onnx::TensorProto* tensor = graph_->add_initializer();
  tensor->set_name(prefix_ + std::string(name));
  return tensor;
}

std::string GraphWriter::AddFloats(std::string_view name, std::span<const std::size_t> dims,
                                   std::span<const float> values) {
  ::onnx::TensorProto* tensor = AddTensor(name);
  for (const std::size_t dim : dims) tensor->add_dims(static_cast<std::int64_t>(dim));
  SetFloats(values, tensor);
  return tensor->name();
}

std::string GraphWriter::AddInteger(std::string_view name, std::int64_t value) {
  ::onnx::TensorProto* tensor = AddTensor(name);
  tensor->set_data_type(::onnx::TensorProto::INT64);
  tensor->add_int64_data(value);
  return tensor->name();
}

std::string GraphWriter::AddIntegers(std::string_view name, std::span<const std::int64_t> values) {
  ::onnx::TensorProto* tensor = AddTensor(name);
  tensor->set_data_type(::onnx::TensorProto::INT64);
  tensor->add_dims(static_cast<std::int64_t>(values.size()));
  for (const std::int64_t value : values) tensor->add_int64_data(value);
  return tensor->name();
}

std::string GraphWriter::AddScalar64(std::string_view name, double value) {
  ::onnx::TensorProto* tensor = AddTensor(name);
  SetDouble(value, tensor);
  return tensor->name();
}

::onnx::NodeProto* GraphWriter::AddNode(std::string_view operator_name, std::string_view name,
                                        std::vector<std::string> inputs) {
  ::onnx::NodeProto* node = graph_->add_node();
  node->set_op_type(std::string(operator_name));
  node->set_name(prefix_ + std::string(name));
  for (std::string& input : inputs) node->add_input(std::move(input));
  node->add_output(node->name());
  value_ = node->name();
  return node;
}

void GraphWriter::NameOutput(const std::string& name) {
  const int nodes = graph_->node_size();
  if (nodes == 0 || graph_->node(nodes - 1).output(0) != value_) AddNode("Identity", "output", {value_});
  graph_->mutable_node(graph_->node_size() - 1)->set_output(0, name);
  value_ = name;
}

void SetInteger(::onnx::NodeProto* node, const char* name, std::int64_t value) {
  ::onnx::AttributeProto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(::onnx::AttributeProto::INT);
  attribute->set_i(value);
}

void SetIntegers(::onnx::NodeProto* node, const char* name, std::span<const std::int64_t> values) {
  ::onnx::AttributeProto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(::onnx::AttributeProto::INTS);
  for (const std::int64_t value : values) attribute->add_ints(value);
}

void SetString(::onnx::NodeProto* node, const char* name, const char* value) {
  ::onnx::AttributeProto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(::onnx::AttributeProto::STRING);
  attribute->set_s(value);
}

void SetFloat(::onnx::NodeProto* node, const char* name, float value) {
  ::onnx::AttributeProto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(::onnx::AttributeProto::FLOAT);
  attribute->set_f(value);
}

}  // namespace fallow::nn::onnx_io
