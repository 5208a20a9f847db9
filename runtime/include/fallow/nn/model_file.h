// Models on disk, as safetensors: https://github.com/huggingface/safetensors#format
#ifndef FALLOW_NN_MODEL_FILE_H_
#define FALLOW_NN_MODEL_FILE_H_

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "fallow/nn/model.h"
#include "fallow/nn/tensor.h"

namespace fallow::nn {

// A safetensors file: named f32 arrays and text metadata. Only F32 is read or written.
struct TensorFile {
  struct Entry {
    std::string name;
    std::vector<std::size_t> shape;
    Tensor value;  // The last dimension as columns, all others as rows: a vector is one row.
  };
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
};

// Written to "<path>.tmp", flushed to disk and renamed, so that the path never holds half a file. Throws Error naming
// the file, or an entry whose name is taken or whose value has another size than its shape.
void WriteTensorFile(const std::filesystem::path& path, const TensorFile& file);
// Memory is bounded by a multiple of the file's size, whatever its header says. Throws Error naming the file.
TensorFile ReadTensorFile(const std::filesystem::path& path);

// A model: parameters by name (see NamedParameter) and, in the metadata, "fallow.layers", "fallow.input_shape" and
// whatever `metadata` adds (the command stores its loss and its input scaling there).
void SaveModel(const std::filesystem::path& path, Model& model,
               const std::map<std::string, std::string>& metadata = {});
struct LoadedModel {
  Model model;
  std::map<std::string, std::string> metadata;  // All of it.
};
// Throws Error if the file is not exactly the parameters of the model that its metadata describe.
LoadedModel LoadModel(const std::filesystem::path& path);

}  // namespace fallow::nn

#endif  // FALLOW_NN_MODEL_FILE_H_
