// Dropout, a residual connection and a normalisation, forward and backward: the step between two blocks of a
// transformer in one pass over memory.
//
// Source: Ba, Kiros, Hinton, "Layer normalization", arXiv 1607.06450, 2016; Zhang, Sennrich, "Root mean square layer
// normalization", NeurIPS 2019. Definitions as in PyTorch's LayerNorm and RMSNorm.
//
//   z[r][c]    = residual[r][c] + dropout(x)[r][c]         rounded to the type: the new residual stream
//   mean[r]    = (sum_c z[r][c]) / cols                    RMS norm: 0
//   rstd[r]    = 1 / sqrt((sum_c (z[r][c] - mean[r])^2) / cols + eps)
//   n[r][c]    = (z[r][c] - mean[r]) * rstd[r]
//   y[r][c]    = n[r][c] * gamma[c] + beta[c]              RMS norm: no beta
//
// and backward, from dy and, if z itself was used further, from dz:
//   g[r][c]    = dy[r][c] * gamma[c]
//   dresidual  = (g - mean_c(g) - n * mean_c(g * n)) * rstd + dz     RMS norm: without mean_c(g)
//   dx         = kept ? dresidual * (the rate's scale) : 0           dresidual before it is rounded
//   dgamma[c]  = sum_r dy[r][c] * n[r][c]
//   dbeta[c]   = sum_r dy[r][c]
//
// Common to all functions here
//   Types      f32, bf16 or f16, the same for all arrays of a call; gamma, beta and their gradients are f32.
//              Computed in float; each output is rounded to its type once.
//   Saved      z, which the backward pass normalises again. No mask, no statistics.
//   Values     A dropped element leaves residual as it is, to the bit, whatever x is. p = 1 drops all, whatever the
//              mask.
//   Accuracy   The same bits on every target and with any number of threads. Sums over a row have 32 partial sums, sums
//              over rows one a block of 32 rows, in an order that depends on the shape alone.
//   Shapes     All arrays have the same rows and columns, row strides of their own; gamma, beta and their gradients
//              have one element a column.
//   Aliasing   An output may be an input (same address, same stride), or share no element with it, as dropout.h says;
//              two outputs share none. gamma, beta, their gradients and a stored mask share nothing with an output.
//   Errors     Named in the Status; outputs are then untouched. Of the mask: see GenerateMask. Of an array: null with
//              elements, another type or shape than the first's, rows that overlap, an overlap in part. `eps` negative,
//              infinite or NaN.
//   Threads    Any number may call at once. `execution` limits what one call uses; tasks are rows, or columns of the
//              parameters.
//   Memory     24 KiB of the stack; nothing is allocated outside oneTBB; nothing outside the arrays is touched.
#ifndef FALLOW_DROPOUT_NORM_H_
#define FALLOW_DROPOUT_NORM_H_

#include <span>

#include "fallow/array.h"
#include "fallow/execution.h"
#include "fallow/mask.h"
#include "fallow/status.h"

namespace fallow {

// PyTorch's default.
inline constexpr double kNormEps = 1e-5;

// z = residual + dropout(x), y = LayerNorm(z). z may be residual or x, and so may y.
Status DropoutLayerNormForward(ConstArray x, ConstArray residual, const Mask& mask, std::span<const float> gamma,
                               std::span<const float> beta, double eps, Array z, Array y,
                               const Execution& execution = {}) noexcept;

// The gradients of x, residual, gamma and beta (the last two are written, not added to). `dz`: what else z was used for
// contributes, or ConstArray() for nothing. dx and dresidual may be dy, dz or z, each another.
Status DropoutLayerNormBackward(ConstArray dy, ConstArray dz, ConstArray z, const Mask& mask,
                                std::span<const float> gamma, double eps, Array dx, Array dresidual,
                                std::span<float> dgamma, std::span<float> dbeta,
                                const Execution& execution = {}) noexcept;

// The same with y = RMSNorm(z).
Status DropoutRmsNormForward(ConstArray x, ConstArray residual, const Mask& mask, std::span<const float> gamma,
                             double eps, Array z, Array y, const Execution& execution = {}) noexcept;

Status DropoutRmsNormBackward(ConstArray dy, ConstArray dz, ConstArray z, const Mask& mask,
                              std::span<const float> gamma, double eps, Array dx, Array dresidual,
                              std::span<float> dgamma, const Execution& execution = {}) noexcept;

}  // namespace fallow

#endif  // FALLOW_DROPOUT_NORM_H_
