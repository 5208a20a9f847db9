// Dropout, forward and backward.
//
// Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: a simple way to prevent neural networks
// from overfitting", JMLR 15, 2014. Scaled in training, as everyone does now, unless the rate asks for Scaling::
// kAtInference, the paper's own form.
//
// Common to all functions here
//   Types      Any DType (types.h), the same for all arrays of a call. The product is taken in float, or in double for
//              f64, and rounded to the type: the same bits on every target.
//   Values     A kept element is multiplied by the rate's scale; a dropped one becomes +0 whatever it was, so a NaN or
//              an infinity that is dropped leaves no trace. p = 0 copies every bit where the mask is not a stored one;
//              p = 1 writes zeros, or adds nothing, whatever the mask.
//   Shapes     All arrays have the same rows and columns, n elements in all, row strides of their own. Element j of the
//              array, counted row by row, is element j of the mask.
//   Aliasing   An output may be its input (same address, same stride), or share no element with it: lie apart, gaps
//              included, or interleave with it at one row stride, as column ranges of a matrix do. The mask that a call
//              reads shares nothing with its output, the one that it writes nothing with any array; gaps count.
//   Alignment  None needed beyond that of the element type.
//   Errors     Named in the Status; outputs are then untouched. Of the mask: see GenerateMask. Of an array: null with
//              elements, another type or shape than the input's, rows that overlap, an overlap in part.
//   Threads    Any number may call at once. `execution` limits what one call uses.
//   Memory     Nothing is allocated outside oneTBB; nothing outside the arrays is read or written. A large output that
//              is not in place is written around the caches.
#ifndef FALLOW_DROPOUT_H_
#define FALLOW_DROPOUT_H_

#include <cstdint>
#include <span>

#include "fallow/array.h"
#include "fallow/execution.h"
#include "fallow/mask.h"
#include "fallow/rate.h"
#include "fallow/status.h"

namespace fallow {

// y[j] = keep(j) ? x[j] * scale : 0.
Status DropoutForward(ConstArray x, const Mask& mask, Array y, const Execution& execution = {}) noexcept;

// The same, and stores the mask, which a backward pass with a key does not need. `stored` is as GenerateMask writes it.
Status DropoutForwardStore(ConstArray x, const Mask& mask, Array y, MaskFormat format, std::span<std::uint8_t> stored,
                           const Execution& execution = {}) noexcept;

// dx[j] = keep(j) ? dy[j] * scale : 0: the gradient, with the forward pass's mask, generated again or stored.
Status DropoutBackward(ConstArray dy, const Mask& mask, Array dx, const Execution& execution = {}) noexcept;

// y[j] = keep(j) ? y[j] + x[j] * scale : y[j], the product rounded before the sum. Forward or, with x = dy and y = dx,
// a gradient that is added to what is there. y must not be x.
Status DropoutAccumulate(ConstArray x, const Mask& mask, Array y, const Execution& execution = {}) noexcept;

// y[j] = x[j] * rate.inference_scale(): a copy, or with Scaling::kAtInference the expectation of what training saw.
Status DropoutInference(ConstArray x, const Rate& rate, Array y, const Execution& execution = {}) noexcept;

}  // namespace fallow

#endif  // FALLOW_DROPOUT_H_
