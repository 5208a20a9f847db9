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
#include "runtime/onnx/zeros.h"

namespace fallow::nn::onnx_io {

// Every value is defined once and before it is used, so there are no cycles. Nodes that the output does not depend on
// are left out.
class Graph {
 public:
  // `model` must outlive the object. `most_numbers`: see Constants. Throws Error for names that are unsound, for no
  // input, for more than one output, and for a version of the operators that is not known.
  Graph(const ::onnx::ModelProto& model, std::size_t most_numbers);

  std::int64_t opset() const { return opset_; }
  const std::vector<const ::onnx::ValueInfoProto*>& inputs() const { return inputs_; }  // That are no initializers.
  const ::onnx::ValueInfoProto& output() const { return *output_; }
  const Constants& constants() const { return constants_; }
  Constants& constants() { return constants_; }
  // Those that the output depends on and that are not constant, each after those that it reads.
  const std::vector<const ::onnx::NodeProto*>& nodes() const { return nodes_; }
  bool needs(std::string_view value) const;  // Whether the output depends on it.
  // How often nodes read a value.
  std::size_t uses(std::string_view value) const;
  // The node whose first output the value is. Null if there is none.
  const ::onnx::NodeProto* producer(std::string_view value) const;
  const Zeros& zeros() const { return zeros_; }

 private:
  void DefineInputs(const ::onnx::GraphProto& graph);
  void DefineOutputs(const ::onnx::GraphProto& graph);
  void FindUses(const ::onnx::GraphProto& graph);
  void FoldConstants(const ::onnx::GraphProto& graph);
  void Define(const std::string& value);

  struct Value {
    bool needed = false;  // By the output.
    std::size_t uses = 0;
    const ::onnx::NodeProto* producer = nullptr;
  };

  bool IsNeeded(const ::onnx::NodeProto& node) const;

  std::int64_t opset_;
  Constants constants_;
  Zeros zeros_;
  std::vector<const ::onnx::ValueInfoProto*> inputs_;
  const ::onnx::ValueInfoProto* output_ = nullptr;
  std::map<std::string_view, Value> values_;
  std::vector<const ::onnx::NodeProto*> nodes_;
};

// Whether the node is an operator of ONNX itself, which this is the name of.
bool Is(const ::onnx::NodeProto& node, std::string_view operator_name);
bool IsRecurrent(const ::onnx::NodeProto& node);  // LSTM or GRU.
// Whether what computes a node's input i has to be followed. Lengths and initial states of recurrent layers are looked
// at by themselves.
bool IsRead(const ::onnx::NodeProto& node, int i);
// Whether it is, with two inputs, one output and no attributes.
bool IsBinary(const ::onnx::NodeProto& node, std::string_view operator_name);
// The node that computes `value`, if that is the operator's name and it has one output. Null otherwise.
const ::onnx::NodeProto* Producer(const Graph& graph, std::string_view value, std::string_view operator_name);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_GRAPH_H_
