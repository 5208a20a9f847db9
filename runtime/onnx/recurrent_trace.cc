#include "runtime/onnx/recurrent_trace.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fallow/nn/error.h"
#include "runtime/onnx/axes.h"
#include "runtime/onnx/recurrent.h"
#include "runtime/onnx/recurrent_lengths.h"
#include "runtime/onnx/text.h"
#include "runtime/onnx/trace.h"

namespace fallow::nn::onnx_io {
namespace {

constexpr std::string_view kSequences = ":sequences=1", kDenseLast = "dense_last:";
constexpr std::size_t kMostStepwise = 16;  // Layers between a recurrent one and its last step: more are not looked for.

bool Has(const ChainLayer& layer, std::string_view option) { return layer.spec.find(option) != std::string::npos; }

// Where the states of a layer are in a sample of its value. One that gives the last alone has one step. With a mask
// each sample has a last step of its own: its last states are as if they were behind all steps.
struct Layout {
  std::int64_t steps, directions, units;
  bool has_mask;

  Layout(const ChainLayer& layer, const Shape& shape)
      : steps(shape.rank() == 2 ? static_cast<std::int64_t>(shape[0]) : 1),
        directions(Has(layer, ":bidirectional=1") ? 2 : 1),
        units(static_cast<std::int64_t>(shape[shape.rank() - 1]) / directions),
        has_mask(Has(layer, ":mask=1") && Has(layer, kSequences)) {}

