// Products with constant matrices.
#ifndef FALLOW_RUNTIME_ONNX_DENSE_H_
#define FALLOW_RUNTIME_ONNX_DENSE_H_

#include <string>

#include "runtime/onnx/operators.h"

namespace fallow::nn::onnx_io {

// Adds the constant `bias` to `value` where that is a product that has none yet, and binds the node's output to it.
void AddBiasOf(Node& node, const std::string& value, const std::string& bias, Trace& trace);

// Writes nodes for x W^T + b, W (units, inputs) and b perhaps null; names of nodes begin with `prefix`.
void AddLinear(std::string x, const Parameter& weight, const Parameter* bias, const std::string& prefix,
               GraphWriter& writer);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_DENSE_H_
