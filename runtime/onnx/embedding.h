// Gather from a table: embedding.
#ifndef FALLOW_RUNTIME_ONNX_EMBEDDING_H_
#define FALLOW_RUNTIME_ONNX_EMBEDDING_H_

#include "runtime/onnx/operators.h"

namespace fallow::nn::onnx_io {

// If a Cast makes integers of what layers compute, or other integers of those, binds its output to Tokens.
bool CastTokens(Node& node, Trace& trace);
// If a Gather takes rows of a constant, (vocabulary, dim), for tokens that are computed, binds its output. ONNX counts
// negative tokens from the end; here they are errors.
bool GatherRows(Node& node, Trace& trace);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_EMBEDDING_H_
