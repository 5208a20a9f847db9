// The numbers of layers that normalise, in lists of layers and in graphs.
#ifndef FALLOW_RUNTIME_ONNX_NORM_OPTIONS_H_
#define FALLOW_RUNTIME_ONNX_NORM_OPTIONS_H_

#include <string>
#include <string_view>

#include "fallow/nn/norm_layers.h"
#include "runtime/onnx/decimal.h"

namespace fallow::nn::onnx_io {

// The momentum of ONNX is that of the past, ours, as PyTorch's, that of the batch.
inline float ToOnnxMomentum(double momentum) { return static_cast<float>(1 - momentum); }
inline double FromOnnxMomentum(float momentum) { return DecimalOf(static_cast<float>(1 - DecimalOf(momentum))); }

// The number of an option in "momentum=0.2:eps=0.01", or `otherwise`.
inline double ReadOption(std::string_view arguments, std::string_view name, double otherwise) {
  const std::size_t at = arguments.find(name);
  return at == std::string_view::npos ? otherwise : ParseNumber(arguments.substr(at + name.size()));
}

inline BatchNormOptions ReadBatchNorm(std::string_view arguments) {
  constexpr BatchNormOptions kDefault;
  return {.momentum = ReadOption(arguments, "momentum=", kDefault.momentum),
          .eps = ReadOption(arguments, "eps=", kDefault.eps)};
}
inline double ReadLayerNorm(std::string_view arguments) { return ReadOption(arguments, "eps=", 1e-5); }

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_NORM_OPTIONS_H_
