// Activations that are operators of ONNX.
#include <array>
#include <charconv>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/numbers.h"
#include "runtime/onnx/decimal.h"
#include "runtime/onnx/operators.h"

namespace fallow::nn::onnx_io {
namespace {

void Add(Node& node, Activation activation, Chain& chain, double negative_slope = 0.01) {
  node.ExpectInputs(1, 1);
  chain.layers.push_back({.spec = MakeActivation(activation, negative_slope)->Spec()});
}

// What SELU's two constants are to float; ONNX's defaults.
constexpr float kSeluAlpha = 1.67326319217681884765625f;
constexpr float kSeluGamma = 1.05070102214813232421875f;

struct Operator {
  std::string_view kind;
  std::string_view name;
};

constexpr std::array kOperators = {Operator{"relu", "Relu"},       Operator{"leaky_relu", "LeakyRelu"},
                                   Operator{"elu", "Elu"},         Operator{"selu", "Selu"},
                                   Operator{"sigmoid", "Sigmoid"}, Operator{"tanh", "Tanh"}};

}  // namespace

void ImportRelu(Node& node, Chain& chain) { Add(node, Activation::kReLU, chain); }
void ImportSigmoid(Node& node, Chain& chain) { Add(node, Activation::kSigmoid, chain); }
void ImportTanh(Node& node, Chain& chain) { Add(node, Activation::kTanh, chain); }

void ImportLeakyRelu(Node& node, Chain& chain) {
  Add(node, Activation::kLeakyReLU, chain, DecimalOf(node.attributes().Float("alpha", 0.01f)));
}

void ImportElu(Node& node, Chain& chain) {
  node.attributes().ExpectFloat("alpha", 1, 1);
  Add(node, Activation::kELU, chain);
}

void ImportSelu(Node& node, Chain& chain) {
  node.attributes().ExpectFloat("alpha", kSeluAlpha, kSeluAlpha);
  node.attributes().ExpectFloat("gamma", kSeluGamma, kSeluGamma);
  Add(node, Activation::kSELU, chain);
}

// Since opset 20; before, exporters write the pattern of gelu.cc.
void ImportGelu(Node& node, Chain& chain) {
  const std::string form = node.attributes().String("approximate", "none");
  if (form != "none") throw Error("attribute approximate is not \"none\", the exact form, which is the one there is");
  Add(node, Activation::kGELU, chain);
}

void ExportActivation(const LayerToWrite& layer, GraphWriter& writer) {
  for (const auto& [kind, name] : kOperators) {
    if (kind != layer.kind) continue;
    ::onnx::NodeProto* node = writer.AddNode(name, kind, {writer.value()});
    if (kind == "leaky_relu") {
      SetFloat(node, "alpha", layer.argument.empty() ? 0.01f : static_cast<float>(ParseNumber(layer.argument)));
    }
  }
}

}  // namespace fallow::nn::onnx_io
