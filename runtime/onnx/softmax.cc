// Softmax.
#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/onnx/operators.h"
#include "runtime/onnx/text.h"

namespace fallow::nn::onnx_io {
namespace {

constexpr std::int64_t kOneAxis = 13;  // Since this opset; before, over all dimensions from the axis on.

}  // namespace

std::int64_t SoftmaxAxis(const Node& node) { return node.opset() < kOneAxis ? 1 : -1; }

// Over the last dimension, which for either meaning of the axis is the last axis.
void ImportSoftmax(Node& node, Chain& chain) {
  node.ExpectInputs(1, 1);
  const auto rank = static_cast<std::int64_t>(chain.shape.rank()) + 1;
  if (rank == 1) throw Error("the input is (batch), expected more dimensions");
  const std::int64_t axis = node.attributes().Integer("axis", SoftmaxAxis(node));
  if (axis != -1 && axis != rank - 1) {
    throw Error("attribute axis is " + std::to_string(axis) + " for an input of " + BatchOf(chain.shape) +
                ", expected the last: " + std::to_string(rank - 1) + " or -1");
  }
  chain.layers.push_back({.spec = MakeSoftmax()->Spec()});
}

void ExportSoftmax(const LayerToWrite& layer, GraphWriter& writer) {
  if (layer.input.rank() == 0) throw Error("a softmax over no dimension but the batch");
  SetInteger(writer.AddNode("Softmax", "softmax", {writer.value()}), "axis", -1);
}

}  // namespace fallow::nn::onnx_io
