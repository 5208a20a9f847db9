// Operators that change no numbers: Reshape and Flatten, Transpose, Squeeze and Unsqueeze, Identity, Cast.
#include <algorithm>
#include <set>
#include <utility>

#include "fallow/nn/error.h"
#include "runtime/onnx/axes.h"
#include "runtime/onnx/embedding.h"
#include "runtime/onnx/operators.h"
#include "runtime/onnx/tensor_proto.h"
#include "runtime/onnx/text.h"
#include "runtime/onnx/trace.h"

namespace fallow::nn::onnx_io {
namespace {

// What is left of `size` when `divisor` is taken out of it. False if it is not in it.
bool Divide(Size divisor, Size* size) {
  if (divisor.number <= 0 || size->number % divisor.number != 0 || (divisor.batches && !size->batches)) return false;
  *size = {size->number / divisor.number, size->batches && !divisor.batches};
  return true;
}

// `target` with what its 0 and -1 stand for. Nothing if they stand for nothing.
std::optional<std::vector<Size>> Resolved(const std::vector<Size>& target, const std::vector<Size>& from) {
  Size left;
  for (const Size& size : from) left = {left.number * size.number, left.batches || size.batches};
  std::vector<Size> sizes = target;
  Size* follows = nullptr;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == Size{0, false} && i < from.size()) sizes[i] = from[i];
    if (sizes[i] == Size{-1, false} && follows == nullptr) {
      follows = &sizes[i];
    } else if (!Divide(sizes[i], &left)) {
      return {};
    }
  }
  if (follows != nullptr) *follows = left;
  return sizes;
}

void Reshape(Node& node, const std::vector<Size>& target, Trace& trace) {
  View view = trace.ViewOf(node.input(0));
  const std::vector<Size> from = view.sizes();
  const std::optional<std::vector<Size>> sizes = Resolved(target, from);
  const std::optional<std::vector<Axis>> axes = sizes ? Reshaped(view.axes, *sizes) : std::nullopt;
  if (!axes) {
    throw Error("the shape " + ToString(target) + " for an input of " + ToString(from) +
                ", expected one of as many numbers that keeps the samples apart");
  }
  view.axes = *axes;
  view.cause = &node.proto();
  trace.Bind(node.output(0), std::move(view));
}

// The axes that Squeeze and Unsqueeze name, for a rank of that many.
std::set<std::size_t> ReadAxes(Node& node, std::size_t rank) {
  const std::vector<std::int64_t> axes = ReadList(node, 1, "axes");
  std::set<std::size_t> result;
  for (const std::int64_t axis : axes) result.insert(AxisOf(axis, rank));
  return result;
}

bool IsScalarOrOne(const Integers* integers) { return integers != nullptr && integers->values.size() == 1; }

// Of integers: one as a list, or a list of one as the number. False if the node is not of them.
bool ImportOfInteger(Node& node, Trace& trace, bool to_list) {
  const Integers* integers = trace.Find<Integers>(node.input(0));
  if (integers == nullptr) return false;
  if (!IsScalarOrOne(integers)) throw Error("a list of integers, expected one");
  ReadList(node, 1, "axes");
  trace.Bind(node.output(0), Integers{integers->values, to_list});
  return true;
}

}  // namespace

bool ImportReshape(Node& node, Trace& trace) {
  node.ExpectInputs(2, 2);
  const std::optional<Integers> target = trace.IntegersOf(node.input(1));
  if (!target) throw Error("the shape " + Quoted(node.input(1)) + " is not known beforehand");
  if (std::ranges::count(target->values, Size{0, false}) > 0) node.attributes().ExpectInteger("allowzero", 0, 0);
  node.attributes().Integer("allowzero", 0);
  Reshape(node, target->values, trace);
  return true;
}

bool ImportFlatten(Node& node, Trace& trace) {
  node.ExpectInputs(1, 1);
  const auto rank = static_cast<std::int64_t>(trace.ViewOf(node.input(0)).axes.size());
  const std::int64_t axis = node.attributes().Integer("axis", 1);
  if (axis != 1 && axis + rank != 1) throw Error("attribute axis is " + std::to_string(axis) + ", expected 1");
  Reshape(node, {{0, false}, {-1, false}}, trace);
  return true;
}

