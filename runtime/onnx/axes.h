// What nodes say of axes.
#ifndef FALLOW_RUNTIME_ONNX_AXES_H_
#define FALLOW_RUNTIME_ONNX_AXES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/onnx/operators.h"

namespace fallow::nn::onnx_io {

inline constexpr std::size_t kMostAxes = 16;

// The axis, which may be counted from the end. Throws Error unless there is one.
std::size_t AxisOf(std::int64_t axis, std::size_t rank);
// A constant list that is an attribute in old opsets, and input i since. Empty if there is neither.
std::vector<std::int64_t> ReadList(Node& node, int i, const char* name);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_AXES_H_
