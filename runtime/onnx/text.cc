#include "runtime/onnx/text.h"

namespace fallow::nn::onnx_io {
namespace {

constexpr std::size_t kLongestName = 80;

}  // namespace

std::string Quoted(std::string_view name) {
  std::string text = "'";
  for (const char c : name.substr(0, kLongestName)) text += c >= ' ' && c <= '~' ? c : '?';
  return text + (name.size() > kLongestName ? "...'" : "'");
}

std::string Label(const ::onnx::NodeProto& node) {
  std::string label = "node ";
  if (!node.name().empty()) {
    label += Quoted(node.name());
  } else {
    label += "of output " + Quoted(node.output_size() > 0 ? node.output(0) : "");
  }
  const std::string operator_name = Quoted(node.op_type());
  return label + " (" + operator_name.substr(1, operator_name.size() - 2) + ")";
}

std::string ToString(std::span<const std::int64_t> dims) {
  constexpr std::size_t kMost = 8;
  std::string text = "(";
  for (std::size_t i = 0; i < dims.size() && i < kMost; ++i) {
    text.append(i > 0 ? ", " : "").append(std::to_string(dims[i]));
  }
  return text + (dims.size() > kMost ? ", ...)" : ")");
}

std::string BatchOf(const Shape& shape) {
  std::string text = "(batch";
  for (std::size_t i = 0; i < shape.rank(); ++i) text += ", " + std::to_string(shape[i]);
  return text + ")";
}

}  // namespace fallow::nn::onnx_io