bool ImportTranspose(Node& node, Trace& trace) {
  node.ExpectInputs(1, 1);
  View view = trace.ViewOf(node.input(0));
  const std::size_t rank = view.axes.size();
  std::vector<std::int64_t> reversed(rank);
  for (std::size_t i = 0; i < rank; ++i) reversed[i] = static_cast<std::int64_t>(rank - 1 - i);
  const std::vector<std::int64_t> perm = node.attributes().Integers("perm", reversed);
  std::vector<Axis> axes;
  std::set<std::size_t> seen;
  for (const std::int64_t from : perm) {
    axes.push_back(view.axes[AxisOf(from, rank)]);
    seen.insert(AxisOf(from, rank));
  }
  if (perm.size() != rank || seen.size() != rank) {
    throw Error("attribute perm is " + ToString(perm) + ", expected an order of " + std::to_string(rank) +
                " dimensions");
  }
  view.axes = std::move(axes);
  view.cause = &node.proto();
  trace.Bind(node.output(0), std::move(view));
  return true;
}

bool ImportUnsqueeze(Node& node, Trace& trace) {
  node.ExpectInputs(1, 2);
  if (ImportOfInteger(node, trace, /*to_list=*/true)) return true;
  View view = trace.ViewOf(node.input(0));
  const std::size_t rank = view.axes.size() + ReadList(node, 1, "axes").size();
  if (rank > kMostAxes) throw Error("makes " + std::to_string(rank) + " dimensions");
  for (const std::size_t axis : ReadAxes(node, rank)) {
    view.axes.insert(view.axes.begin() + static_cast<std::ptrdiff_t>(std::min(axis, view.axes.size())), Axis());
  }
  view.cause = &node.proto();
  trace.Bind(node.output(0), std::move(view));
  return true;
}

bool ImportSqueeze(Node& node, Trace& trace) {
  node.ExpectInputs(1, 2);
  if (ImportOfInteger(node, trace, /*to_list=*/false)) return true;
  View view = trace.ViewOf(node.input(0));
  const std::set<std::size_t> removed = ReadAxes(node, view.axes.size());
  if (removed.empty()) throw Error("has no axes");
  std::vector<Axis> axes;
  for (std::size_t i = 0; i < view.axes.size(); ++i) {
    if (!removed.contains(i)) {
      axes.push_back(view.axes[i]);
    } else if (!view.axes[i].empty()) {
      throw Error("the axis " + std::to_string(i) + " of " + ToString(view.sizes()) + " is not of size 1");
    }
  }
  view.axes = std::move(axes);
  view.cause = &node.proto();
  trace.Bind(node.output(0), std::move(view));
  return true;
}

bool ImportIdentity(Node& node, Trace& trace) {
  node.ExpectInputs(1, 1);
  const Value* value = trace.Find(node.input(0));
  if (value != nullptr) trace.Bind(node.output(0), *value);
  return value != nullptr;
}

// What flows along layers is f32; of integers all types are the same here. An integer may become a number.
bool ImportCastOfAny(Node& node, Trace& trace) {
  if (CastTokens(node, trace)) return true;
  const Integers* integers = node.has_input(0) ? trace.Find<Integers>(node.input(0)) : nullptr;
  const std::int64_t to = node.attributes().Integer("to", 0);
  node.attributes().Integer("saturate", 1);
  const bool to_integer = to == ::onnx::TensorProto::INT64 || to == ::onnx::TensorProto::INT32;
  if (integers == nullptr ? to == ::onnx::TensorProto::FLOAT : to_integer) return ImportIdentity(node, trace);
  if (integers == nullptr || to != ::onnx::TensorProto::FLOAT) return false;
  if (integers->values.size() != 1 || integers->values[0].batches) throw Error("a number that is not known beforehand");
  ::onnx::TensorProto number;
  number.set_data_type(::onnx::TensorProto::FLOAT);
  number.add_float_data(static_cast<float>(integers->values[0].number));
  trace.graph().constants().Add(node.output(0), trace.graph().constants().Keep(std::move(number)));
  return true;
}

void ImportCast(Node& node, Chain&) {
  const std::int64_t to = node.attributes().Integer("to", 0);
  throw Error("attribute to is " + TypeName(static_cast<std::int32_t>(to)) + ", expected FLOAT");
}

void ExportFlatten(const LayerToWrite&, GraphWriter& writer) {
  SetInteger(writer.AddNode("Flatten", "flatten", {writer.value()}), "axis", 1);
}

}  // namespace fallow::nn::onnx_io
