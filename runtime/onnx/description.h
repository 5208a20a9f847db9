// The list of layers that SaveOnnx leaves in the metadata. A graph does not say everything: penalties are of no use to
// it, and a dense layer that reads an image needs a Flatten before it there.
#ifndef FALLOW_RUNTIME_ONNX_DESCRIPTION_H_
#define FALLOW_RUNTIME_ONNX_DESCRIPTION_H_

#include <string>
#include <vector>

#include "runtime/onnx/chain.h"

namespace fallow::nn::onnx_io {

inline constexpr char kLayersKey[] = "fallow.layers";

// The list of the layers found in a graph, or `description` if that is another way to say the same of samples of shape
// `input`. The graph has the last word: it may have been changed since.
std::string ListLayers(const std::vector<ChainLayer>& found, const Shape& input, const std::string& description);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_DESCRIPTION_H_
