// Numbers that were decimals before they were floats.
#ifndef FALLOW_RUNTIME_ONNX_DECIMAL_H_
#define FALLOW_RUNTIME_ONNX_DECIMAL_H_

#include <charconv>
#include <string>
#include <string_view>

#include "runtime/numbers.h"

namespace fallow::nn::onnx_io {

// Of text that FormatNumber wrote.
inline double ParseNumber(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The number with the fewest digits that rounds to `value`: 0.3 of 0.3f, which is 0.300000012 itself.
inline double DecimalOf(float value) { return ParseNumber(FormatNumber(value)); }

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_DECIMAL_H_
