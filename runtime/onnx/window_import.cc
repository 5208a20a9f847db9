// Conv, MaxPool, AveragePool and the global ones.
#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "fallow/nn/convolution.h"
#include "fallow/nn/error.h"
#include "runtime/onnx/axes.h"
#include "runtime/onnx/operators.h"
#include "runtime/onnx/text.h"
#include "runtime/window.h"

namespace fallow::nn::onnx_io {
namespace {

using ::onnx::NodeProto;

// Since these opsets.
constexpr std::int64_t kAxesAreInput = 13;  // Of Unsqueeze.
constexpr std::int64_t kPadsAreInput = 11;  // Of Pad.

// How many dimensions a window slides along.
std::size_t RankOf(const Chain& chain) {
  const std::size_t rank = chain.shape.rank();
  if (rank == 2 || rank == 3) return rank - 1;
  throw Error("the input is " + BatchOf(chain.shape) +
              ", expected (batch, channels, length) or (batch, channels, height, width)");
}

std::size_t NumberOf(const char* name, std::int64_t value) {
  if (value >= 0 && value <= static_cast<std::int64_t>(kMaxWindow)) return static_cast<std::size_t>(value);
  throw Error("attribute " + std::string(name) + " has " + std::to_string(value) + ", expected 0 to " +
              std::to_string(kMaxWindow));
}

// `count` numbers from 0 on.
std::vector<std::size_t> NumbersOf(Node& node, const char* name, std::size_t count, std::int64_t otherwise) {
  const std::vector<std::int64_t> values =
      node.attributes().Integers(name, std::vector<std::int64_t>(count, otherwise));
  if (values.size() != count) {
    throw Error("attribute " + std::string(name) + " is " + ToString(values) + ", expected " + std::to_string(count) +
                " numbers");
  }
  std::vector<std::size_t> numbers;
  for (const std::int64_t value : values) numbers.push_back(NumberOf(name, value));
  return numbers;
}

Size2D SizeOf(const std::vector<std::size_t>& numbers) {
  return numbers.size() == 1 ? Size2D{1, numbers[0]} : Size2D{numbers[0], numbers[1]};
}

Size2D ReadSize(Node& node, const char* name, std::size_t rank) { return SizeOf(NumbersOf(node, name, rank, 1)); }

struct Padding {
  Size2D before, after;
};

Padding ReadPads(Node& node, std::size_t rank) {
  const std::vector<std::size_t> pads = NumbersOf(node, "pads", 2 * rank, 0);
  if (rank == 1) return {{0, pads[0]}, {0, pads[1]}};
  return {{pads[0], pads[1]}, {pads[2], pads[3]}};
}

// The padding as a window has it: the same before and behind, or what makes the output as large as the input.
void SetPadding(Node& node, std::size_t rank, Window* window) {
  const std::string mode = node.attributes().String("auto_pad", "NOTSET");
  const Padding pads = ReadPads(node, rank);
  if (mode == "SAME_UPPER") {
    window->same_padding = true;
    return;
  }
  if (mode != "NOTSET" && mode != "VALID") {
    throw Error("attribute auto_pad is " + Quoted(mode) + ", expected NOTSET, VALID or SAME_UPPER");
  }
  if (mode == "VALID") return;
  window->padding = pads.before;
  if (pads.before == pads.after) return;
  Window same = *window;
  same.padding = {0, 0};
  same.same_padding = true;
  const Size2D before = same.before(), reach = same.reach();
  const bool is_same = pads.before == before && pads.after.height == reach.height - before.height &&
                       pads.after.width == reach.width - before.width;
  if (!is_same || window->stride != Size2D{1, 1}) {
    throw Error("attribute pads is not the same before and behind, nor what makes the output as large as the input");
  }
  *window = same;
}

// Kernel, stride, padding and dilation of a node.
Window ReadWindow(Node& node, std::size_t rank, Size2D kernel) {
  Window window{.kind = "window", .rank = rank, .kernel = kernel};
  window.stride = ReadSize(node, "strides", rank);
  window.dilation = ReadSize(node, "dilations", rank);
  SetPadding(node, rank, &window);
  window.Settle();
  return window;
}

void AddLayer(const std::unique_ptr<Layer>& layer, Chain& chain) {
  chain.shape = layer->Plan(chain.shape).output;
  chain.layers.push_back({.spec = layer->Spec()});
}

std::unique_ptr<Layer> MakeConvolution(std::size_t filters, const Window& window, std::size_t groups, bool use_bias) {
  if (window.rank == 2) {
    return MakeConv2D(filters, window.kernel,
                      {.stride = window.stride,
                       .padding = window.padding,
                       .same_padding = window.same_padding,
                       .dilation = window.dilation,
                       .groups = groups,
                       .use_bias = use_bias});
  }
  return MakeConv1D(filters, window.kernel.width,
                    {.stride = window.stride.width,
                     .padding = window.padding.width,
                     .same_padding = window.same_padding,
                     .dilation = window.dilation.width,
                     .groups = groups,
                     .use_bias = use_bias});
}

// The dimensions of the constant `name`: (filters, channels / groups, kernel…).
std::vector<std::size_t> WeightDims(const Node& node, const std::string& name, std::size_t rank) {
  const Constant* weight = node.constants().Find(name);
  if (weight == nullptr) throw Error("input " + Quoted(name) + " is computed, expected a constant");
  const auto& dims = weight->tensor->dims();
  std::vector<std::size_t> result;
  for (const std::int64_t dim : dims) result.push_back(NumberOf("kernel_shape", dim));
  if (result.size() == rank + 2 && std::ranges::count(result, 0u) == 0) return result;
  throw Error("the weight " + Quoted(name) + " is " + ToString(dims) + ", expected (filters, channels, " +
              (rank == 1 ? "length)" : "height, width)"));
}

void AddBias(const Node& node, const std::string& name, std::size_t filters, ChainLayer* layer) {
  std::vector<float> values = node.constants().Floats(name);
  if (values.size() != filters) {
    throw Error("the bias " + Quoted(name) + " has " + std::to_string(values.size()) + " numbers, expected " +
                std::to_string(filters));
  }
  layer->parameters.push_back(std::move(values));
}

// Kernel, stride and padding of a pooling node; its other attributes must say nothing else.
Window ReadPool(Node& node, std::size_t rank) {
  if (node.attributes().Find("kernel_shape", ::onnx::AttributeProto::INTS) == nullptr) {
    throw Error("has no attribute kernel_shape");
  }
  const Size2D kernel = ReadSize(node, "kernel_shape", rank);
  node.attributes().ExpectInteger("ceil_mode", 0, 0);
  Window window = ReadWindow(node, rank, kernel);
  if (window.dilation != Size2D{1, 1}) throw Error("attribute dilations is not 1, expected 1");
  if (window.same_padding) throw Error("pads are not the same before and behind");
  return window;
}

// `counted`: padding in front of the node, which counts.
void AddAveragePool(Node& node, Chain& chain, Size2D counted) {
  node.ExpectInputs(1, 1);
  const std::size_t rank = RankOf(chain);
  Window window = ReadPool(node, rank);
  bool counts = node.attributes().Integer("count_include_pad", 0) != 0;
  if (counted != Size2D{0, 0}) {
    if (window.padding != Size2D{0, 0}) throw Error("attribute pads is not 0 behind a Pad, expected 0");
    window.padding = counted;
    counts = true;
  }
  AddLayer(rank == 2 ? MakeAvgPool2D(window.kernel, {window.stride, window.padding, counts})
                     : MakeAvgPool1D(window.kernel.width, {window.stride.width, window.padding.width, counts}),
           chain);
}

// What a Pad with zeros adds before and behind each dimension, the batch's first; empty if it does something else.
std::vector<std::int64_t> ZeroPads(const NodeProto& pad, const Graph& graph) {
  Attributes attributes(pad);
  if (attributes.String("mode", "constant") != "constant") return {};
  if (graph.opset() < kPadsAreInput) {
    if (pad.input_size() != 1 || attributes.Float("value", 0) != 0) return {};
    return attributes.Integers("pads", {});
  }
  const bool has_value = pad.input_size() == 3 && !pad.input(2).empty();
  if (pad.input_size() < 2 || pad.input_size() > 3 || graph.constants().Find(pad.input(1)) == nullptr) return {};
  if (has_value && graph.constants().Number(pad.input(2)) != 0.0) return {};
  return graph.constants().Integers(pad.input(1));
}

}  // namespace

void ImportConv(Node& node, Chain& chain) {
  node.ExpectInputs(2, 3);
  node.ExpectData(0, chain);
  const std::size_t rank = RankOf(chain);
  const std::vector<std::size_t> dims = WeightDims(node, node.input(1), rank);
  const std::vector<std::size_t> kernel(dims.begin() + 2, dims.end());
  if (node.attributes().Find("kernel_shape", ::onnx::AttributeProto::INTS) != nullptr &&
      NumbersOf(node, "kernel_shape", rank, 1) != kernel) {
    throw Error("attribute kernel_shape is not that of the weight " + Quoted(node.input(1)));
  }
  const std::size_t groups = NumberOf("group", node.attributes().Integer("group", 1));
  const Window window = ReadWindow(node, rank, SizeOf(kernel));
  if (groups == 0 || dims[1] != chain.shape[0] / groups || dims[1] * groups != chain.shape[0]) {
    throw Error("the weight " + Quoted(node.input(1)) + " has " + std::to_string(dims[1]) + " channels in " +
                std::to_string(groups) + " groups for an input of " + BatchOf(chain.shape));
  }
  AddLayer(MakeConvolution(dims[0], window, groups, node.has_input(2)), chain);
  ChainLayer& layer = chain.layers.back();
  layer.parameters.push_back(node.constants().Floats(node.input(1)));
  if (node.has_input(2)) AddBias(node, node.input(2), dims[0], &layer);
}

void ImportMaxPool(Node& node, Chain& chain) {
  node.ExpectInputs(1, 1);
  const std::size_t rank = RankOf(chain);
  node.attributes().ExpectInteger("storage_order", 0, 0);
  const Window window = ReadPool(node, rank);
  AddLayer(rank == 2
               ? MakeMaxPool2D(window.kernel, {.stride = window.stride, .padding = window.padding})
               : MakeMaxPool1D(window.kernel.width, {.stride = window.stride.width, .padding = window.padding.width}),
           chain);
}

void ImportAveragePool(Node& node, Chain& chain) { AddAveragePool(node, chain, {0, 0}); }

void ImportGlobalAveragePool(Node& node, Chain& chain) {
  node.ExpectInputs(1, 1);
  RankOf(chain);
  AddLayer(MakeGlobalAvgPool(/*keepdims=*/true), chain);
}

void ImportGlobalMaxPool(Node& node, Chain& chain) {
  node.ExpectInputs(1, 1);
  RankOf(chain);
  AddLayer(MakeGlobalMaxPool(/*keepdims=*/true), chain);
}

// Over all dimensions behind the channels, as x.mean((2, 3)) is exported.
void ImportReduceMean(Node& node, Chain& chain) {
  node.ExpectInputs(1, 2);
  const std::size_t rank = RankOf(chain);
  std::set<std::size_t> axes;
  for (const std::int64_t axis : ReadList(node, 1, "axes")) axes.insert(AxisOf(axis, rank + 2));
  if (axes.size() != rank || axes.contains(0) || axes.contains(1)) {
    throw Error("the mean of an input of " + BatchOf(chain.shape) + " over " + std::to_string(axes.size()) +
                " axes, expected all behind the channels");
  }
  AddLayer(MakeGlobalAvgPool(node.attributes().Integer("keepdims", 1) != 0), chain);
}

// A Pad with zeros and the AveragePool behind it: as PyTorch exports one whose padding counts, even if there is none.
const std::string* FindPaddedAverage(const Graph& graph, const NodeProto& last) {
  if (!Is(last, "AveragePool") || last.input_size() != 1) return nullptr;
  const NodeProto* pad = Producer(graph, last.input(0), "Pad");
  return pad == nullptr || pad->input_size() == 0 ? nullptr : &pad->input(0);
}

void ImportPaddedAverage(Node& node, Chain& chain) {
  const std::size_t rank = RankOf(chain);
  const NodeProto& pad = *node.graph().producer(node.input(0));
  const std::vector<std::int64_t> pads = ZeroPads(pad, node.graph());
  const bool fits = pads.size() == 2 * (rank + 2) && pads[0] == 0 && pads[1] == 0 &&
                    std::equal(pads.begin(), pads.begin() + rank + 2, pads.begin() + rank + 2);
  if (!fits) throw Error("reads " + Label(pad) + ", expected one with zeros, the same before and behind");
  std::vector<std::size_t> counted;
  for (std::size_t i = 2; i < rank + 2; ++i) counted.push_back(NumberOf("pads", pads[i]));
  if (rank == 1) counted.insert(counted.begin(), 0);
  AddAveragePool(node, chain, {counted[0], counted[1]});
}

// The Unsqueeze that makes one channel of samples without, for the Conv behind it.
const std::string* FindChannel(const Graph& graph, const NodeProto& last) {
  if (!Is(last, "Conv") || last.input_size() == 0) return nullptr;
  const NodeProto* unsqueeze = Producer(graph, last.input(0), "Unsqueeze");
  if (unsqueeze == nullptr || unsqueeze->input_size() == 0) return nullptr;
  std::vector<std::int64_t> axes;
  if (graph.opset() < kAxesAreInput) {
    axes = Attributes(*unsqueeze).Integers("axes", {});
  } else if (unsqueeze->input_size() == 2 && graph.constants().Find(unsqueeze->input(1)) != nullptr) {
    axes = graph.constants().Integers(unsqueeze->input(1));
  }
  return axes == std::vector<std::int64_t>{1} ? &unsqueeze->input(0) : nullptr;
}

void ImportChannel(Node& node, Chain& chain) {
  std::vector<std::size_t> dims = {1};
  for (std::size_t i = 0; i < chain.shape.rank(); ++i) dims.push_back(chain.shape[i]);
  chain.shape = Shape(dims);
  chain.value = node.input(0);
  ImportConv(node, chain);
}

}  // namespace fallow::nn::onnx_io
