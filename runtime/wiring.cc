#include "runtime/wiring.h"

#include <map>
#include <string>
#include <string_view>

#include "fallow/nn/error.h"

namespace fallow::nn {
namespace {

std::string NameOf(Layers layers, std::size_t i) {
  return "model: layer " + std::to_string(i) + " (" + layers[i]->Spec() + ")";
}

class Labels {
 public:
  explicit Labels(Layers layers) : layers_(layers) {}

  // The value that layer `i` reads by this label; `before` if it gives none.
  std::size_t Find(std::size_t i, std::string_view label, std::size_t before) const {
    if (label.empty()) return before;
    const auto found = values_.find(label);
    if (found != values_.end()) return found->second;
    throw Error(NameOf(layers_, i) + ": nothing before it has the label '" + std::string(label) + "'");
  }

  void Add(std::size_t i) {
    const std::string& label = layers_[i]->label;
    if (label.empty() || values_.emplace(label, i + 1).second) return;
    throw Error(NameOf(layers_, i) + ": there is another '" + label + "'");
  }

 private:
  Layers layers_;
  std::map<std::string_view, std::size_t> values_ = {{kModelInput, 0}};
};

}  // namespace

bool Wiring::IsChain() const {
  for (std::size_t value = 0; value + 1 < readers.size(); ++value) {
    if (!IsLink(value)) return false;
  }
  return true;
}

Wiring Wire(Layers layers) {
  Wiring wiring;
  wiring.readers.resize(layers.size() + 1);
  Labels labels(layers);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    wiring.input.push_back(labels.Find(i, layers[i]->input_label(), i));
    wiring.other.push_back(labels.Find(i, layers[i]->other_label(), Wiring::kNone));
    labels.Add(i);
    wiring.readers[wiring.input[i]].push_back(i);
    const std::size_t other = wiring.other[i];
    if (other != Wiring::kNone && other != wiring.input[i]) wiring.readers[other].push_back(i);
  }
  for (std::size_t value = 0; value < layers.size(); ++value) {
    if (!wiring.readers[value].empty()) continue;
    throw Error(value == 0 ? "model: no layer reads the input"
                           : NameOf(layers, value - 1) + ": no layer reads what it makes");
  }
  return wiring;
}

ModelPlan PlanModel(Layers layers, const Wiring& wiring, const Shape& input) {
  ModelPlan plan{{input}, {}};
  std::size_t taken = 0;  // Of the input, by layers that take parts of it.
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Shape& shape = plan.shapes[wiring.input[i]];
    try {
      if (wiring.other[i] != Wiring::kNone) layers[i]->SetOtherShape(plan.shapes[wiring.other[i]]);
      taken += layers[i]->TakeInput(taken);
      const LayerPlan of_layer = layers[i]->Plan(shape);
      plan.shapes.push_back(of_layer.output);
      plan.parameters.push_back(of_layer.parameters);
    } catch (const Error& error) {
      throw Error(NameOf(layers, i) + " after shape " + shape.ToString() + ": " + error.what());
    }
  }
  if (taken != 0 && taken != input.elements()) {
    throw Error("model: the input has " + std::to_string(input.elements()) + " elements, its parts have " +
                std::to_string(taken));
  }
  return plan;
}

}  // namespace fallow::nn
