#include "runtime/onnx/description.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/numbers.h"
#include "runtime/onnx/decimal.h"
#include "runtime/onnx/listing.h"
#include "runtime/onnx/norm_options.h"
#include "runtime/onnx/operators.h"
#include "runtime/wiring.h"

namespace fallow::nn::onnx_io {
namespace {

bool IsPenalty(std::string_view field) {
  return field.starts_with("l1=") || field.starts_with("l2=") || field.starts_with("max_norm=") ||
         field.starts_with("unit_norm=");
}

// What an embedding or a recurrent layer does in training and predictions alone.
bool IsOfTraining(std::string_view kind, std::string_view field) {
  if (kind != "embedding" && kind != "lstm" && kind != "gru") return false;
  return field.starts_with("dropout=") || field.starts_with("recurrent_dropout=") ||
         field.starts_with("weight_dropout=") || field.starts_with("padding=");
}

// Whether a layer is one that ExportNothing writes.
bool IsNothingInGraph(std::string_view spec) {
  const std::string_view kind = spec.substr(0, spec.find(':'));
  if (kind == "dropout") return spec.find(":noise_shape=") != std::string_view::npos;
  return FindExport(kind) == ExportNothing;
}

// What a graph keeps of a layer.
std::string InGraph(std::string_view spec) {
  // Their numbers become f32.
  if (spec.starts_with("batch_norm")) {
    const BatchNormOptions options = ReadBatchNorm(spec);
    return MakeBatchNorm({.momentum = FromOnnxMomentum(ToOnnxMomentum(options.momentum)),
                          .eps = DecimalOf(static_cast<float>(options.eps))})
        ->Spec();
  }
  if (spec.starts_with("layer_norm")) return MakeLayerNorm(DecimalOf(static_cast<float>(ReadLayerNorm(spec))))->Spec();
  constexpr std::string_view kLeaky = "leaky_relu:";
  if (spec.starts_with(kLeaky)) {  // Its slope becomes f32.
    const double slope = ParseNumber(spec.substr(kLeaky.size()));
    return MakeActivation(Activation::kLeakyReLU, DecimalOf(static_cast<float>(slope)))->Spec();
  }
  constexpr std::string_view kDropConnect = "dropconnect:";
  if (spec.starts_with(kDropConnect)) {  // Has a rate behind its units.
    spec.remove_prefix(kDropConnect.size());
    const std::size_t rate = spec.find(':') + 1;
    const std::size_t options = std::min(spec.find(':', rate), spec.size());
    return InGraph("dense:" + std::string(spec.substr(0, rate - 1)) + std::string(spec.substr(options)));
  }
  const std::string_view kind = spec.substr(0, spec.find(':'));
  std::string kept;
  for (;;) {
    const std::size_t colon = spec.find(':');
    const std::string_view field = spec.substr(0, colon);
    if (!IsPenalty(field) && !IsOfTraining(kind, field)) kept.append(kept.empty() ? "" : ":").append(field);
    if (colon == std::string_view::npos) return kept;
    spec.remove_prefix(colon + 1);
  }
}

// A layer as a graph keeps it. What it reads are those of such layers, and of 0 for the model's input.
struct InGraphLayer {
  std::string spec;
  Shape shape;  // Of x.
  std::size_t input, other;

  bool operator==(const InGraphLayer&) const = default;
};

bool IsShapeAlone(std::string_view spec) {
  return spec == "flatten" || spec.starts_with("reshape:") || spec.starts_with("from:");
}

// Layers of one kind that differ by name alone.
void Unify(InGraphLayer* layer) {
  const auto begins = [&](std::string_view kind) { return layer->spec.starts_with(kind); };
  constexpr std::string_view kLast = "dense_last:", kKept = ":keepdims=1";
  const bool is_flat = layer->shape.rank() < 2 || layer->shape[layer->shape.rank() - 1] == layer->shape.elements();
  if (begins(kLast) && is_flat) layer->spec.replace(0, kLast.size(), "dense:");
  if (begins("dense:")) layer->shape = Shape{layer->shape.elements()};
  if (begins("global_") && layer->spec.ends_with(kKept)) layer->spec.resize(layer->spec.size() - kKept.size());
}

// What a graph keeps of a list of layers. Throws Error if it is none.
std::vector<InGraphLayer> KeptOf(const std::string& list, const Shape& input) {
  const std::vector<std::unique_ptr<Layer>> layers = ParseLayers(list);
  const Wiring wiring = Wire(layers);
  const ModelPlan plan = PlanModel(layers, wiring, input);
  std::vector<InGraphLayer> kept;
  std::vector<std::size_t> value_of = {0};  // Among those that are kept.
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string spec = layers[i]->Spec();
    const std::size_t from = value_of[wiring.input[i]];
    const bool is_whole_input = spec.starts_with("input:") && plan.shapes[i + 1].elements() == input.elements();
    if (is_whole_input || IsShapeAlone(spec) || IsNothingInGraph(spec)) {
      value_of.push_back(from);
      continue;
    }
    const std::string_view label = layers[i]->other_label();
    const std::size_t other = label.empty() ? 0 : value_of[wiring.other[i]];
    kept.push_back({InGraph(spec.substr(0, spec.size() - label.size())), plan.shapes[wiring.input[i]], from, other});
    if (kept.back().spec == "add:" && other < from) std::swap(kept.back().input, kept.back().other);
    Unify(&kept.back());
    value_of.push_back(kept.size());
  }
  kept.push_back({"", plan.shapes.back(), value_of.back(), 0});
  return kept;
}

}  // namespace

std::string ListLayers(const std::vector<ChainLayer>& found, const Shape& input, const std::string& description) {
  std::string list = ListOf(found);
  try {
    if (!description.empty() && KeptOf(description, input) == KeptOf(list, input)) return description;
  } catch (const Error&) {
    // No list of layers: it is somebody else's.
  }
  return list;
}

}  // namespace fallow::nn::onnx_io
