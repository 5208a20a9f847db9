// Writes models with SaveOnnx, and what the runtime computes: NAME.onnx, and NAME.safetensors with y and x, or the
// parts of the input that the model names. Usage: write_onnx_exports FOLDER
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
  std::size_t vocabulary = 0;  // If it reads tokens.
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
    {"residual",
     {2, 9, 9},
     "conv2d:4:3:padding=1,batch_norm,relu@a,conv2d:4:3:padding=1,batch_norm,drop_path:0.1,add:a,relu@b,conv2d:6:1:"
     "stride=2@c,"
     "from:b,conv2d:6:3:stride=2:padding=1,add:c,relu,global_avgpool,dense:3"},
    {"inputs",
     {785},
     "input:image:28x28,flatten,dense:64:relu@image,input:age:1,dense:8:relu,concat:image,dropout:0.3,dense:2"},
    {"skips", {6}, "dense:5:gelu@a,dense:4,relu@b,from:input,concat:a,concat:b,dense:6,add:input,softmax"},
    {"reshapes",
     {3, 4},
     "tanh@a,reshape:2x6,softmax@b,reshape:1x2x6,reshape:2x6@c,concat:b,flatten,dense:3,dense:12,reshape:2x6,add:c"},
    {"attention", {7, 12}, "attention:3:dropout=0.1,dense_last:4:bias=0,attention:2:bias=0,dense_last:3"},
    {"causal", {5, 8}, "dense_last:8,attention:2:causal=1:dropout=0.2,attention:8,attention:1,dense:3"},
    {"one_head", {1, 4}, "attention:2,dense_last:6"},
    {"transformer",
     {6, 8},
     "dense_last:8,transformer:8:2:16:dropout=0.1:activation=gelu,transformer:8:4:12:causal=1,flatten,dense:3"},
    {"one_number", {}, "dense:16:relu,dropout:0.5,dense:1"},
    {"lstm", {12}, "embedding:30:8:dropout=0.1,lstm:16,dropout:0.5,dense:3", 30},
    {"lstm_both_ways",
     {12},
     "embedding:30:8,lstm:8:sequences=1:bidirectional=1:dropout=0.2,dropout:0.3,lstm:6:bidirectional=1,dense:3",
     30},
    {"gru", {9, 5}, "gru:16:sequences=1:recurrent_dropout=0.2,layer_norm,dense_last:4,softmax"},
    {"gru_both_ways", {9, 5}, "dense_last:7:tanh,gru:4:sequences=1:bidirectional=1,gru:3:bidirectional=1"},
    {"permuted",
     {3, 10},
     "conv1d:4:3,relu,permute:2x1,lstm:5:sequences=1,permute:2x1,reshape:5x2x4,permute:3x1x2,dense:3"},
    {"masked",
     {12},
     "embedding:30:8:padding=0,gru:8:sequences=1:bidirectional=1:mask=1,lstm:8:sequences=1:mask=1,"
     "lstm:5:bidirectional=1:mask=1,dense:3",
     30},
};

Tensor RandomBatch(std::size_t rows, const Shape& shape) {
  Tensor x(rows, shape);
  std::mt19937 random(1);
  for (float& value : x.values()) value = 3 * Uniform(random);
  return x;
}

// Tokens from 1 on; every row ends with some more zeros, up to all of it.
Tensor RandomTokens(std::size_t rows, const Shape& shape, std::size_t vocabulary) {
  Tensor x(rows, shape);
  std::mt19937 random(1);
  for (std::size_t r = 0; r < rows; ++r) {
    const std::size_t count = x.cols() - r % (x.cols() + 1);
    for (float& token : x.row(r).first(count)) token = static_cast<float>(1 + random() % (vocabulary - 1));
  }
  return x;
}

TensorFile::Entry Entry(const std::string& name, const Tensor& tensor) {
  std::vector<std::size_t> dims = {tensor.rows()};
  for (std::size_t i = 0; i < tensor.sample_shape().rank(); ++i) dims.push_back(tensor.sample_shape()[i]);
  Tensor values(tensor.values().size() / dims.back(), Shape{dims.back()});
  std::ranges::copy(tensor.values(), values.data());
  return {name, dims, std::move(values)};
}

// Columns from `first` on, as samples of this shape.
Tensor Part(const Tensor& x, std::size_t first, const Shape& shape) {
  Tensor part(x.rows(), shape);
  for (std::size_t r = 0; r < x.rows(); ++r) {
    std::ranges::copy(x.row(r).subspan(first, shape.elements()), part.row(r).begin());
  }
  return part;
}

std::vector<TensorFile::Entry> InputEntries(const Model& model, const Tensor& x) {
  std::vector<TensorFile::Entry> entries;
  std::size_t first = 0;
  for (const LayerInfo& layer : model.layer_info()) {
    if (!layer.spec.starts_with("input:")) continue;
    const std::size_t name = layer.spec.find(':') + 1;
    entries.push_back(Entry(layer.spec.substr(name, layer.spec.rfind(':') - name), Part(x, first, layer.output)));
    first += layer.output.elements();
  }
  if (entries.empty()) entries.push_back(Entry("x", x));
  return entries;
}

void Write(const Export& to_write, const std::filesystem::path& folder) {
  Model model(to_write.input, to_write.layers, 1);
  SaveOnnx(folder / (to_write.name + std::string(".onnx")), model);
  const Tensor x =
      to_write.vocabulary > 0 ? RandomTokens(50, to_write.input, to_write.vocabulary) : RandomBatch(50, to_write.input);
  TensorFile file;
  file.entries = InputEntries(model, x);
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
