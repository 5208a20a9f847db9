// Layers that were found in a graph, as a list.
#ifndef FALLOW_RUNTIME_ONNX_LISTING_H_
#define FALLOW_RUNTIME_ONNX_LISTING_H_

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/onnx/chain.h"

namespace fallow::nn::onnx_io {

// Drops the layers that `value` does not depend on. It becomes that of the last one.
void KeepWhatIsRead(std::size_t value, std::vector<ChainLayer>* layers);
// As ParseLayers reads it. What is read by another than the layer behind it has a label.
std::string ListOf(const std::vector<ChainLayer>& layers);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_LISTING_H_
