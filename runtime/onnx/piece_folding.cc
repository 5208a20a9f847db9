// Weights that are put together: Slice and Concat along the first dimension, and an Unsqueeze before it.
#include "runtime/onnx/piece_folding.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/onnx/attributes.h"
#include "runtime/onnx/tensor_proto.h"

namespace fallow::nn::onnx_io {
namespace {

using ::onnx::NodeProto;

constexpr std::size_t kMostDims = 8;

// The one integer that the attribute says, or the input i, as in later opsets; or nothing.
std::optional<std::int64_t> IntegerOf(const NodeProto& node, Attributes& attributes, std::string_view name, int i,
                                      const Constants& constants) {
  std::vector<std::int64_t> values = attributes.Integers(name, {});
  const bool is_input = values.empty() && i < node.input_size() && constants.Find(node.input(i)) != nullptr;
  if (is_input) values = constants.Integers(node.input(i));
  return values.size() == 1 ? std::optional(values[0]) : std::nullopt;
}

bool IsFirst(std::optional<std::int64_t> axis, const Pieces& pieces) {
  return axis && (*axis == 0 || *axis + static_cast<std::int64_t>(pieces.dims.size()) == 0);
}

std::optional<Pieces> FoldSlice(const NodeProto& node, Attributes& attributes, const Constants& constants) {
  const std::optional<Pieces> pieces = constants.FindPieces(node.input(0));
  if (!pieces) return std::nullopt;
  const auto begin = IntegerOf(node, attributes, "starts", 1, constants);
  const auto end = IntegerOf(node, attributes, "ends", 2, constants);
  const auto axis = IntegerOf(node, attributes, "axes", 3, constants);
  const bool has_step = node.input_size() > 4 && !node.input(4).empty();
  if (!begin || !end || !IsFirst(axis, *pieces)) return std::nullopt;
  if (has_step && IntegerOf(node, attributes, "", 4, constants) != 1) return std::nullopt;
  return SliceRows(*pieces, *begin, *end);
}

std::optional<Pieces> FoldConcat(const NodeProto& node, Attributes& attributes, const Constants& constants) {
  std::optional<Pieces> joined;
  for (const std::string& input : node.input()) {
    std::optional<Pieces> part = constants.FindPieces(input);
    if (!part || (joined && !AppendRows(*part, &*joined))) return std::nullopt;
    if (!joined) joined = std::move(part);
  }
  if (!joined || !IsFirst(attributes.Integer("axis", 0), *joined)) return std::nullopt;
  return joined;
}

std::optional<Pieces> FoldUnsqueeze(const NodeProto& node, Attributes& attributes, const Constants& constants) {
  std::optional<Pieces> pieces = constants.FindPieces(node.input(0));
  if (!pieces || pieces->dims.size() >= kMostDims) return std::nullopt;
  if (IntegerOf(node, attributes, "axes", 1, constants) != 0) return std::nullopt;
  pieces->dims.insert(pieces->dims.begin(), 1);
  return pieces;
}

// The tensor that the pieces are all of, in its shape. Null if they are not.
const ::onnx::TensorProto* WholeOf(const Pieces& pieces) {
  const ::onnx::TensorProto* tensor = pieces.runs.size() == 1 ? pieces.runs[0].tensor : nullptr;
  if (tensor == nullptr || pieces.count() != CountElements(*tensor)) return nullptr;
  return std::ranges::equal(tensor->dims(), pieces.dims) ? tensor : nullptr;
}

struct PieceFolding {
  std::string_view operator_name;
  std::optional<Pieces> (*fold)(const NodeProto& node, Attributes& attributes, const Constants& constants);
};

constexpr PieceFolding kFoldings[] = {{"Concat", FoldConcat}, {"Slice", FoldSlice}, {"Unsqueeze", FoldUnsqueeze}};

}  // namespace

void FoldPieces(const NodeProto& node, Constants* constants) {
  for (const auto& [name, fold] : kFoldings) {
    if (name != node.op_type() || node.input_size() == 0) continue;
    Attributes attributes(node);
    std::optional<Pieces> pieces = fold(node, attributes, *constants);
    if (!pieces) return;
    attributes.ExpectNoMore();
    const ::onnx::TensorProto* whole = WholeOf(*pieces);
    if (whole != nullptr) return constants->Add(node.output(0), {whole});
    constants->AddPieces(node.output(0), std::move(*pieces));
  }
}

}  // namespace fallow::nn::onnx_io
