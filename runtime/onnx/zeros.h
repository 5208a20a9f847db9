// Values that are zeros, of a shape that may depend on the batch: the states from which recurrent layers start.
#ifndef FALLOW_RUNTIME_ONNX_ZEROS_H_
#define FALLOW_RUNTIME_ONNX_ZEROS_H_

#include <onnx/onnx_pb.h>

#include <map>
#include <set>
#include <string_view>

namespace fallow::nn::onnx_io {

class Zeros {
 public:
  // `graph` must outlive the object. Throws Error for a tensor that is unsound.
  explicit Zeros(const ::onnx::GraphProto& graph);

  // Whether `name` is a constant of zeros, or ConstantOfShape, Expand or Slice compute it from such. Throws Error as
  // the constructor does.
  bool Are(std::string_view name) const;

 private:
  void Look(const ::onnx::NodeProto& node);

  std::map<std::string_view, const ::onnx::TensorProto*> tensors_;
  mutable std::map<std::string_view, bool> are_zeros_;  // Of tensors_, those that have been asked for: each once.
  std::set<std::string_view> computed_;
};

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_ZEROS_H_
