#include "runtime/onnx/recurrent_lengths.h"

#include <cstdint>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/onnx/attributes.h"
#include "runtime/onnx/tensor_proto.h"

namespace fallow::nn::onnx_io {
namespace {

using ::onnx::NodeProto;
using ::onnx::TensorProto;

constexpr std::int64_t kStepAxis = 1, kFeatureAxis = 2;

std::vector<std::int64_t> Numbers(std::size_t steps) {
  std::vector<std::int64_t> numbers(steps);
  std::iota(numbers.begin(), numbers.end(), 1);
  return numbers;
}

void AddLargest(const char* name, std::int64_t axis, GraphWriter& writer) {
  NodeProto* node = writer.AddNode("ReduceMax", name, {writer.value()});
  SetIntegers(node, "axes", {&axis, 1});
  SetInteger(node, "keepdims", 0);
}

// The producer of `value` if it is that operator with so many inputs, or null; of null too.
const NodeProto* Step(const Graph& graph, const std::string* value, std::string_view operator_name, int inputs) {
  const NodeProto* node = value == nullptr ? nullptr : Producer(graph, *value, operator_name);
  return node != nullptr && node->input_size() == inputs ? node : nullptr;
}

const std::string* CastInput(const Graph& graph, const std::string* value, std::int64_t to) {
  const NodeProto* node = Step(graph, value, "Cast", 1);
  return node != nullptr && Attributes(*node).Integer("to", 0) == to ? &node->input(0) : nullptr;
}

const std::string* LargestInput(const Graph& graph, const std::string* value, std::int64_t axis) {
  const NodeProto* node = Step(graph, value, "ReduceMax", 1);
  if (node == nullptr) return nullptr;
  Attributes attributes(*node);
  const bool is_that = attributes.Integers("axes", {}) == std::vector{axis} && attributes.Integer("keepdims", 1) == 0;
  return is_that ? &node->input(0) : nullptr;
}

const std::string* NumberedInput(const Graph& graph, const std::string* value, std::size_t steps) {
  const NodeProto* node = Step(graph, value, "Mul", 2);
  const Constant* numbers = node == nullptr ? nullptr : graph.constants().Find(node->input(1));
  if (numbers == nullptr || numbers->tensor->dims_size() != 1 || !IsIntegerType(numbers->tensor->data_type())) {
    return nullptr;
  }
  if (CountElements(*numbers->tensor) != steps) return nullptr;
  const std::vector<std::int64_t> said = graph.constants().Integers(node->input(1));  // So many are there.
  return said == Numbers(steps) ? &node->input(0) : nullptr;
}

}  // namespace

// The largest of the numbers, from 1 on, of steps that have other features.
std::string AddLengths(const std::string& x, std::size_t steps, GraphWriter& writer) {
  const std::string zero = writer.AddScalar("zero", 0), numbers = writer.AddIntegers("numbers", Numbers(steps));
  writer.AddNode("Equal", "is_zero", {x, zero});
  writer.AddNode("Not", "is_other", {writer.value()});
  SetInteger(writer.AddNode("Cast", "others", {writer.value()}), "to", TensorProto::INT64);
  AddLargest("is_step", kFeatureAxis, writer);
  writer.AddNode("Mul", "steps", {writer.value(), numbers});
  AddLargest("last_step", kStepAxis, writer);
  SetInteger(writer.AddNode("Cast", "lengths", {writer.value()}), "to", TensorProto::INT32);
  return writer.value();
}

const std::string* FindLengths(const Graph& graph, const std::string& lengths, std::size_t steps) {
  const std::string* value = LargestInput(graph, CastInput(graph, &lengths, TensorProto::INT32), kStepAxis);
  value = LargestInput(graph, NumberedInput(graph, value, steps), kFeatureAxis);
  const NodeProto* is_other = Step(graph, CastInput(graph, value, TensorProto::INT64), "Not", 1);
  const NodeProto* is_zero = is_other == nullptr ? nullptr : Step(graph, &is_other->input(0), "Equal", 2);
  if (is_zero == nullptr || graph.constants().Number(is_zero->input(1)) != 0.0) return nullptr;
  return &is_zero->input(0);
}

}  // namespace fallow::nn::onnx_io
