#include "runtime/onnx/axes.h"

#include "fallow/nn/error.h"

namespace fallow::nn::onnx_io {

std::size_t AxisOf(std::int64_t axis, std::size_t rank) {
  const auto count = static_cast<std::int64_t>(rank);
  if (axis >= -count && axis < count) return static_cast<std::size_t>(axis < 0 ? axis + count : axis);
  throw Error("the axis " + std::to_string(axis) + " of " + std::to_string(rank) + " dimensions");
}

std::vector<std::int64_t> ReadList(Node& node, int i, const char* name) {
  if (node.attributes().Find(name, ::onnx::AttributeProto::INTS) != nullptr) {
    return node.attributes().Integers(name, {});
  }
  return node.has_input(i) ? node.constants().Integers(node.input(i)) : std::vector<std::int64_t>();
}

}  // namespace fallow::nn::onnx_io
