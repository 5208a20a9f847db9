// Layers as they are found along a graph.
#ifndef FALLOW_RUNTIME_ONNX_CHAIN_H_
#define FALLOW_RUNTIME_ONNX_CHAIN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fallow/nn/tensor.h"

namespace fallow::nn::onnx_io {

struct ChainLayer {
  std::string spec;                                 // As Layer::Spec.
  std::size_t units = 0;                            // Of a dense layer; the others have none.
  std::vector<std::vector<float>> parameters = {};  // In the order of Layer::parameters; of dense: weight, bias.
};

struct Chain {
  std::string_view value;                  // What the layers so far compute: a name in the graph.
  Shape shape = {};                        // Of one sample of it.
  std::optional<std::int64_t> batch = {};  // The number of samples, if the graph is for one number alone.
  std::vector<ChainLayer> layers = {};
};

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_CHAIN_H_
