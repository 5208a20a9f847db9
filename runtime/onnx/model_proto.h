// Reading the message that an ONNX file is.
#ifndef FALLOW_RUNTIME_ONNX_MODEL_PROTO_H_
#define FALLOW_RUNTIME_ONNX_MODEL_PROTO_H_

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <filesystem>

namespace fallow::nn::onnx_io {

struct ProtoFile {
  ::onnx::ModelProto proto;
  std::size_t bytes = 0;  // Of the file.
};

// Memory is bounded by a multiple of the file's size. Throws Error without naming the file.
ProtoFile ReadProtoFile(const std::filesystem::path& path);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_MODEL_PROTO_H_
