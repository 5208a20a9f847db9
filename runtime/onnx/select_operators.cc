// Operators that take parts of a value: Gather, Slice, Split.
#include <algorithm>
#include <limits>
#include <utility>

#include "fallow/nn/error.h"
#include "runtime/onnx/axes.h"
#include "runtime/onnx/embedding.h"
#include "runtime/onnx/operators.h"
#include "runtime/onnx/recurrent_trace.h"
#include "runtime/onnx/text.h"
#include "runtime/onnx/trace.h"

namespace fallow::nn::onnx_io {
namespace {

constexpr std::int64_t kAxesAreInputs = 10;  // Of Slice, since this opset.

// Steps [begin, end) of an axis, as Slice counts them.
struct Steps {
  std::size_t axis;
  std::int64_t begin, end;
};

std::int64_t Bound(std::int64_t value, std::int64_t size) {
  return std::clamp<std::int64_t>(value < 0 ? std::max(value, -size) + size : value, 0, size);
}

// A list that is an attribute in old opsets, and input i since.
std::vector<std::int64_t> ReadNumbers(Node& node, Trace& trace, int i, const char* name,
                                      std::vector<std::int64_t> otherwise) {
  if (node.opset() < kAxesAreInputs) return node.attributes().Integers(name, std::move(otherwise));
  if (!node.has_input(i)) return otherwise;
  const std::optional<Integers> integers = trace.IntegersOf(node.input(i));
  if (!integers) throw Error("input " + Quoted(node.input(i)) + " is not known beforehand");
  std::vector<std::int64_t> numbers;
  for (const Size& size : integers->values) {
    if (size.batches) throw Error("input " + Quoted(node.input(i)) + " depends on the number of samples");
    numbers.push_back(size.number);
  }
  return numbers;
}

// Of a value of these sizes. An axis with the open number of samples may be taken whole alone.
std::vector<Steps> ReadSteps(Node& node, Trace& trace, std::span<const Size> sizes) {
  const std::vector<std::int64_t> starts = ReadNumbers(node, trace, 1, "starts", {});
  const std::vector<std::int64_t> ends = ReadNumbers(node, trace, 2, "ends", {});
  std::vector<std::int64_t> all(starts.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  const std::vector<std::int64_t> axes = ReadNumbers(node, trace, 3, "axes", all);
  const std::vector<std::int64_t> steps =
      ReadNumbers(node, trace, 4, "steps", std::vector<std::int64_t>(starts.size(), 1));
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      std::ranges::count(steps, 1) != std::ssize(starts)) {
    throw Error("expected a start, an end and an axis each, and steps of 1");
  }
  std::vector<Steps> result;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t axis = AxisOf(axes[i], sizes.size());
    const bool is_open = sizes[axis].batches;
    if (is_open && (starts[i] != 0 || ends[i] < std::numeric_limits<std::int32_t>::max())) {
      throw Error("takes a part of the samples");
    }
    if (!is_open) result.push_back({axis, Bound(starts[i], sizes[axis].number), Bound(ends[i], sizes[axis].number)});
  }
  return result;
}

void CutOrThrow(const Steps& steps, View* view) {
  if (Cut(steps.axis, steps.begin, steps.end, view)) return;
  throw Error("takes " + std::to_string(steps.begin) + " to " + std::to_string(steps.end) + " of axis " +
              std::to_string(steps.axis) + " of " + ToString(view->sizes()) + ", where they do not lie evenly");
}

// Constants are taken whole alone.
bool SliceConstant(Node& node, Trace& trace) {
  const Constant* constant = trace.graph().constants().Find(node.input(0));
  if (constant == nullptr) return false;
  std::vector<Size> sizes;
  for (const std::int64_t dim : constant->dims()) sizes.push_back({dim, false});
  for (const auto& [axis, begin, end] : ReadSteps(node, trace, sizes)) {
    if (begin != 0 || end != sizes[axis].number) throw Error("takes a part of the constant " + Quoted(node.input(0)));
  }
  trace.graph().constants().Add(node.output(0), *constant);
  return true;
}

// The only number of a constant, and whether it is a list of it.
std::optional<std::pair<std::int64_t, bool>> ReadIndex(const Node& node) {
  const Constant* index = node.constants().Find(node.input(1));
  if (index == nullptr || index->tensor->dims_size() > 1) return {};
  const std::vector<std::int64_t> numbers = node.constants().Integers(node.input(1));
  if (numbers.size() != 1) return {};
  return std::pair(numbers[0], index->tensor->dims_size() == 1);
}

// How long the parts of an axis of that size are.
std::vector<std::int64_t> ReadParts(Node& node, Trace& trace, std::int64_t size) {
  node.attributes().Integer("num_outputs", 0);
  std::vector<std::int64_t> parts = node.attributes().Integers("split", {});
  if (node.has_input(1)) parts = ReadNumbers(node, trace, 1, "split", {});
  const auto count = static_cast<std::size_t>(node.proto().output_size());
  if (parts.empty() && size % static_cast<std::int64_t>(count) == 0) {
    parts.assign(count, size / static_cast<std::int64_t>(count));
  }
  std::int64_t left = size;
  for (const std::int64_t part : parts) left -= std::clamp<std::int64_t>(part, 0, size + 1);
  if (parts.size() == count && left == 0) return parts;
  throw Error("parts of " + ToString(parts) + " of an axis of " + std::to_string(size) + " for " +
              std::to_string(count) + " outputs");
}

}  // namespace

