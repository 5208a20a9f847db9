#include "runtime/onnx/description.h"

#include <memory>
#include <string_view>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/numbers.h"
#include "runtime/onnx/decimal.h"

namespace fallow::nn::onnx_io {
namespace {

bool IsPenalty(std::string_view field) {
  return field.starts_with("l1=") || field.starts_with("l2=") || field.starts_with("max_norm=");
}

// What a graph keeps of a layer.
std::string InGraph(std::string_view spec) {
  constexpr std::string_view kLeaky = "leaky_relu:";
  if (spec.starts_with(kLeaky)) {  // Its slope becomes f32.
    const double slope = ParseNumber(spec.substr(kLeaky.size()));
    return MakeActivation(Activation::kLeakyReLU, DecimalOf(static_cast<float>(slope)))->Spec();
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
