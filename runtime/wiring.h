// Which values the layers of a model read. Value 0 is the model's input, value i + 1 what layer i makes of its own.
#ifndef FALLOW_RUNTIME_WIRING_H_
#define FALLOW_RUNTIME_WIRING_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fallow/nn/layer.h"

namespace fallow::nn {

using Layers = std::span<const std::unique_ptr<Layer>>;

struct Wiring {
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  std::vector<std::size_t> input;                 // Of layer i: the value it takes as x.
  std::vector<std::size_t> other;                 // Of layer i: its second input, or kNone.
  std::vector<std::vector<std::size_t>> readers;  // Of value i: the layers that read it, in order, each once.

  // Whether layer `reader` is the last of the forward pass to read the value: the first to know its gradient.
  bool IsLastReader(std::size_t value, std::size_t reader) const { return readers[value].back() == reader; }
  // Whether every value but the last is a link.
  bool IsChain() const;
  // Whether one layer reads the value, as its x.
  bool IsLink(std::size_t value) const {
    return readers[value].size() == 1 && input[readers[value][0]] == value && other[readers[value][0]] != value;
  }
};

// Throws Error if a label is unknown where it is read, or given twice, or if nobody reads a value but the last.
Wiring Wire(Layers layers);

// The shapes of all values, and how many parameters each layer has. Tells layers the shapes of their second inputs, and
// their parts of the model's input. Throws Error naming the layer that a shape does not fit.
struct ModelPlan {
  std::vector<Shape> shapes;
  std::vector<std::uint64_t> parameters;
};
ModelPlan PlanModel(Layers layers, const Wiring& wiring, const Shape& input);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_WIRING_H_