bool ImportSlice(Node& node, Trace& trace) {
  node.ExpectInputs(1, 5);
  if (SliceConstant(node, trace)) return true;
  if (const Integers* list = trace.Find<Integers>(node.input(0))) {
    const Size size{static_cast<std::int64_t>(list->values.size()), false};
    Integers result = *list;
    for (const auto& [axis, begin, end] : ReadSteps(node, trace, {&size, 1})) {
      result.values.assign(list->values.begin() + begin, list->values.begin() + std::max(begin, end));
    }
    trace.Bind(node.output(0), std::move(result));
    return true;
  }
  if (const StackedStates* stack = trace.Find<StackedStates>(node.input(0))) {
    const Size size{std::ssize(stack->states), false};
    const std::vector<Steps> steps = ReadSteps(node, trace, {&size, 1});
    if (steps.size() != 1) throw Error("takes parts of " + std::to_string(steps.size()) + " axes, expected one");
    CutStates(node, steps[0].begin, steps[0].end, trace);
    return true;
  }
  View view = trace.ViewOf(node.input(0));
  for (const Steps& steps : ReadSteps(node, trace, view.sizes())) CutOrThrow(steps, &view);
  view.cause = &node.proto();
  trace.Bind(node.output(0), std::move(view));
  return true;
}

bool ImportGather(Node& node, Trace& trace) {
  node.ExpectInputs(2, 2);
  if (GatherRows(node, trace) || GatherStates(node, trace)) return true;
  const Value* value = trace.Find(node.input(0));
  const auto index = value == nullptr ? std::nullopt : ReadIndex(node);
  if (!index) return false;
  const auto [at, is_list] = *index;
  const std::int64_t axis = node.attributes().Integer("axis", 0);
  if (const Integers* list = std::get_if<Integers>(value)) {
    trace.Bind(node.output(0), Integers{{list->values[AxisOf(at, list->values.size())]}, is_list});
    return true;
  }
  View view = trace.ViewOf(node.input(0));
  const std::size_t along = AxisOf(axis, view.axes.size());
  const Size size = SizeOf(view.axes[along]);
  if (size.batches) throw Error("takes one of the samples");
  const auto begin = static_cast<std::int64_t>(AxisOf(at, static_cast<std::size_t>(size.number)));
  CutOrThrow({along, begin, begin + 1}, &view);
  if (!is_list) view.axes.erase(view.axes.begin() + static_cast<std::ptrdiff_t>(along));
  view.cause = &node.proto();
  trace.Bind(node.output(0), std::move(view));
  return true;
}

bool ImportSplit(Node& node, Trace& trace) {
  node.ExpectInputs(1, 2);
  const View whole = trace.ViewOf(node.input(0));
  const std::size_t axis = AxisOf(node.attributes().Integer("axis", 0), whole.axes.size());
  const Size size = SizeOf(whole.axes[axis]);
  if (size.batches) throw Error("takes a part of the samples");
  std::int64_t begin = 0;
  const std::vector<std::int64_t> parts = ReadParts(node, trace, size.number);
  for (int i = 0; i < node.proto().output_size(); ++i) {
    View view = whole;
    CutOrThrow({axis, begin, begin + parts[static_cast<std::size_t>(i)]}, &view);
    begin += parts[static_cast<std::size_t>(i)];
    view.cause = &node.proto();
    trace.Bind(node.output(i), std::move(view));
  }
  return true;
}

}  // namespace fallow::nn::onnx_io
