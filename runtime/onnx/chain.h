// Layers as they are found along a graph.
#ifndef FALLOW_RUNTIME_ONNX_CHAIN_H_
#define FALLOW_RUNTIME_ONNX_CHAIN_H_

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "fallow/nn/tensor.h"

namespace fallow::nn::onnx_io {

inline constexpr std::size_t kNoValue = std::numeric_limits<std::size_t>::max();

struct ChainLayer {
  std::string spec;  // As Layer::Spec; of one with a second input "add:" or "concat:", as it has no label yet.
  // Of a dense layer, and of attention, whose last product is one: how many it makes, and whether the bias that a node
  // behind it adds is its own. The others have none.
  std::size_t units = 0;
  bool takes_bias = false;
  std::vector<std::vector<float>> parameters = {};  // In the order of Layer::parameters; of dense: weight, bias.
  // Which values it reads: 0 is the model's input, i + 1 what layer i makes. Trace sets them for layers of one input.
  std::size_t input = kNoValue;
  std::size_t other = kNoValue;
  bool is_heads = false;  // An attention without its last product: what it makes is the heads' values side by side.
};

struct Chain {
  std::string_view value;  // What the next layer reads: a name in the graph.
  Shape shape = {};        // Of one sample of it.
  std::vector<ChainLayer> layers = {};
};

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_CHAIN_H_
