// Parts of weights, put together in another order.
#ifndef FALLOW_RUNTIME_ONNX_PIECES_H_
#define FALLOW_RUNTIME_ONNX_PIECES_H_

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace fallow::nn::onnx_io {

// At least one number of tensors, one run after the other: what Slice and Concat along the first dimension and
// Unsqueeze make of constants. PyTorch writes the gates of its recurrent layers so. A view, as Constant is.
struct Pieces {
  struct Run {
    const ::onnx::TensorProto* tensor;
    std::size_t begin, count;
  };

  std::vector<std::int64_t> dims;
  std::vector<Run> runs;

  std::size_t count() const;  // Of numbers.
};

// All of a tensor. Nothing if it has no numbers. Throws Error as CountElements does.
std::optional<Pieces> PiecesOf(const ::onnx::TensorProto& tensor);
// Rows begin to end - 1, counted from the end if negative, as far as there are such. Nothing if there are none.
std::optional<Pieces> SliceRows(const Pieces& pieces, std::int64_t begin, std::int64_t end);
// Puts the rows of `more` behind. False, and nothing is done, if their other dimensions differ, or if there would be
// too many runs: lists may double.
bool AppendRows(const Pieces& more, Pieces* pieces);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_PIECES_H_
