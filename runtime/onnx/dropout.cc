// Dropout, which stays: what it does is the business of the pass.
#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/onnx/decimal.h"
#include "runtime/onnx/operators.h"
#include "runtime/onnx/text.h"
#include "runtime/onnx/trace.h"

namespace fallow::nn::onnx_io {
namespace {

constexpr float kDefaultRatio = 0.5f;
constexpr std::int64_t kRatioIsInput = 12;  // Since this opset.

double Ratio(Node& node) {
  if (node.opset() < kRatioIsInput) return DecimalOf(node.attributes().Float("ratio", kDefaultRatio));
  if (!node.has_input(1)) return kDefaultRatio;
  const std::optional<double> value = node.constants().Number(node.input(1));
  if (!value) throw Error("the ratio " + Quoted(node.input(1)) + " is not a constant of one number");
  return *value;
}

// Inputs: data, ratio, training_mode. The last says what the exporter did, and does not matter here. Neither does the
// mask, the other output: whoever reads it is no layer.
double ReadRate(Node& node) {
  const bool has_inputs = node.opset() >= kRatioIsInput;
  node.ExpectInputs(1, has_inputs ? 3 : 1);
  if (has_inputs) node.attributes().Integer("seed", 0);  // Of its author's masks. Ours have keys of their own.
  return Ratio(node);
}

}  // namespace

void ImportDropout(Node& node, Chain& chain) {
  node.ExpectData(0, chain);
  chain.layers.push_back({.spec = MakeDropout(ReadRate(node))->Spec()});
}

// Of the weights of an attention.
bool ImportHeadDropout(Node& node, Trace& trace) {
  const HeadScores* found = node.has_input(0) ? trace.Find<HeadScores>(node.input(0)) : nullptr;
  if (found == nullptr) return false;
  HeadScores scores = *found;
  if (!scores.weights || scores.dropout != 0) throw Error("reads scores of an attention, expected its weights");
  scores.dropout = ReadRate(node);
  trace.Bind(node.output(0), std::move(scores));
  return true;
}

// The others of the family, which ONNX does not have, as what they are in inference. The list of layers says what they
// are, and the rate that one learns is among the constants.
void ExportNothing(const LayerToWrite& layer, GraphWriter& writer) {
  for (const Parameter* parameter : layer.parameters) {
    writer.AddFloats(parameter->name, {1}, parameter->value.values());
  }
  writer.AddNode("Identity", layer.kind, {writer.value()});
}

void ExportDropout(const LayerToWrite& layer, GraphWriter& writer) {
  if (layer.argument.find(':') != std::string_view::npos) return ExportNothing(layer, writer);  // A noise shape.
  AddDropout(ParseNumber(layer.argument), writer);
}

void AddDropout(double rate, GraphWriter& writer) {
  const auto narrow = static_cast<float>(rate);
  const std::string x = writer.value();
  // As f64 only if f32 would lose digits.
  const std::string ratio =
      DecimalOf(narrow) == rate ? writer.AddScalar("ratio", narrow) : writer.AddScalar64("ratio", rate);
  writer.AddNode("Dropout", "dropout", {x, ratio});
}

}  // namespace fallow::nn::onnx_io
