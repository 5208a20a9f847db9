// How long each sequence is, where a mask says so.
#ifndef FALLOW_RUNTIME_ONNX_RECURRENT_LENGTHS_H_
#define FALLOW_RUNTIME_ONNX_RECURRENT_LENGTHS_H_

#include <cstddef>
#include <string>

#include "runtime/onnx/graph.h"
#include "runtime/onnx/graph_writer.h"

namespace fallow::nn::onnx_io {

// Adds what computes how many of the `steps` of the value `x`, (batch, steps, features), each row has without the last
// ones whose features are all 0. Returns its name, of INT32.
std::string AddLengths(const std::string& x, std::size_t steps, GraphWriter& writer);

// The value x of which `lengths` is that. Null if it is something else.
const std::string* FindLengths(const Graph& graph, const std::string& lengths, std::size_t steps);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_RECURRENT_LENGTHS_H_