  std::int64_t last(std::int64_t direction) const {
    if (has_mask) return steps * directions * units + direction * units;
    return direction == 0 ? (steps - 1) * directions * units : units;
  }
};

// Y: (steps, directions, batch, units).
View AllStates(std::size_t value, const Layout& layout, std::int64_t batch) {
  const auto size = [](std::int64_t number) { return static_cast<std::size_t>(number); };
  View view = WholeView(value, Shape{size(layout.steps), size(layout.directions), size(layout.units)}, batch);
  std::rotate(view.axes.begin(), view.axes.begin() + 1, view.axes.begin() + 3);
  return view;
}

// Y_h: (directions, batch, units).
View LastStates(std::size_t value, const Layout& layout, std::int64_t batch) {
  View view = WholeView(value, Shape{static_cast<std::size_t>(layout.units)}, batch);
  view.first = layout.last(0);
  view.axes.insert(view.axes.begin(), Axis{});
  if (layout.directions == 2) view.axes[0] = {{2, layout.last(1) - layout.last(0)}};
  return view;
}

// (batch, directions and units).
View JoinedLastStates(std::size_t value, const Layout& layout, std::int64_t batch) {
  View view = LastStates(value, layout, batch);
  std::swap(view.axes[0], view.axes[1]);
  const std::vector<Size> sizes = {SizeOf(view.axes[0]), Size{layout.directions * layout.units, false}};
  view.axes = *Reshaped(view.axes, sizes);
  return view;
}

bool SameNumbers(const View& a, const View& b) {
  return a.of == b.of && a.first == b.first && a.scale == b.scale && a.axes == b.axes;
}

bool IsRecurrentLayer(const ChainLayer& layer) {
  return layer.spec.starts_with("lstm:") || layer.spec.starts_with("gru:");
}

// Of the value that a recurrent layer makes; or nothing.
std::optional<Layout> LayoutOf(std::size_t value, Trace& trace) {
  if (value == 0 || !IsRecurrentLayer(trace.chain().layers[value - 1])) return std::nullopt;
  return Layout(trace.chain().layers[value - 1], trace.shape(value));
}

// The last states of one direction: (batch, units).
View LastOfDirection(std::size_t value, const Layout& layout, std::int64_t direction, std::int64_t batch) {
  View view = WholeView(value, Shape{static_cast<std::size_t>(layout.units)}, batch);
  view.first = layout.last(direction);
  return view;
}

// What the layer that makes samples of this shape makes of the last step: (batch, features).
View LastStep(std::size_t value, const Shape& shape, std::int64_t batch) {
  View view = WholeView(value, Shape{shape[1]}, batch);
  view.first = static_cast<std::int64_t>((shape[0] - 1) * shape[1]);
  return view;
}

// Whether a layer works on each step of (steps, features) by itself.
bool IsStepwise(std::string_view spec) {
  constexpr std::string_view kKinds[] = {"dense_last", "dropout", "elu",  "gelu",    "layer_norm", "leaky_relu",
                                         "relu",       "selu",    "silu", "sigmoid", "softmax",    "tanh"};
  return std::ranges::find(kKinds, spec.substr(0, spec.find(':'))) != std::end(kKinds);
}

// The value whose samples, with the steps before the batch, the node reads.
std::size_t StepsFirst(const std::string& name, Trace& trace) {
  View view = trace.ViewOf(name);
  if (view.axes.size() == 3) {
    std::swap(view.axes[0], view.axes[1]);
    if (const std::optional<std::size_t> value = trace.SamplesOf(view)) return *value;
    std::swap(view.axes[0], view.axes[1]);
  }
  throw Error("input " + Quoted(name) + " is " + ToString(view.sizes()) + ", expected (steps, batch, features)");
}

// Whether the node's lengths are those of a mask over its input, the samples of `value`. False if it has none.
bool HasMask(const Node& node, std::size_t value, Trace& trace) {
  if (!node.has_input(kLengthsInput)) return false;
  const Shape& shape = trace.shape(value);
  const std::string* x = FindLengths(trace.graph(), node.input(kLengthsInput), shape[0]);
  const View* view = x == nullptr ? nullptr : trace.Find<View>(*x);
  if (view != nullptr && trace.SamplesOf(*view) == value) return true;
  throw Error("input 4, the lengths, is " + Quoted(node.input(kLengthsInput)) +
              ", expected none, or those that SaveOnnx writes");
}

// The value of which the input is all last states, as Y_h. Nothing if it is something else.
std::optional<std::size_t> StatesOf(const std::string& name, Trace& trace) {
  const View* view = trace.Find<View>(name);
  const std::optional<Layout> layout = view == nullptr ? std::nullopt : LayoutOf(view->of, trace);
  if (!layout || !SameNumbers(*view, LastStates(view->of, *layout, trace.batch()))) return std::nullopt;
  return view->of;
}

// A list may be an input of any number of nodes, and memory must not grow with that.
void BindStates(const std::string& name, StackedStates stack, Trace& trace) {
  trace.graph().constants().Charge(stack.states.size() * (sizeof(StackedStates::State) / sizeof(float)));
  trace.Bind(name, std::move(stack));
}

// Y_h of several layers.
bool StackStates(Node& node, Trace& trace) {
  StackedStates stack;
  for (int i = 0; i < node.inputs(); ++i) {
    const std::optional<std::size_t> value = StatesOf(node.input(i), trace);
    if (!value) return false;
    const std::int64_t directions = LayoutOf(*value, trace)->directions;
    for (std::int64_t d = 0; d < directions; ++d) stack.states.push_back({*value, d});
  }
  BindStates(node.output(0), std::move(stack), trace);
  return true;
}

// The last states of both directions, (batch, units) each.
bool JoinDirections(Node& node, Trace& trace) {
  if (node.inputs() != 2) return false;
  const View* forward = trace.Find<View>(node.input(0));
  const View* reverse = trace.Find<View>(node.input(1));
  if (forward == nullptr || reverse == nullptr || forward->of != reverse->of) return false;
  const std::optional<Layout> layout = LayoutOf(forward->of, trace);
  if (!layout || layout->directions != 2) return false;
  for (const auto& [view, direction] : {std::pair{forward, 0}, std::pair{reverse, 1}}) {
    if (!SameNumbers(*view, LastOfDirection(view->of, *layout, direction, trace.batch()))) return false;
  }
  View joined = JoinedLastStates(forward->of, *layout, trace.batch());
  joined.cause = &node.proto();
  trace.Bind(node.output(0), std::move(joined));
  return true;
}

}  // namespace

std::vector<std::size_t> FindLastStates(const View& view, Trace& trace) {
  std::size_t value = view.of;
  if (value == 0 || trace.shape(value).rank() != 2) return {};
  if (const auto layout = LayoutOf(value, trace)) {
    return SameNumbers(view, JoinedLastStates(value, *layout, trace.batch())) ? std::vector{value}
                                                                              : std::vector<std::size_t>();
  }
  if (!SameNumbers(view, LastStep(value, trace.shape(value), trace.batch()))) return {};
  std::vector<std::size_t> values;
  for (; values.size() < kMostStepwise && value > 0 && IsStepwise(trace.layer(value).spec);
       value = trace.layer(value).input) {
    values.push_back(value);
  }
  const std::optional<Layout> layout = LayoutOf(value, trace);
  if (!layout || layout->directions != 1 || layout->has_mask || trace.shape(value).rank() != 2) return {};
  values.push_back(value);
  return values;
}

std::string OfLastStep(const std::string& spec) {
  std::string last = spec;
  if (spec.starts_with(kDenseLast)) return last.replace(0, kDenseLast.size(), "dense:");
  const std::size_t sequences = spec.find(kSequences);
  return sequences == std::string::npos ? spec : last.erase(sequences, kSequences.size());
}

bool ConcatStates(Node& node, Trace& trace) {
  const std::int64_t axis = node.attributes().Integer("axis", 0);
  if (axis == 0 && StackStates(node, trace)) return true;
  return (axis == 1 || axis == -1) && JoinDirections(node, trace);
}

bool GatherStates(Node& node, Trace& trace) {
  const StackedStates* stack = trace.Find<StackedStates>(node.input(0));
  if (stack == nullptr) return false;
  node.attributes().ExpectInteger("axis", 0, 0);
  const std::optional<Integers> index = trace.IntegersOf(node.input(1));
  if (!index || index->is_list || index->values[0].batches) {
    throw Error("input " + Quoted(node.input(1)) + " is not a number that is known beforehand");
  }
  const auto [value, direction] = stack->states[AxisOf(index->values[0].number, stack->states.size())];
  View view = LastOfDirection(value, *LayoutOf(value, trace), direction, trace.batch());
  view.cause = &node.proto();
  trace.Bind(node.output(0), std::move(view));
  return true;
}

void CutStates(const Node& node, std::int64_t begin, std::int64_t end, Trace& trace) {
  StackedStates stack = *trace.Find<StackedStates>(node.input(0));
  if (begin >= end) throw Error("takes none of the states");
  stack.states = {stack.states.begin() + begin, stack.states.begin() + end};
  const auto [value, direction] = stack.states[0];
  const Layout layout = *LayoutOf(value, trace);
  const bool is_layer =
      std::ssize(stack.states) == layout.directions && direction == 0 && stack.states.back().of == value;
  if (stack.states.size() > 1 && !is_layer) return BindStates(node.output(0), std::move(stack), trace);
  View view =
      is_layer ? LastStates(value, layout, trace.batch()) : LastOfDirection(value, layout, direction, trace.batch());
  if (!is_layer) view.axes.insert(view.axes.begin(), Axis{});
  view.cause = &node.proto();
  trace.Bind(node.output(0), std::move(view));
}

// Inputs: X, W, R, B, lengths, initial h; of LSTM also initial c and peepholes. Outputs: Y, Y_h; of LSTM also Y_c.
bool ImportRecurrent(Node& node, Trace& trace) {
  node.ExpectInputs(3, Is(node.proto(), "LSTM") ? 8 : 6);
  const std::size_t input = StepsFirst(node.input(0), trace);
  const Shape shape = trace.shape(input);
  if (node.outputs() > 2 && trace.graph().uses(node.output(2)) > 0) {
    throw Error("output 2, the last c, is " + Quoted(node.output(2)) + " and is read, expected h alone");
  }
  RecurrentLayer recurrent = ReadRecurrent(node, shape[1]);
  recurrent.mask = HasMask(node, input, trace);
  const std::size_t outputs = recurrent.outputs();
  ChainLayer layer = ToChainLayer(std::move(recurrent));
  layer.input = input;
  const std::size_t value = trace.Add(std::move(layer), Shape{shape[0], outputs});
  const Layout layout(trace.chain().layers.back(), trace.shape(value));
  View views[] = {AllStates(value, layout, trace.batch()), LastStates(value, layout, trace.batch())};
  for (int i = 0; i < 2 && i < node.outputs(); ++i) {
    views[i].cause = &node.proto();
    if (!node.output(i).empty()) trace.Bind(node.output(i), std::move(views[i]));
  }
  return true;
}

}  // namespace fallow::nn::onnx_io
