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

// x, of a value x / sqrt 2; null if it is none.
const std::string* FindScaled(const Graph& graph, std::string_view value) {
  const NodeProto* node = graph.producer(value);
  if (node == nullptr) return nullptr;
  if (IsBinary(*node, "Div")) return IsNumber(graph, node->input(1), kSqrt2) ? &node->input(0) : nullptr;
  if (!IsBinary(*node, "Mul")) return nullptr;
  for (const int i : {0, 1}) {
    if (IsNumber(graph, node->input(i), 1 / kSqrt2)) return &node->input(1 - i);
  }
  return nullptr;
}

// x, of a value 1 + erf(x / sqrt 2); null if it is none.
const std::string* FindErf(const Graph& graph, std::string_view value) {
  const NodeProto* sum = graph.producer(value);
  if (sum == nullptr || !IsBinary(*sum, "Add")) return nullptr;
  for (const int i : {0, 1}) {
    const NodeProto* erf = Producer(graph, sum->input(i), "Erf");
    if (erf == nullptr || erf->input_size() != 1 || erf->attribute_size() != 0) continue;
    if (IsNumber(graph, sum->input(1 - i), 1)) return FindScaled(graph, erf->input(0));
  }
  return nullptr;
}

// x, if the three factors are x, 1 + erf(x / sqrt 2) and 1/2 in any order.
const std::string* FindGelu(const Graph& graph, const std::array<const std::string*, 3>& factors) {
  for (const std::size_t i : {0, 1, 2}) {
    const std::string* x = FindErf(graph, *factors[i]);
    if (x == nullptr) continue;
    const std::string &one = *factors[(i + 1) % 3], &other = *factors[(i + 2) % 3];
    if ((one == *x && IsNumber(graph, other, 0.5)) || (other == *x && IsNumber(graph, one, 0.5))) return x;
  }
  return nullptr;
}

}  // namespace

const std::string* FindGelu(const Graph& graph, const NodeProto& last) {
  if (!IsBinary(last, "Mul")) return nullptr;
  for (const int i : {0, 1}) {
    const NodeProto* product = graph.producer(last.input(i));
    if (product == nullptr || !IsBinary(*product, "Mul")) continue;
    const std::string* x = FindGelu(graph, {&last.input(1 - i), &product->input(0), &product->input(1)});
    if (x != nullptr) return x;
  }
  return nullptr;
}

const std::string* FindSilu(const Graph& graph, const NodeProto& last) {
  if (!IsBinary(last, "Mul")) return nullptr;
  for (const int i : {0, 1}) {
    const NodeProto* sigmoid = Producer(graph, last.input(i), "Sigmoid");
    if (sigmoid != nullptr && sigmoid->input_size() == 1 && sigmoid->input(0) == last.input(1 - i)) {
      return &sigmoid->input(0);
    }
  }
  return nullptr;
}

void ImportGeluPattern(Node&, Chain& chain) { chain.layers.push_back({.spec = "gelu"}); }

void ImportSilu(Node&, Chain& chain) { chain.layers.push_back({.spec = "silu"}); }

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
