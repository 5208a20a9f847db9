#include "runtime/onnx/zeros.h"

#include <algorithm>
#include <string>
#include <vector>

#include "runtime/onnx/graph.h"
#include "runtime/onnx/tensor_proto.h"

namespace fallow::nn::onnx_io {
namespace {

using ::onnx::NodeProto;
using ::onnx::TensorProto;

bool HoldsZeros(const TensorProto& tensor) {
  if (tensor.data_type() != TensorProto::FLOAT && tensor.data_type() != TensorProto::DOUBLE) return false;
  const std::vector<float> values = DecodeFloats(tensor);
  return std::ranges::all_of(values, [](float value) { return value == 0; });
}

// The tensor in the attribute "value", or null.
const TensorProto* ValueOf(const NodeProto& node) {
  const auto found = std::ranges::find(node.attribute(), "value", &::onnx::AttributeProto::name);
  return found != node.attribute().end() && found->has_t() ? &found->t() : nullptr;
}

}  // namespace

Zeros::Zeros(const ::onnx::GraphProto& graph) {
  for (const TensorProto& tensor : graph.initializer()) tensors_.emplace(tensor.name(), &tensor);
  for (const NodeProto& node : graph.node()) {
    if (node.output_size() == 1) Look(node);
  }
}

void Zeros::Look(const NodeProto& node) {
  const TensorProto* value = ValueOf(node);
  const std::string& output = node.output(0);
  if (Is(node, "Constant") && value != nullptr) tensors_.emplace(output, value);
  if (Is(node, "ConstantOfShape") && (value == nullptr ? node.attribute().empty() : HoldsZeros(*value))) {
    computed_.insert(output);
  }
  if (node.input().empty()) return;
  if ((Is(node, "Expand") || Is(node, "Slice")) && Are(node.input(0))) computed_.insert(output);
}

bool Zeros::Are(std::string_view name) const {
  if (computed_.contains(name)) return true;
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) return false;
  const auto [known, added] = are_zeros_.try_emplace(name, false);
  if (added) known->second = HoldsZeros(*found->second);
  return known->second;
}

}  // namespace fallow::nn::onnx_io
