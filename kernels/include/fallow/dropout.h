// Inverted dropout, forward and backward.
//
// Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: a simple way to prevent neural networks
// from overfitting", JMLR 15, 2014; scaled during training, as everyone does now, so that inference is the identity.
//
// Common to all functions here
//   Values     A kept element is multiplied by the scale; a dropped one becomes +0 whatever it was, so a NaN or an
//   infinity
//              that is dropped leaves no trace. p = 0 copies every bit; p = 1 writes zeros.
//   Shapes     All spans hold the same number of elements, n; a bit mask holds BitMaskBytes(n) bytes. Element j is
//   element
//              key.first_element + j of the tensor.
//   Aliasing   Input and output may be the same span, or share nothing. Masks share nothing with either.
//   Alignment  None needed beyond that of the element type.
//   Errors     Named in the Status; outputs are then untouched. `rate` outside [0, 1] or NaN; `key` beyond element
//   2^57;
//              an output or a mask of the wrong size, or overlapping in part.
//   Threads    Any number may call at once. `execution` limits what one call uses.
//   Memory     Nothing is allocated outside oneTBB; nothing outside the spans is read or written. A large output that
//   is
//              not in place is written around the caches.
#ifndef FALLOW_DROPOUT_H_
#define FALLOW_DROPOUT_H_

#include <cstdint>
#include <span>

#include "fallow/execution.h"
#include "fallow/mask.h"
#include "fallow/rate.h"
#include "fallow/status.h"

namespace fallow {

// y[j] = keep(j) ? x[j] * rate.scale() : 0.
Status DropoutForward(std::span<const float> x, Rate rate, const MaskKey& key, std::span<float> y,
                      const Execution& execution = {}) noexcept;

// The same, and stores the mask as bits or as bytes (mask.h), which a backward pass with DropoutBackward does not need.
Status DropoutForwardMaskBits(std::span<const float> x, Rate rate, const MaskKey& key, std::span<float> y,
                              std::span<std::uint8_t> mask, const Execution& execution = {}) noexcept;
Status DropoutForwardMaskBytes(std::span<const float> x, Rate rate, const MaskKey& key, std::span<float> y,
                               std::span<std::uint8_t> mask, const Execution& execution = {}) noexcept;

// dx[j] = keep(j) ? dy[j] * rate.scale() : 0: the gradient, with the forward pass's rate and key and no stored mask.
Status DropoutBackward(std::span<const float> dy, Rate rate, const MaskKey& key, std::span<float> dx,
                       const Execution& execution = {}) noexcept;

// y[j] = mask keeps j ? x[j] * scale : 0, with a stored mask. With x = dy and scale = rate.scale(): the gradient.
Status ApplyMaskBits(std::span<const float> x, std::span<const std::uint8_t> mask, float scale, std::span<float> y,
                     const Execution& execution = {}) noexcept;
Status ApplyMaskBytes(std::span<const float> x, std::span<const std::uint8_t> mask, float scale, std::span<float> y,
                      const Execution& execution = {}) noexcept;

}  // namespace fallow

#endif  // FALLOW_DROPOUT_H_
