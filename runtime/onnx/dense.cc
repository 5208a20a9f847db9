// Gemm, MatMul and Add: dense layers.
#include <algorithm>
#include <utility>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/onnx/operators.h"
#include "runtime/onnx/text.h"

namespace fallow::nn::onnx_io {
namespace {

bool HasBias(const ChainLayer& dense) { return dense.parameters.size() > 1; }

// Layer::Spec, with the checks of MakeDense.
std::string Spec(const ChainLayer& dense) { return MakeDense(dense.units, {.use_bias = HasBias(dense)})->Spec(); }

// Adds a dense layer without bias whose weight is the constant `name`: (units, inputs), or (inputs, units) if
// `units_last`.
void AddDense(const Node& node, const std::string& name, bool units_last, Chain& chain) {
  if (chain.shape.rank() != 1) {
    throw Error("the input is " + BatchOf(chain.shape) + ", expected (batch, features)");
  }
  const Constant* weight = node.constants().Find(name);
  if (weight == nullptr) throw Error("input " + Quoted(name) + " is computed, expected a constant");
  const auto inputs = static_cast<std::int64_t>(chain.shape[0]);
  const auto wrong = [&](const std::string& dims) {
    const std::string sides =
        units_last ? "(" + std::to_string(inputs) + ", units)" : "(units, " + std::to_string(inputs) + ")";
    return Error("the weight " + Quoted(name) + " is " + dims + ", expected " + sides);
  };
  if (weight->tensor->dims_size() != 2) throw wrong(ToString(weight->tensor->dims()));
  const std::vector<std::int64_t> dims = weight->dims();
  if (dims[units_last ? 0 : 1] != inputs) throw wrong(ToString(dims));
  ChainLayer layer;
  layer.units = static_cast<std::size_t>(dims[units_last ? 1 : 0]);
  layer.parameters.push_back(node.constants().Floats(name, /*transposed=*/units_last));
  layer.spec = Spec(layer);
  chain.shape = Shape{layer.units};
  chain.layers.push_back(std::move(layer));
}

// Gives the last layer the constant `name` as bias, `scale` times. It may be one number for all units.
void AddBias(const Node& node, const std::string& name, float scale, ChainLayer* dense) {
  const Constant* bias = node.constants().Find(name);
  if (bias == nullptr) throw Error("input " + Quoted(name) + " is computed, expected a constant");
  const std::vector<std::int64_t> dims = bias->tensor->dims_size() <= 2 ? bias->dims() : std::vector<std::int64_t>(3);
  const std::int64_t last = dims.empty() ? 1 : dims.back();
  if (dims.size() > 2 || (dims.size() == 2 && dims[0] != 1) ||
      (last != 1 && last != static_cast<std::int64_t>(dense->units))) {
    throw Error("the bias " + Quoted(name) + " is " + ToString(dims) + ", expected (" + std::to_string(dense->units) +
                ") or (1, " + std::to_string(dense->units) + ")");
  }
  std::vector<float> values = node.constants().Floats(name);
  if (last == 1) values.assign(dense->units, values[0]);
  for (float& value : values) value *= scale;
  dense->parameters.push_back(std::move(values));
  dense->spec = Spec(*dense);
}

}  // namespace

// y = alpha x B + beta C, B transposed if transB is 1.
void ImportGemm(Node& node, Chain& chain) {
  node.ExpectInputs(2, 3);
  node.ExpectData(0, chain);
  node.attributes().ExpectInteger("transA", 0, 0);
  const std::int64_t transposed = node.attributes().Integer("transB", 0);
  const float alpha = node.attributes().Float("alpha", 1);
  const float beta = node.attributes().Float("beta", 1);
  AddDense(node, node.input(1), transposed == 0, chain);
  ChainLayer& dense = chain.layers.back();
  for (float& value : dense.parameters[0]) value *= alpha;
  if (node.has_input(2)) AddBias(node, node.input(2), beta, &dense);
}

void ImportMatMul(Node& node, Chain& chain) {
  node.ExpectInputs(2, 2);
  node.ExpectData(0, chain);
  AddDense(node, node.input(1), /*units_last=*/true, chain);
}

void ImportAdd(Node& node, Chain& chain) {
  node.ExpectInputs(2, 2);
  if (chain.layers.empty() || chain.layers.back().units == 0 || HasBias(chain.layers.back())) {
    throw Error("expected a MatMul before it, whose bias it adds");
  }
  AddBias(node, node.input(node.input(0) == chain.value ? 1 : 0), 1, &chain.layers.back());
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

}  // namespace fallow::nn::onnx_io
