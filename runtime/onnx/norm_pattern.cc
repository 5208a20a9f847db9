// LayerNorm as several nodes.
#include <optional>
#include <utility>

#include "fallow/nn/error.h"
#include "fallow/nn/norm_layers.h"
#include "runtime/onnx/axes.h"
#include "runtime/onnx/operators.h"
#include "runtime/onnx/text.h"

namespace fallow::nn::onnx_io {
namespace {

using ::onnx::NodeProto;

// (x - mean) / sqrt(mean of (x - mean)^2 + eps), and its scale and bias: as PyTorch exports LayerNorm before opset 17.
struct WrittenNorm {
  const std::string* x = nullptr;
  const NodeProto* mean = nullptr;
  const NodeProto* variance = nullptr;
  const std::string *scale = nullptr, *bias = nullptr, *epsilon = nullptr;
};

// The node of `name`'s operator that computes an input of the binary node `last`, and the other input.
std::pair<const NodeProto*, const std::string*> Take(const Graph& graph, const NodeProto* last, const char* name) {
  if (last == nullptr || last->input_size() != 2) return {};
  for (const int i : {0, 1}) {
    const NodeProto* node = Producer(graph, last->input(i), name);
    if (node != nullptr && node->input_size() > 0) return {node, &last->input(1 - i)};
  }
  return {};
}

std::optional<WrittenNorm> FindNorm(const Graph& graph, const NodeProto& last) {
  if (!IsBinary(last, "Add")) return {};
  WrittenNorm norm;
  const auto [product, bias] = Take(graph, &last, "Mul");
  const auto [quotient, scale] = Take(graph, product, "Div");
  if (quotient == nullptr || !IsBinary(*quotient, "Div")) return {};
  const NodeProto* difference = Producer(graph, quotient->input(0), "Sub");
  const NodeProto* root = Producer(graph, quotient->input(1), "Sqrt");
  if (difference == nullptr || !IsBinary(*difference, "Sub") || root == nullptr || root->input_size() != 1) return {};
  norm.mean = Producer(graph, difference->input(1), "ReduceMean");
  const auto [variance, epsilon] = Take(graph, graph.producer(root->input(0)), "ReduceMean");
  const NodeProto* square = variance == nullptr ? nullptr : Producer(graph, variance->input(0), "Pow");
  const bool fits = norm.mean != nullptr && norm.mean->input_size() > 0 &&
                    norm.mean->input(0) == difference->input(0) && square != nullptr && IsBinary(*square, "Pow") &&
                    square->input(0) == quotient->input(0) && graph.constants().Number(square->input(1)) == 2.0;
  norm = {&difference->input(0), norm.mean, variance, scale, bias, epsilon};
  return fits ? std::optional(norm) : std::nullopt;
}

void ExpectLastAxis(const NodeProto& mean, const Graph& graph, std::int64_t rank) {
  Node node(mean, graph);
  const std::vector<std::int64_t> axes = ReadList(node, 1, "axes");
  node.attributes().ExpectInteger("keepdims", 1, 1);
  if (axes == std::vector<std::int64_t>{-1} || axes == std::vector<std::int64_t>{rank}) return;
  throw Error("reads " + Label(mean) + " over the axes " + ToString(axes) + ", expected the last");
}

}  // namespace

const std::string* FindLayerNorm(const Graph& graph, const NodeProto& last) {
  const std::optional<WrittenNorm> norm = FindNorm(graph, last);
  return norm ? norm->x : nullptr;
}

void ImportLayerNormPattern(Node& node, Chain& chain) {
  if (chain.shape.rank() == 0) throw Error("the input is " + BatchOf(chain.shape) + ", expected more dimensions");
  const WrittenNorm norm = *FindNorm(node.graph(), node.proto());
  for (const NodeProto* mean : {norm.mean, norm.variance}) {
    ExpectLastAxis(*mean, node.graph(), static_cast<std::int64_t>(chain.shape.rank()));
  }
  const std::optional<double> epsilon = node.constants().Number(*norm.epsilon);
  if (!epsilon) throw Error("the number " + Quoted(*norm.epsilon) + " that is added to the variance is no constant");
  const std::size_t size = chain.shape[chain.shape.rank() - 1];
  ChainLayer layer{.spec = MakeLayerNorm(*epsilon)->Spec()};
  layer.parameters = {node.Floats(*norm.scale, size), node.Floats(*norm.bias, size)};
  chain.layers.push_back(std::move(layer));
}

}  // namespace fallow::nn::onnx_io
