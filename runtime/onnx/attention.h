// Attention, of which a graph has the parts.
#ifndef FALLOW_RUNTIME_ONNX_ATTENTION_H_
#define FALLOW_RUNTIME_ONNX_ATTENTION_H_

#include <cstddef>
#include <string>

#include "runtime/onnx/operators.h"

namespace fallow::nn::onnx_io {

enum AttentionParameter : std::size_t { kInWeight, kOutWeight, kInBias, kOutBias };  // In the order of the layer's.

// A MatMul of two computed values: queries and keys, or the weights of an attention and values.
void MultiplyHeads(Node& node, Trace& trace);
// Adds to the scores `name` the constant `mask`, which must be 0 and what leaves nothing, as a causal one.
void AddMask(Node& node, const std::string& name, const std::string& mask, Trace& trace);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_ATTENTION_H_
