// The graph of a chain of layers, as it is written.
#ifndef FALLOW_RUNTIME_ONNX_GRAPH_WRITER_H_
#define FALLOW_RUNTIME_ONNX_GRAPH_WRITER_H_

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fallow/nn/layer.h"
#include "fallow/nn/tensor.h"

namespace fallow::nn::onnx_io {

struct LayerToWrite {
  std::string_view kind;      // "leaky_relu"
  std::string_view argument;  // "0.2"; may be empty.
  Shape input, output;
  std::string other;         // The name of its second input, if it has one.
  bool of_integers = false;  // Whether the value that it reads is INT64.
  std::vector<const Parameter*> parameters;
};

class GraphWriter {
 public:
  explicit GraphWriter(::onnx::GraphProto* graph) : graph_(graph) {}

  // A layer that reads the value of that name.
  void BeginLayer(std::size_t index, std::string value) {
    prefix_ = std::to_string(index) + ".";
    value_ = std::move(value);
  }

  // The value that the next node reads.
  const std::string& value() const { return value_; }
  // Names are prefixed with the layer's index. Returns the whole name.
  std::string AddFloats(std::string_view name, std::span<const std::size_t> dims, std::span<const float> values);
  std::string AddFloats(std::string_view name, std::initializer_list<std::size_t> dims, std::span<const float> values) {
    return AddFloats(name, std::span(dims.begin(), dims.size()), values);
  }
  std::string AddIntegers(std::string_view name, std::span<const std::int64_t> values);
  std::string AddIntegers(std::string_view name, std::initializer_list<std::int64_t> values) {
    return AddIntegers(name, std::span(values.begin(), values.size()));
  }
  std::string AddInteger(std::string_view name, std::int64_t value);
  std::string AddScalar(std::string_view name, float value) { return AddFloats(name, {}, {&value, 1}); }
  std::string AddScalar64(std::string_view name, double value);
  // A node "<index>.<name>" whose output has the same name and becomes the value.
  ::onnx::NodeProto* AddNode(std::string_view operator_name, std::string_view name, std::vector<std::string> inputs);

  // Names the value `name`, which no node reads. To be called once, at the end.
  void NameOutput(const std::string& name);

 private:
  ::onnx::TensorProto* AddTensor(std::string_view name);

  ::onnx::GraphProto* graph_;
  std::string value_;
  std::string prefix_;
};

void SetInteger(::onnx::NodeProto* node, const char* name, std::int64_t value);
void SetIntegers(::onnx::NodeProto* node, const char* name, std::span<const std::int64_t> values);
void SetString(::onnx::NodeProto* node, const char* name, const char* value);
void SetFloat(::onnx::NodeProto* node, const char* name, float value);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_GRAPH_WRITER_H_
