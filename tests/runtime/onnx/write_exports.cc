// Writes models with SaveOnnx, and what the runtime computes: NAME.onnx, and NAME.safetensors with x and y.
// Usage: write_onnx_exports FOLDER
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/model_file.h"
#include "fallow/nn/onnx_file.h"
#include "tests/runtime/problems.h"

namespace fallow::nn {
namespace {

struct Export {
  const char* name;
  Shape input;
  const char* layers;
};

const Export kExports[] = {
    {"lesson", {784}, "dropout:0.2,dense:1024:relu,dropout:0.5,dense:1024:relu,dropout:0.5,dense:10"},
    {"image", {28, 28}, "dense:128:relu,dropout:0.3,dense:10,softmax"},
    {"flatten", {1, 28, 28}, "flatten,dense:64:elu,dropout:0.123456789,dense:64:selu,dense:10:bias=0"},
    {"gelu", {64}, "dense:256:gelu,dropout:0.1,dense:64:gelu,dense:8"},
    {"silu", {64}, "dense:256:silu,dropout:0.1,dense:64:silu,dense:8"},
    {"tanh", {3, 5}, "tanh,dense:32:tanh,dense:32:sigmoid,dense:3"},
    {"leaky_relu", {32}, "dense:64:leaky_relu,leaky_relu:0.3,dense:1,sigmoid"},
    {"softmax_of_rows", {4, 6}, "gelu,softmax,dropout:0.5,flatten"},
    {"convolutions", {28, 28}, "conv2d:8:3:relu,maxpool2d:2,conv2d:12:2x3:stride=2:padding=1:groups=4,tanh,dense:10"},
    {"same_padding", {3, 9, 9}, "conv2d:8:4:padding=same,conv2d:8:3:padding=same:dilation=2,global_maxpool,dense:3"},
    {"pooling", {3, 9, 9}, "avgpool2d:2:padding=1:count_include_pad=0,avgpool2d:3:stride=1:padding=1,global_avgpool"},
    {"sequence", {30}, "conv1d:8:4:padding=same,maxpool1d:3:stride=2:padding=1,conv1d:4:3:groups=4,avgpool1d:2"},
    {"norms", {3, 9, 9}, "batch_norm,relu,spatial_dropout2d:0.2,layer_norm:eps=0.01,dense:8:bias=0,batch_norm,dense:3"},
    {"family",
     {64},
     "concrete_dropout,dense:32,selu,alpha_dropout:0.1,dropconnect:16:0.5:relu,gaussian_noise:1,dense:3"},
    {"one_number", {}, "dense:16:relu,dropout:0.5,dense:1"},
};

Tensor RandomBatch(std::size_t rows, const Shape& shape) {
  Tensor x(rows, shape);
  std::mt19937 random(1);
  for (float& value : x.values()) value = 3 * Uniform(random);
  return x;
}

TensorFile::Entry Entry(const char* name, const Tensor& tensor) {
  std::vector<std::size_t> dims = {tensor.rows()};
  for (std::size_t i = 0; i < tensor.sample_shape().rank(); ++i) dims.push_back(tensor.sample_shape()[i]);
  Tensor values(tensor.values().size() / dims.back(), Shape{dims.back()});
  std::ranges::copy(tensor.values(), values.data());
  return {name, dims, std::move(values)};
}

void Write(const Export& to_write, const std::filesystem::path& folder) {
  Model model(to_write.input, to_write.layers, 1);
  SaveOnnx(folder / (to_write.name + std::string(".onnx")), model);
  const Tensor x = RandomBatch(50, to_write.input);
  TensorFile file;
  file.entries.push_back(Entry("x", x));
  file.entries.push_back(Entry("y", model.Forward({}, x)));
  WriteTensorFile(folder / (to_write.name + std::string(".safetensors")), file);
}

}  // namespace
}  // namespace fallow::nn

int main(int argc, char** argv) {
  using namespace fallow::nn;
  if (argc != 2) {
    std::fputs("Usage: write_onnx_exports FOLDER\n", stderr);
    return 2;
  }
  try {
    for (const Export& to_write : kExports) Write(to_write, argv[1]);
  } catch (const Error& error) {
    std::fprintf(stderr, "write_onnx_exports: %s\n", error.what());
    return 1;
  }
  return 0;
}
