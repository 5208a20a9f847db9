// Bias, activation, dropout and residual in one pass over memory, forward and backward: what surrounds the matrix
// products of a transformer's feed-forward block, and of any layer that drops its activations.
//
// Sources: dropout as dropout.h; activations as activation.h: Hendrycks, Gimpel, "Gaussian error linear units", 2016
// (GELU); Klambauer et al., NeurIPS 2017 (SELU); Clevert et al., ICLR 2016 (ELU).
//
// Common to both functions
//   Types      f32, bf16 or f16, the same for all arrays but the bias, which may always be f32, and dbias, which always
//              is. Arithmetic is in float; each output is rounded once, to its type.
//   Shapes     rows x cols, n elements in all, row strides of their own; `bias` and `dbias` are one row of cols
//              elements. Element j, counted row by row, is element j of the mask.
//   Left out   `bias`, `residual` or `dbias` are left out by ConstArray() or Array(): null, without elements.
//   Values     What is dropped is selected, not multiplied, so that a NaN or an infinity there leaves no trace. A
//              signalling NaN becomes quiet.
//   Accuracy   kLinear, kReLU and kLeakyReLU: the same bits on every target. The others differ in the last bits from
//              target to target, never with threads: their values a have an error of at most 1e-6 |a| + 2e-7 max(1,
//              |x|), and kGELU of 5e-7 |a| + 1e-7 x^2 |a|; their derivatives one of 1e-6.
//   Aliasing   Said below; arrays not named there share no element with an output, nor does a stored mask.
//   Errors     Named in the Status; outputs are then untouched. Of the mask: see GenerateMask. Of an array: another
//              type, shape or size than said here, null with elements, rows that overlap, an overlap in part. Of
//              `activation`: not one of the enumeration, or a slope that is not finite.
//   Threads    Any number may call at once. `execution` limits what one call uses.
//   Memory     Nothing is allocated outside oneTBB; nothing outside the arrays is read or written. A large f32 output
//              that is not in place is written around the caches.
#ifndef FALLOW_FUSED_H_
#define FALLOW_FUSED_H_

#include "fallow/activation.h"
#include "fallow/array.h"
#include "fallow/execution.h"
#include "fallow/mask.h"
#include "fallow/status.h"

namespace fallow {

// y[r][c] = keep(r, c) ? f(x[r][c] + bias[c]) * scale + residual[r][c] : residual[r][c], where f is the activation. A
// dropped element is the residual's to the bit, or +0 without one. y may be x or the residual.
Status BiasActivationDropoutForward(ConstArray x, ConstArray bias, const ActivationFunction& activation,
                                    const Mask& mask, ConstArray residual, Array y,
                                    const Execution& execution = {}) noexcept;

// The gradients of the same, from the forward pass's x, bias and mask; nothing else was saved:
//   dx[r][c] = keep(r, c) ? f'(x[r][c] + bias[c]) * dy[r][c] * scale : 0
//   dbias[c] = sum over r of dx[r][c], before dx is rounded to its type
// The residual's gradient is dy. dx may be dy or x. dbias is overwritten; its sums are taken in an order that depends
// on rows and cols alone, and have an error of at most 2^-19 sum over r of |dx[r][c]|. They take 64 KiB of the caller's
// stack, and are not cut into more than some 16 tasks unless there are more than 16 Ki columns.
Status BiasActivationDropoutBackward(ConstArray dy, ConstArray x, ConstArray bias, const ActivationFunction& activation,
                                     const Mask& mask, Array dx, Array dbias, const Execution& execution = {}) noexcept;

}  // namespace fallow

#endif  // FALLOW_FUSED_H_
