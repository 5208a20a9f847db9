// The graph of an ONNX file, by names of values.
#ifndef FALLOW_RUNTIME_ONNX_GRAPH_H_
#define FALLOW_RUNTIME_ONNX_GRAPH_H_

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/onnx/constants.h"

namespace fallow::nn::onnx_io {

// Every value is defined once and before it is used, so there are no cycles. Nodes that the output does not depend on
// are left out.
class Graph {
 public:
  // `model` must outlive the object. `most_numbers`: see Constants. Throws Error for names that are unsound, for more
  // than one input or output, and for a version of the operators that is not known.
  Graph(const ::onnx::ModelProto& model, std::size_t most_numbers);

  std::int64_t opset() const { return opset_; }
  const ::onnx::ValueInfoProto& input() const { return *input_; }  // The one that is not an initializer.
  const ::onnx::ValueInfoProto& output() const { return *output_; }
  const Constants& constants() const { return constants_; }
  // The nodes that read a value; one that reads it twice is there twice.
  const std::vector<const ::onnx::NodeProto*>& uses(std::string_view value) const;

 private:
  void DefineInputs(const ::onnx::GraphProto& graph);
  void DefineOutputs(const ::onnx::GraphProto& graph);
  void FindUses(const ::onnx::GraphProto& graph);
  void FoldConstants(const ::onnx::GraphProto& graph);
  void Define(const std::string& value);

  struct Value {
    bool needed = false;  // By the output.
    std::vector<const ::onnx::NodeProto*> uses;
  };

  bool IsNeeded(const ::onnx::NodeProto& node) const;

  std::int64_t opset_;
  Constants constants_;
  const ::onnx::ValueInfoProto* input_ = nullptr;
  const ::onnx::ValueInfoProto* output_ = nullptr;
  std::map<std::string_view, Value> values_;
};

// Whether the node is an operator of ONNX itself, which this is the name of.
bool Is(const ::onnx::NodeProto& node, std::string_view operator_name);
// Whether it is, with two inputs, one output and no attributes.
bool IsBinary(const ::onnx::NodeProto& node, std::string_view operator_name);
// The input of a binary node that is not `value`.
const std::string& Other(const ::onnx::NodeProto& node, std::string_view value);
// The one node that reads `value`, if that is the operator's name and it has one output. Null otherwise.
const ::onnx::NodeProto* OnlyUse(const Graph& graph, std::string_view value, std::string_view operator_name);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_GRAPH_H_
