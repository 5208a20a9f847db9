// What is known of the integers of a graph: shapes, and what is computed from them.
#ifndef FALLOW_RUNTIME_ONNX_INTEGERS_H_
#define FALLOW_RUNTIME_ONNX_INTEGERS_H_

#include <optional>
#include <string_view>
#include <vector>

#include "runtime/onnx/view.h"

namespace fallow::nn::onnx_io {

// One, or a list of a few.
struct Integers {
  static constexpr std::size_t kMost = 16;

  std::vector<Size> values;
  bool is_list = true;
};

// a + b, a - b, a x b or a / b as "Add", "Sub", "Mul" or "Div" of lists, or of a number and each of a list. Nothing if
// the result is no Size, or is not known.
std::optional<Integers> Combined(std::string_view operator_name, const Integers& a, const Integers& b);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_INTEGERS_H_
