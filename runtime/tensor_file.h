// Writing safetensors files from memory that others own, and looking things up in them.
#ifndef FALLOW_RUNTIME_TENSOR_FILE_H_
#define FALLOW_RUNTIME_TENSOR_FILE_H_

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fallow/nn/layer.h"
#include "fallow/nn/model_file.h"
#include "fallow/nn/tensor.h"

namespace fallow::nn {

struct TensorView {
  std::string name;
  std::vector<std::size_t> shape;
  std::span<const float> values;
};

// As WriteTensorFile, which see.
void WriteTensors(const std::filesystem::path& path, std::span<const TensorView> tensors,
                  const std::map<std::string, std::string>& metadata);

// The tensors of a file by name.
class TensorIndex {
 public:
  TensorIndex(const std::filesystem::path& path, const TensorFile& file);  // Both must outlive the index.
  // Throws Error naming the file if there is no such tensor.
  const Tensor& Get(const std::string& name, std::span<const std::size_t> shape) const;

 private:
  const std::filesystem::path& path_;
  std::map<std::string_view, const TensorFile::Entry*> entries_;
};

// The shape a parameter has in files, as in PyTorch: (units, inputs) for a weight, (units) for a bias.
std::vector<std::size_t> FileShape(const Parameter& parameter);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_TENSOR_FILE_H_
