#include "runtime/onnx/description.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/numbers.h"
#include "runtime/onnx/decimal.h"
#include "runtime/onnx/norm_options.h"

namespace fallow::nn::onnx_io {
namespace {

bool IsPenalty(std::string_view field) {
  return field.starts_with("l1=") || field.starts_with("l2=") || field.starts_with("max_norm=") ||
         field.starts_with("unit_norm=");
}

// Whether a layer is one of the dropout family that ExportNothing writes.
bool IsNothingInGraph(std::string_view spec) {
  const std::string_view kind = spec.substr(0, spec.find(':'));
  if (kind == "dropout") return spec.find(":noise_shape=") != std::string_view::npos;
  return kind.ends_with("_dropout") || kind.starts_with("spatial_dropout") || kind == "gaussian_noise" ||
         kind == "drop_block2d";
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
  std::string kept;
  for (;;) {
    const std::size_t colon = spec.find(':');
    const std::string_view field = spec.substr(0, colon);
    if (!IsPenalty(field)) kept.append(kept.empty() ? "" : ":").append(field);
    if (colon == std::string_view::npos) return kept;
    spec.remove_prefix(colon + 1);
  }
}

// Whether layers i and i + 1 are a global pooling that keeps its dimensions and a flatten: how one without is written.
bool IsGlobalPool(const std::vector<ChainLayer>& found, std::size_t i, const std::string& spec) {
  return spec.starts_with("global_") && i + 1 < found.size() && found[i].spec == spec + ":keepdims=1" &&
         found[i + 1].spec == "flatten";
}

bool Describes(const std::string& description, const std::vector<ChainLayer>& found) {
  std::size_t i = 0;
  for (const std::unique_ptr<Layer>& layer : ParseLayers(description)) {
    if (IsNothingInGraph(layer->Spec())) continue;
    const std::string spec = InGraph(layer->Spec());
    const bool flattened = i + 1 < found.size() && found[i].spec == "flatten" && found[i + 1].units > 0;
    if (IsGlobalPool(found, i, spec)) {
      i += 2;
      continue;
    }
    if (flattened && spec == found[i + 1].spec) ++i;
    if (i == found.size() || found[i].spec != spec) return false;
    ++i;
  }
  return i == found.size();
}

}  // namespace

std::string ListLayers(const std::vector<ChainLayer>& found, const std::string& description) {
  try {
    if (!description.empty() && Describes(description, found)) return description;
  } catch (const Error&) {
    // No list of layers: it is somebody else's.
  }
  std::string list;
  for (const ChainLayer& layer : found) list.append(list.empty() ? "" : ",").append(layer.spec);
  return list;
}

}  // namespace fallow::nn::onnx_io
