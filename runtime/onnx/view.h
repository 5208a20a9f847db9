// Values that are other ways to read what a layer makes: reshaped, transposed, cut, scaled. Nothing is moved; only
// where the numbers are is known, so that what cancels costs nothing, and what attention does to its heads can be
// recognised.
#ifndef FALLOW_RUNTIME_ONNX_VIEW_H_
#define FALLOW_RUNTIME_ONNX_VIEW_H_

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fallow/nn/tensor.h"

namespace fallow::nn::onnx_io {

// A number of elements, or that many times the number of samples, where that is open.
struct Size {
  std::int64_t number = 1;
  bool batches = false;

  bool operator==(const Size&) const = default;
};

// A part of an axis: `size` steps of `stride` numbers through a sample, or the samples themselves.
struct Run {
  static constexpr std::int64_t kBatch = std::numeric_limits<std::int64_t>::min();  // No stride.

  std::int64_t size = 1;  // Of the batch: 0 if it is open.
  std::int64_t stride = kBatch;

  bool is_batch() const { return stride == kBatch; }
  Size of() const { return size == 0 ? Size{1, true} : Size{size, false}; }
  bool operator==(const Run&) const = default;
};

// Runs from the outermost in; none of size 1, and no two that could be one.
using Axis = std::vector<Run>;
Size SizeOf(const Axis& axis);

struct View {
  std::size_t of = 0;      // A value of the layers, as Wiring counts them.
  std::int64_t first = 0;  // Element of a sample.
  float scale = 1;         // That its numbers are multiplied with.
  std::vector<Axis> axes = {};
  // The last node that made it other than a batch of whole samples.
  const ::onnx::NodeProto* cause = nullptr;
  bool alone = false;  // Nobody else reads the value, so its layer may still be changed.

  std::vector<Size> sizes() const;
};

// Value `of`, samples of `shape`, as it is. `batch`: how many samples; 0: open.
View WholeView(std::size_t of, const Shape& shape, std::int64_t batch);
// The shape of its samples if the view is a batch of them, whole and in order.
std::optional<Shape> WholeSamples(const View& view, const Shape& of, std::int64_t batch);

// How to make a view's samples of those that it is of: read as `from`, permuted to `order`, and read as `to`.
struct Permutation {
  Shape from;
  std::vector<std::size_t> order;  // From 1.
  Shape to;
};
// Of one that is a batch of whole samples whose numbers are in another order. Nothing if it is not, or needs more
// dimensions than a shape has.
std::optional<Permutation> FindPermutation(const View& view, const Shape& of, std::int64_t batch);

// Whether it has, along its last axis, vectors of so many numbers that samples are made of: all of them, in any order.
bool HoldsVectors(const View& view, std::int64_t size, const Shape& of);

// The runs of all axes cut and joined for axes of these sizes. Nothing if they do not fit.
std::optional<std::vector<Axis>> Reshaped(std::span<const Axis> axes, std::span<const Size> sizes);
// Steps [begin, end) along the view's axis. False if that is not one run.
bool Cut(std::size_t axis, std::int64_t begin, std::int64_t end, View* view);

std::string ToString(std::span<const Size> sizes);  // (batch, 4, 8)

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_VIEW_H_
