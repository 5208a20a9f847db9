// The numbers in a TensorProto.
#ifndef FALLOW_RUNTIME_ONNX_TENSOR_PROTO_H_
#define FALLOW_RUNTIME_ONNX_TENSOR_PROTO_H_

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fallow::nn::onnx_io {

inline bool IsIntegerType(std::int64_t type) {
  return type == ::onnx::TensorProto::INT64 || type == ::onnx::TensorProto::INT32;
}
std::string TypeName(std::int32_t type);  // "FLOAT", or the number.

// How many elements the dimensions make. Throws Error if they are negative or too many, or if the tensor keeps its
// numbers in another file.
std::size_t CountElements(const ::onnx::TensorProto& tensor);

// All throw Error naming the tensor if it is of another type or holds more or fewer numbers than its shape says.
std::vector<float> DecodeFloats(const ::onnx::TensorProto& tensor);  // Of FLOAT and DOUBLE.
// `count` of them, from `begin` on, which it must have.
std::vector<float> DecodeFloats(const ::onnx::TensorProto& tensor, std::size_t begin, std::size_t count);
std::vector<std::int64_t> DecodeIntegers(const ::onnx::TensorProto& tensor);  // Of INT32 and INT64.
std::vector<bool> DecodeBooleans(const ::onnx::TensorProto& tensor);          // Of BOOL.
// The only number of a FLOAT or DOUBLE, of FLOAT as for DecimalOf. Nothing if it is not that.
std::optional<double> DecodeNumber(const ::onnx::TensorProto& tensor);

void SetFloats(std::span<const float> values, ::onnx::TensorProto* tensor);
void SetBooleans(const std::vector<bool>& values, ::onnx::TensorProto* tensor);
void SetDouble(double value, ::onnx::TensorProto* tensor);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_TENSOR_PROTO_H_
