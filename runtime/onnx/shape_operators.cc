// Operators that change no numbers: Flatten, Reshape, Identity, Cast; and PyTorch's x.view(x.shape[0], -1).
#include <algorithm>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/onnx/operators.h"
#include "runtime/onnx/tensor_proto.h"
#include "runtime/onnx/text.h"

namespace fallow::nn::onnx_io {
namespace {

using ::onnx::NodeProto;

void AddFlatten(Chain& chain) {
  chain.layers.push_back({.spec = MakeFlatten()->Spec()});
  chain.shape = Shape{chain.shape.elements()};
}

// The sample's dimensions after Reshape to `target`, without its first. Throws Error unless they hold as many elements
// as before, the batch apart.
std::vector<std::int64_t> ReshapedSample(const std::vector<std::int64_t>& target, const Chain& chain) {
  const Error misfit("the shape " + ToString(target) + " for an input of " + BatchOf(chain.shape) +
                     ", expected one that keeps the batch: (-1, " + std::to_string(chain.shape.elements()) + ")");
  if (target.empty() || target.size() > 1 + Shape::kMaxRank) throw misfit;
  const bool first_follows = target[0] == -1;
  if (!first_follows && target[0] != 0 && target[0] != chain.batch) throw misfit;

  std::vector<std::int64_t> dims(target.begin() + 1, target.end());
  auto left = static_cast<std::int64_t>(chain.shape.elements());
  std::int64_t* follows = nullptr;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && i < chain.shape.rank()) dims[i] = static_cast<std::int64_t>(chain.shape[i]);
    if (dims[i] == -1 && !first_follows && follows == nullptr) {
      follows = &dims[i];
      continue;
    }
    if (dims[i] <= 0 || left % dims[i] != 0) throw misfit;
    left /= dims[i];
  }
  if (follows != nullptr) *follows = left;
  if (follows == nullptr && left != 1) throw misfit;
  return dims;
}

// Of the nodes that read x, the Shape, whose attributes may not choose dimensions; or null.
const NodeProto* FindShape(const Graph& graph, std::string_view x) {
  for (const NodeProto* node : graph.uses(x)) {
    if (Is(*node, "Shape") && node->output_size() == 1 && node->attribute_size() == 0) return node;
  }
  return nullptr;
}

// Gather(shape, 0) and Unsqueeze: the batch as a list. Null if it is anything else.
const NodeProto* FindBatch(const Graph& graph, const NodeProto& shape) {
  const NodeProto* gather = OnlyUse(graph, shape.output(0), "Gather");
  if (gather == nullptr || gather->input_size() != 2 || gather->input(0) != shape.output(0)) return nullptr;
  const Constant* index = graph.constants().Find(gather->input(1));
  if (index == nullptr || index->tensor->dims_size() != 0) return nullptr;
  if (graph.constants().Integers(gather->input(1)) != std::vector<std::int64_t>{0}) return nullptr;
  return OnlyUse(graph, gather->output(0), "Unsqueeze");
}

// The dimensions behind the batch where they are a list: Concat(batch, elements). Null if it is anything else.
const NodeProto* FindFlatShape(const Graph& graph, const NodeProto& batch, std::size_t elements) {
  const NodeProto* concat = OnlyUse(graph, batch.output(0), "Concat");
  if (concat == nullptr || concat->input_size() != 2 || concat->input(0) != batch.output(0)) return nullptr;
  if (graph.constants().Find(concat->input(1)) == nullptr) return nullptr;
  const std::vector<std::int64_t> rest = graph.constants().Integers(concat->input(1));
  const bool flat = rest.size() == 1 && (rest[0] == -1 || rest[0] == static_cast<std::int64_t>(elements));
  return flat ? concat : nullptr;
}

}  // namespace

void ImportFlatten(Node& node, Chain& chain) {
  node.ExpectInputs(1, 1);
  const auto rank = static_cast<std::int64_t>(chain.shape.rank()) + 1;
  const std::int64_t axis = node.attributes().Integer("axis", 1);
  if (axis != 1 && axis + rank != 1) throw Error("attribute axis is " + std::to_string(axis) + ", expected 1");
  AddFlatten(chain);
}

void ImportReshape(Node& node, Chain& chain) {
  node.ExpectInputs(2, 2);
  node.ExpectData(0, chain);
  const std::vector<std::int64_t> target = node.constants().Integers(node.input(1));
  if (std::ranges::count(target, 0) > 0) node.attributes().ExpectInteger("allowzero", 0, 0);
  node.attributes().Integer("allowzero", 0);
  const std::vector<std::int64_t> dims = ReshapedSample(target, chain);
  const std::vector<std::size_t> sample(dims.begin(), dims.end());
  if (Shape(sample) == chain.shape) return;
  if (sample.size() != 1) {
    throw Error("the shape " + ToString(target) + " for an input of " + BatchOf(chain.shape) + ", expected (batch, " +
                std::to_string(chain.shape.elements()) + ")");
  }
  AddFlatten(chain);
}

bool FollowView(const Graph& graph, Chain& chain) {
  if (graph.uses(chain.value).size() != 2) return false;
  const NodeProto* shape = FindShape(graph, chain.value);
  const NodeProto* batch = shape == nullptr ? nullptr : FindBatch(graph, *shape);
  const NodeProto* flat = batch == nullptr ? nullptr : FindFlatShape(graph, *batch, chain.shape.elements());
  const NodeProto* reshape = flat == nullptr ? nullptr : OnlyUse(graph, flat->output(0), "Reshape");
  if (reshape == nullptr || reshape->input_size() != 2 || reshape->input(0) != chain.value) return false;
  AddFlatten(chain);
  chain.value = reshape->output(0);
  return true;
}

void ImportIdentity(Node& node, Chain&) { node.ExpectInputs(1, 1); }

// What flows along the chain is f32.
void ImportCast(Node& node, Chain&) {
  node.ExpectInputs(1, 1);
  node.attributes().Integer("saturate", 1);
  const std::int64_t to = node.attributes().Integer("to", 0);
  if (to != ::onnx::TensorProto::FLOAT) {
    throw Error("attribute to is " + TypeName(static_cast<std::int32_t>(to)) + ", expected FLOAT");
  }
}

void ExportFlatten(const LayerToWrite&, GraphWriter& writer) {
  SetInteger(writer.AddNode("Flatten", "flatten", {writer.value()}), "axis", 1);
}

}  // namespace fallow::nn::onnx_io
