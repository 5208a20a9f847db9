#include "tools/torch/layout.h"

#include <ATen/ExpandUtils.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace fallow::pytorch {
namespace {

// Shorter rows are copied faster than gone over one by one.
constexpr std::int64_t kShortestRow = 64;

using Dims = c10::SmallVector<std::int64_t, 8>;

// The dimensions that have more than one index, outermost first.
Dims InOrder(at::IntArrayRef sizes, at::IntArrayRef dense_strides) {
  Dims dims;
  for (std::int64_t i = 0; i < std::ssize(sizes); ++i) {
    if (sizes[i] != 1) dims.push_back(i);
  }
  std::ranges::sort(dims, [&](std::int64_t a, std::int64_t b) { return dense_strides[a] > dense_strides[b]; });
  return dims;
}

struct Run {
  std::int64_t size, stride;
};

}  // namespace

at::DimVector DenseStrides(const at::Tensor& x) {
  if (x.is_non_overlapping_and_dense()) return at::DimVector(x.strides());
  return at::DimVector(at::infer_dense_strides(x.sizes(), x.strides()));
}

std::optional<DType> TypeOf(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return DType::kF32;
    case at::kDouble:
      return DType::kF64;
    case at::kBFloat16:
      return DType::kBF16;
    case at::kHalf:
      return DType::kF16;
    default:
      return std::nullopt;
  }
}

std::optional<Array> ArrayOf(const at::Tensor& x, at::IntArrayRef dense_strides) {
  c10::SmallVector<Run, 8> runs;  // Dimensions that follow each other in memory are one run.
  for (const std::int64_t i : InOrder(x.sizes(), dense_strides)) {
    const Run dim = {x.size(i), x.stride(i)};
    if (!runs.empty() && runs.back().stride == dim.size * dim.stride) {
      runs.back() = {runs.back().size * dim.size, dim.stride};
    } else {
      runs.push_back(dim);
    }
  }
  const DType type = *TypeOf(x.scalar_type());
  if (runs.empty()) return Array(x.data_ptr(), type, 1);
  const Run inner = runs.back();
  if (inner.stride != 1) return std::nullopt;
  if (runs.size() == 1) return Array(x.data_ptr(), type, inner.size);
  const Run outer = runs.front();
  if (runs.size() > 2 || inner.size < kShortestRow || outer.stride < inner.size) return std::nullopt;
  return Array(x.data_ptr(), type, outer.size, inner.size, outer.stride);
}

Broadcast FeaturesOf(at::IntArrayRef sizes, at::IntArrayRef dense_strides) {
  c10::SmallVector<std::size_t, 8> shape;
  c10::SmallVector<std::size_t, 8> noise;
  const auto varies = [](std::int64_t dim) { return dim < 2; };
  // Neighbours of one kind as one, so that there are five at most.
  std::optional<bool> before;
  for (const std::int64_t i : InOrder(sizes, dense_strides)) {
    const auto size = static_cast<std::size_t>(sizes[i]);
    if (before != varies(i)) {
      shape.push_back(1);
      noise.push_back(1);
    }
    shape.back() *= size;
    if (varies(i)) noise.back() *= size;
    before = varies(i);
  }
  if (shape.empty()) return Broadcast();
  return Broadcast({shape.data(), shape.size()}, {noise.data(), noise.size()});
}

}  // namespace fallow::pytorch
