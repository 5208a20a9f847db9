// Gemm, MatMul and the Add of a bias: dense layers.
#include "runtime/onnx/dense.h"

#include <algorithm>
#include <utility>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/onnx/attention.h"
#include "runtime/onnx/operators.h"
#include "runtime/onnx/text.h"
#include "runtime/onnx/trace.h"

namespace fallow::nn::onnx_io {
namespace {

constexpr std::string_view kNoBias = ":bias=0";

// The constant matrix of a dense layer: (units, inputs), or (inputs, units) if `units_last`.
struct Weight {
  const std::string& name;
  bool units_last;
  float scale = 1;
};

std::int64_t UnitsOf(const Node& node, const Weight& weight, std::int64_t inputs) {
  const Constant* constant = node.constants().Find(weight.name);
  if (constant == nullptr) throw Error("input " + Quoted(weight.name) + " is computed, expected a constant");
  const auto wrong = [&](const std::string& dims) {
    const std::string sides =
        weight.units_last ? "(" + std::to_string(inputs) + ", units)" : "(units, " + std::to_string(inputs) + ")";
    return Error("the weight " + Quoted(weight.name) + " is " + dims + ", expected " + sides);
  };
  if (constant->tensor->dims_size() != 2) throw wrong(ToString(constant->tensor->dims()));
  const std::vector<std::int64_t> dims = constant->dims();
  if (dims[weight.units_last ? 0 : 1] != inputs) throw wrong(ToString(dims));
  return dims[weight.units_last ? 1 : 0];
}

// The value that a dense layer reads for a view: whole samples, or whole vectors of them in another order. If its
// numbers had to be moved for that, `name` is bound to them.
std::size_t InputOf(const std::string& name, std::int64_t inputs, Trace& trace) {
  const View& view = trace.ViewOf(name);
  const Shape& shape = trace.shape(view.of);
  if (WholeSamples(view, shape, trace.batch())) return trace.Whole(name);
  if (!HoldsVectors(view, inputs, shape)) {
    const std::size_t value = trace.Whole(name);
    trace.Bind(name, trace.WholeViewOf(value));
    return value;
  }
  const auto size = static_cast<std::size_t>(inputs);
  const bool fits = shape.rank() > 1 && shape[shape.rank() - 1] == size;
  return fits ? view.of : trace.Shaped(view.of, Shape{shape.elements() / size, size});
}

// The layer that makes of its value a dense one's, and the shape of that.
std::pair<ChainLayer, Shape> MakeLayer(const std::string& name, std::int64_t inputs, std::size_t units, Trace& trace) {
  ChainLayer layer;
  layer.input = InputOf(name, inputs, trace);
  layer.units = units;
  layer.parameters.resize(1);
  const Shape& read = trace.shape(layer.input);
  const DenseOptions options{.use_bias = false};
  if (read.rank() == 1) {
    layer.spec = MakeDense(units, options)->Spec();
    return {std::move(layer), Shape{units}};
  }
  layer.spec = MakeDenseLast(units, options)->Spec();
  std::vector<std::size_t> dims;
  for (std::size_t i = 0; i + 1 < read.rank(); ++i) dims.push_back(read[i]);
  dims.push_back(units);
  return {std::move(layer), Shape(dims)};
}

// The attention that ends with a product of its heads.
std::pair<ChainLayer, Shape> FinishHeads(const View& heads, std::int64_t inputs, std::size_t units, Trace& trace) {
  const Shape& shape = trace.shape(heads.of);
  if (!HoldsVectors(heads, inputs, shape) || shape[1] != units) {
    throw Error("reads the heads of an attention as " + ToString(heads.sizes()) + " and makes " +
                std::to_string(units) + " numbers of each, expected them side by side and as many numbers");
  }
  ChainLayer layer = trace.layer(heads.of);
  for (const std::vector<float>& values : layer.parameters) trace.graph().constants().Charge(values.size());
  layer.is_heads = false;
  return {std::move(layer), shape};
}

// Binds the output to a dense layer without bias of the value `name`.
void AddDense(Node& node, const std::string& name, const Weight& weight, Trace& trace) {
  View view = trace.ViewOf(name);
  if (view.axes.size() < 2) throw Error("the input is " + ToString(view.sizes()) + ", expected (batch, features)");
  const std::int64_t inputs = SizeOf(view.axes.back()).number;
  const std::int64_t units = UnitsOf(node, weight, inputs);
  std::vector<float> values = node.constants().Floats(weight.name, weight.units_last);
  if (weight.scale != 1) std::ranges::for_each(values, [&](float& value) { value *= weight.scale; });
  const bool ends_heads = trace.IsHeads(view.of);
  auto [layer, shape] = ends_heads ? FinishHeads(view, inputs, static_cast<std::size_t>(units), trace)
                                   : MakeLayer(name, inputs, static_cast<std::size_t>(units), trace);
  view = trace.ViewOf(name);  // Which may have become the whole of a recurrent layer, or of a permutation.
  layer.parameters[ends_heads ? std::size_t{kOutWeight} : 0] = std::move(values);
  layer.takes_bias = true;
  view.of = trace.Add(std::move(layer), shape);
  for (Axis& axis : view.axes) {
    for (Run& run : axis) run.stride = run.is_batch() ? run.stride : run.stride / inputs * units;
  }
  view.axes.back() = units == 1 ? Axis() : Axis{{units, 1}};
  view.alone = true;
  trace.Bind(node.output(0), std::move(view));
}

// The constant `name` as `units` numbers, `scale` times. It may be one number for all units.
std::vector<float> ReadBias(const Node& node, const std::string& name, float scale, std::size_t units) {
  const Constant* bias = node.constants().Find(name);
  if (bias == nullptr) throw Error("input " + Quoted(name) + " is computed, expected a constant");
  const std::vector<std::int64_t> dims = bias->dims();
  const std::int64_t last = dims.empty() ? 1 : dims.back();
  const bool is_row = std::ranges::count(dims, 1) + 1 >= std::ssize(dims);
  if (!is_row || (last != 1 && last != static_cast<std::int64_t>(units))) {
    throw Error("the bias " + Quoted(name) + " is " + ToString(dims) + ", expected (" + std::to_string(units) +
                ") or (1, " + std::to_string(units) + ")");
  }
  std::vector<float> values = node.constants().Floats(name);
  if (last == 1 && values.size() == 1) values.assign(units, values[0]);
  for (float& value : values) value *= scale;
  return values;
}

void AddBias(const Node& node, const std::string& name, float scale, ChainLayer* layer) {
  std::vector<float> bias = ReadBias(node, name, scale, layer->units);
  layer->takes_bias = false;
  if (layer->spec.ends_with(kNoBias)) {
    layer->spec.resize(layer->spec.size() - kNoBias.size());
    // Of attention both products have one or neither.
    if (layer->parameters.size() == 2) layer->parameters.emplace_back(3 * layer->units, 0.0f);
    layer->parameters.emplace_back();
  }
  layer->parameters.back() = std::move(bias);
}

}  // namespace

// y = alpha x B + beta C, B transposed if transB is 1.
bool ImportGemm(Node& node, Trace& trace) {
  node.ExpectInputs(2, 3);
  node.attributes().ExpectInteger("transA", 0, 0);
  const std::int64_t transposed = node.attributes().Integer("transB", 0);
  const float alpha = node.attributes().Float("alpha", 1);
  const float beta = node.attributes().Float("beta", 1);
  const View& view = trace.ViewOf(node.input(0));
  if (view.axes.size() > 2) throw Error("the input is " + ToString(view.sizes()) + ", expected (batch, features)");
  AddDense(node, node.input(0), {node.input(1), transposed == 0, alpha}, trace);
  if (node.has_input(2)) AddBias(node, node.input(2), beta, &trace.layer(trace.ViewOf(node.output(0)).of));
  return true;
}

bool ImportMatMul(Node& node, Trace& trace) {
  node.ExpectInputs(2, 2);
  const bool computed = trace.Find(node.input(0)) != nullptr && trace.Find(node.input(1)) != nullptr;
  if (computed) {
    MultiplyHeads(node, trace);
  } else {
    AddDense(node, node.input(0), {node.input(1), /*units_last=*/true}, trace);
  }
  return true;
}

void AddBiasOf(Node& node, const std::string& value, const std::string& bias, Trace& trace) {
  const View view = trace.ViewOf(value);
  if (!view.alone || view.of == 0 || !trace.layer(view.of).takes_bias) {
    throw Error("expected a MatMul before it, whose bias it adds, or another value that layers compute");
  }
  ChainLayer& layer = trace.layer(view.of);
  const auto units = static_cast<std::int64_t>(layer.units);
  if (view.scale != 1 || view.axes.empty() || view.axes.back() != (units == 1 ? Axis() : Axis{{units, 1}})) {
    throw Error("adds a constant to " + ToString(view.sizes()) + ", whose last axis is not that of a MatMul");
  }
  AddBias(node, bias, 1, &layer);
  trace.Bind(node.output(0), view);
}

void ExportDense(const LayerToWrite& layer, GraphWriter& writer) {
  if (layer.input.rank() != 1) SetInteger(writer.AddNode("Flatten", "flatten", {writer.value()}), "axis", 1);
  const Tensor& weight = layer.parameters[0]->value;
  std::vector<std::string> inputs = {writer.value(),
                                     writer.AddFloats("weight", {weight.rows(), weight.cols()}, weight.values())};
  if (layer.parameters.size() > 1) {
    const Tensor& bias = layer.parameters[1]->value;
    inputs.push_back(writer.AddFloats("bias", {bias.cols()}, bias.values()));
  }
  SetInteger(writer.AddNode("Gemm", "gemm", std::move(inputs)), "transB", 1);
}

void AddLinear(std::string x, const Parameter& weight, const Parameter* bias, const std::string& prefix,
               GraphWriter& writer) {
  const Tensor& values = weight.value;
  const std::string matrix = writer.AddFloats(weight.name, {values.rows(), values.cols()}, values.values());
  constexpr std::int64_t kSwapped[] = {1, 0};
  SetIntegers(writer.AddNode("Transpose", prefix + "transpose", {matrix}), "perm", kSwapped);
  writer.AddNode("MatMul", prefix + "matmul", {std::move(x), writer.value()});
  if (bias == nullptr) return;
  const std::string added = writer.AddFloats(bias->name, {bias->value.cols()}, bias->value.values());
  writer.AddNode("Add", prefix + "add", {writer.value(), added});
}

// x W^T + b, W as PyTorch keeps it.
void ExportDenseLast(const LayerToWrite& layer, GraphWriter& writer) {
  if (layer.input.rank() < 2) return ExportDense(layer, writer);
  const bool has_bias = layer.parameters.size() > 1;
  AddLinear(writer.value(), *layer.parameters[0], has_bias ? layer.parameters[1] : nullptr, "", writer);
}

}  // namespace fallow::nn::onnx_io
