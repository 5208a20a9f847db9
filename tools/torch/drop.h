// Dropout of a tensor with a key, and with PyTorch's gradients.
#ifndef FALLOW_TOOLS_TORCH_DROP_H_
#define FALLOW_TOOLS_TORCH_DROP_H_

#include <ATen/core/Tensor.h>

#include "fallow/execution.h"
#include "fallow/mask.h"
#include "fallow/status.h"

namespace fallow::pytorch {

// What was drawn, and what becomes of it: all that a backward pass needs.
struct Drop {
  enum class Kind { kDropout, kAlpha, kAlphaGradient };

  double p = 0;
  MaskKey key = {};
  Kind kind = Kind::kDropout;
  bool features = false;       // Whole features, those of the first two dimensions.
  at::DimVector strides = {};  // Of a dense tensor: the order in which elements are numbered.

  // Of the gradient, and of the gradient's gradient.
  Drop Gradient() const;
};

// Seed and stream from PyTorch's default generator for CPUs.
MaskKey DrawKey();

// Whether x is elements in memory and nothing else: no subclass with a dispatch of its own, no wrapper of functorch's,
// no lazy negation, no names; and nobody wants to see what is done with it.
bool IsPlain(const at::Tensor& x);

// What PyTorch's threads may be used for.
Execution AnyThreads();

// Throws what a Status says.
void Check(const Status& status);

// A tensor that is yet to be written to.
at::Tensor Fresh(at::IntArrayRef sizes, at::IntArrayRef strides, const at::TensorOptions& options);

// x, dropped; x must be plain. The first two know no gradients.
at::Tensor Apply(const at::Tensor& x, const Drop& drop);
void ApplyInPlace(const at::Tensor& x, const Drop& drop);
at::Tensor ApplyWithGradient(const at::Tensor& x, const Drop& drop);
void ApplyInPlaceWithGradient(at::Tensor& x, const Drop& drop);

}  // namespace fallow::pytorch

#endif  // FALLOW_TOOLS_TORCH_DROP_H_
