// GELU and SiLU: products of a value and a function of it, for which ONNX has no operator (before opset 20 and 24).
#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <string>

#include "runtime/onnx/operators.h"

namespace fallow::nn::onnx_io {
namespace {

using ::onnx::NodeProto;

constexpr double kSqrt2 = std::numbers::sqrt2;

bool IsNumber(const Graph& graph, std::string_view name, double expected) {
  const std::optional<double> number = graph.constants().Number(name);
  return number && std::abs(*number - expected) <= 1e-6;
}

// Whether the node is `value` times (or plus) the number.
bool IsWith(const Graph& graph, const NodeProto& node, std::string_view operator_name, std::string_view value,
            double number) {
  return IsBinary(node, operator_name) && IsNumber(graph, Other(node, value), number);
}

bool IsScaled(const Graph& graph, const NodeProto& node, std::string_view x) {
  if (IsWith(graph, node, "Mul", x, 1 / kSqrt2)) return true;
  return IsBinary(node, "Div") && node.input(0) == x && IsNumber(graph, node.input(1), kSqrt2);
}

// The node that computes 1 + erf(x / sqrt 2), of one that computes x / sqrt 2.
const NodeProto* FindErf(const Graph& graph, const NodeProto& scaled) {
  const NodeProto* erf = OnlyUse(graph, scaled.output(0), "Erf");
  if (erf == nullptr || erf->input_size() != 1 || erf->output_size() != 1 || erf->attribute_size() != 0) return nullptr;
  const NodeProto* sum = OnlyUse(graph, erf->output(0), "Add");
  return sum != nullptr && IsWith(graph, *sum, "Add", erf->output(0), 1) ? sum : nullptr;
}

// The last of two multiplications that make x e / 2; `product` is the one that reads x.
const NodeProto* FindProduct(const Graph& graph, std::string_view x, const NodeProto& product, const std::string& e) {
  if (!IsBinary(product, "Mul")) return nullptr;
  const NodeProto* after_e = OnlyUse(graph, e, "Mul");
  if (after_e == nullptr || !IsBinary(*after_e, "Mul")) return nullptr;
  if (after_e == &product) {  // (x e) / 2
    const NodeProto* half = OnlyUse(graph, product.output(0), "Mul");
    return half != nullptr && IsWith(graph, *half, "Mul", product.output(0), 0.5) ? half : nullptr;
  }
  if (IsNumber(graph, Other(product, x), 0.5)) {  // (x / 2) e
    return OnlyUse(graph, product.output(0), "Mul") == after_e ? after_e : nullptr;
  }
  // x (e / 2)
  if (!IsNumber(graph, Other(*after_e, e), 0.5)) return nullptr;
  return OnlyUse(graph, after_e->output(0), "Mul") == &product ? &product : nullptr;
}

// The last node of a GELU, or null.
const NodeProto* FindGelu(const Graph& graph, std::string_view x) {
  const auto& uses = graph.uses(x);
  if (uses.size() != 2) return nullptr;
  for (const std::size_t first : {0, 1}) {
    const NodeProto &scaled = *uses[first], &product = *uses[1 - first];
    if (!IsScaled(graph, scaled, x)) continue;
    const NodeProto* e = FindErf(graph, scaled);
    if (e != nullptr) return FindProduct(graph, x, product, e->output(0));
  }
  return nullptr;
}

// The last node of a SiLU, or null.
const NodeProto* FindSilu(const Graph& graph, std::string_view x) {
  const auto& uses = graph.uses(x);
  if (uses.size() != 2) return nullptr;
  for (const std::size_t first : {0, 1}) {
    const NodeProto &sigmoid = *uses[first], &product = *uses[1 - first];
    if (!Is(sigmoid, "Sigmoid") || sigmoid.input_size() != 1 || sigmoid.output_size() != 1) continue;
    if (IsBinary(product, "Mul") && OnlyUse(graph, sigmoid.output(0), "Mul") == &product) return &product;
  }
  return nullptr;
}

void AddActivation(const char* spec, const NodeProto& last, Chain& chain) {
  chain.layers.push_back({.spec = spec});
  chain.value = last.output(0);
}

}  // namespace

bool FollowGelu(const Graph& graph, Chain& chain) {
  const NodeProto* last = FindGelu(graph, chain.value);
  if (last != nullptr) AddActivation("gelu", *last, chain);
  return last != nullptr;
}

bool FollowSilu(const Graph& graph, Chain& chain) {
  const NodeProto* last = FindSilu(graph, chain.value);
  if (last != nullptr) AddActivation("silu", *last, chain);
  return last != nullptr;
}

// x (1 + erf(x / sqrt 2)) / 2, as PyTorch writes it.
void ExportGelu(const LayerToWrite&, GraphWriter& writer) {
  const std::string x = writer.value();
  writer.AddNode("Div", "div", {x, writer.AddScalar("sqrt_2", static_cast<float>(kSqrt2))});
  writer.AddNode("Erf", "erf", {writer.value()});
  writer.AddNode("Add", "add", {writer.value(), writer.AddScalar("one", 1)});
  writer.AddNode("Mul", "mul", {x, writer.value()});
  writer.AddNode("Mul", "gelu", {writer.value(), writer.AddScalar("half", 0.5f)});
}

void ExportSilu(const LayerToWrite&, GraphWriter& writer) {
  const std::string x = writer.value();
  writer.AddNode("Sigmoid", "sigmoid", {x});
  writer.AddNode("Mul", "silu", {x, writer.value()});
}

}  // namespace fallow::nn::onnx_io
