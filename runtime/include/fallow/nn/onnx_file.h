// Models on disk, as ONNX: https://github.com/onnx/onnx/blob/main/docs/IR.md
#ifndef FALLOW_NN_ONNX_FILE_H_
#define FALLOW_NN_ONNX_FILE_H_

#include <filesystem>
#include <map>
#include <string>

#include "fallow/nn/model.h"

namespace fallow::nn {

struct OnnxModel {
  Model model;
  std::map<std::string, std::string> metadata;  // All of the file's metadata_props.
  // Of the graph's one input: (batch, the model's input_shape). "input" if it has several: layers name them, and the
  // model takes them side by side, in the graph's order.
  std::string input_name;
  std::string output_name;  // Of its one output: (batch, the model's output_shape).
};

// Reads a graph of what the runtime's layers do; runtime/README.md lists the operators. Values that are read again get
// labels. Dropout nodes become dropout layers, or the dropout of an attention, whatever their training_mode. Weights
// may be f32 or f64; f64 is rounded to f32. The inputs may be FLOAT, INT64 or INT32: the model takes f32 that hold the
// same whole numbers, up to 2^24, such as the tokens of an embedding.
//
// For files that nobody vouches for: memory is bounded by a multiple of the file's size and time by its size times a
// logarithm, whatever it says; data in other files is not read; nothing is printed. Throws Error naming the file and,
// where there is one, the node with its operator and the attribute at fault.
OnnxModel LoadOnnx(const std::filesystem::path& path);

// Writes the model for opset 17, with its parameters' names (see NamedParameter; those of recurrent layers are W, R and
// B, as ONNX puts them together), an input "input" of shape (batch,
// input_shape) or those that its input layers name, an output "output" and, as metadata_props, `metadata` and
// "fallow.layers". Inputs that embeddings alone read are INT64, the others FLOAT. Dropout stays, and does nothing in
// inference. LoadOnnx gives the same layers and the same bits of all parameters.
//
// Written as WriteTensorFile does. Throws Error naming the file, for a layer that ONNX has no form of, input layers
// beside others that read the whole input, or of which a name is another value's, metadata that are not UTF-8, or 2 GiB
// and more.
void SaveOnnx(const std::filesystem::path& path, Model& model, const std::map<std::string, std::string>& metadata = {});

}  // namespace fallow::nn

#endif  // FALLOW_NN_ONNX_FILE_H_
