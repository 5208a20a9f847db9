// Operators of which the inputs may be integers.
#ifndef FALLOW_RUNTIME_ONNX_INTEGER_OPERATORS_H_
#define FALLOW_RUNTIME_ONNX_INTEGER_OPERATORS_H_

#include "runtime/onnx/operators.h"

namespace fallow::nn::onnx_io {

// Each binds the node's output if all its inputs are known integers, and returns false otherwise.
bool CombineIntegers(Node& node, Trace& trace);  // Add, Sub, Mul, Div.
bool ConcatIntegers(Node& node, Trace& trace);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_INTEGER_OPERATORS_H_
