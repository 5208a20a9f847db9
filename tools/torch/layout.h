// How tensors lie in memory, as Fallow's arrays and broadcasts.
//
// A mask's elements are numbered in the order in which a dense tensor of the same layout lies in memory: row-major for
// a contiguous one, channels last for one of torch.channels_last. So the usual layouts are gone over from front to
// back.
#ifndef FALLOW_TOOLS_TORCH_LAYOUT_H_
#define FALLOW_TOOLS_TORCH_LAYOUT_H_

#include <ATen/core/Tensor.h>

#include <optional>

#include "fallow/array.h"
#include "fallow/broadcast.h"

namespace fallow::pytorch {

// The strides of at::empty_like(x): x's own if it is dense, or else those of a dense tensor with its order of
// dimensions.
at::DimVector DenseStrides(const at::Tensor& x);

// The type's name here, or nothing if Fallow has no such type.
std::optional<DType> TypeOf(at::ScalarType type);

// x in the order of `dense_strides`, or nothing if it is no Array in this order.
std::optional<Array> ArrayOf(const at::Tensor& x, at::IntArrayRef dense_strides);

// One decision for each element of the first two dimensions, repeated over the others.
Broadcast FeaturesOf(at::IntArrayRef sizes, at::IntArrayRef dense_strides);

}  // namespace fallow::pytorch

#endif  // FALLOW_TOOLS_TORCH_LAYOUT_H_
