// What errors call the parts of a file that others wrote.
#ifndef FALLOW_RUNTIME_ONNX_TEXT_H_
#define FALLOW_RUNTIME_ONNX_TEXT_H_

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fallow/nn/tensor.h"

namespace fallow::nn::onnx_io {

// 'name', without what would break a line or a terminal, and cut if it is long.
std::string Quoted(std::string_view name);
// node 'name' (Gemm), or by its output where it has no name.
std::string Label(const ::onnx::NodeProto& node);
std::string ToString(std::span<const std::int64_t> dims);  // (1, 28, 28)
inline std::string ToString(const google::protobuf::RepeatedField<std::int64_t>& dims) {
  return ToString(std::span(dims.data(), static_cast<std::size_t>(dims.size())));
}
std::string BatchOf(const Shape& shape);  // (batch, 28, 28)

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_TEXT_H_
