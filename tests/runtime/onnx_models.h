// ONNX models for tests, from text in the syntax of ONNX's own parser:
// https://github.com/onnx/onnx/blob/v1.12.0/docs/Syntax.md
#ifndef FALLOW_TESTS_RUNTIME_ONNX_MODELS_H_
#define FALLOW_TESTS_RUNTIME_ONNX_MODELS_H_

#include <gtest/gtest.h>
#include <onnx/defs/parser.h>

#include <stdexcept>
#include <string>

#include "fallow/nn/onnx_file.h"
#include "tests/runtime/files.h"

namespace fallow::nn {

// `graph`: "g (float[N, 2] x) => (float[N, 1] y) { y = Relu(x) }"
inline ::onnx::ModelProto ParseModel(const std::string& graph, int opset = 17) {
  ::onnx::ModelProto model;
  const std::string header = "<ir_version: 8, opset_import: [\"\" : " + std::to_string(opset) + "]>\n";
  const auto status = ::onnx::OnnxParser::Parse(model, (header + graph).c_str());
  if (!status.IsOK()) throw std::logic_error(graph + ": " + status.ErrorMessage());
  return model;
}

class OnnxFileTest : public testing::Test {
 protected:
  // To overwrite a file is to wait for the disk.
  void WriteNew(const std::string& bytes) {
    std::filesystem::remove(path_);
    WriteBytes(path_, bytes);
  }

  OnnxModel Load(const ::onnx::ModelProto& model) {
    WriteNew(model.SerializeAsString());
    return LoadOnnx(path_);
  }
  OnnxModel Load(const std::string& graph, int opset = 17) { return Load(ParseModel(graph, opset)); }

  template <class... Parts>
  testing::AssertionResult LoadFails(const ::onnx::ModelProto& model, const Parts&... parts) {
    return Fails([&] { Load(model); }, path_.string() + ": ", parts...);
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "model.onnx";
};

}  // namespace fallow::nn

#endif  // FALLOW_TESTS_RUNTIME_ONNX_MODELS_H_
