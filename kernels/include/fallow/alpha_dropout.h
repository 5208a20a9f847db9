// Alpha dropout: for self-normalising networks, keeps the mean and the variance of what has mean 0 and variance 1.
//
// Source: Klambauer, Unterthiner, Mayr, Hochreiter, "Self-normalizing neural networks", NeurIPS 2017. A dropped element
// becomes alpha' = -1.7580993408473766, the limit of SELU at minus infinity, and then all are scaled and shifted:
//
//   y[j] = a * (keep(j) ? x[j] : alpha') + b,    a = (q (1 + p alpha'^2))^-1/2,    b = -a p alpha'
//
// with q = T / 2^32 and p = 1 - q of the rate really used (rate.h). a, b and what a dropped element becomes,
// a alpha' + b, are worked out in double and rounded once each to what the type is computed in.
//
// Feature alpha dropout, whole channels at a time, is the same with a mask that is Mask::Over a Broadcast.
//
// Types, shapes, aliasing, errors, threads and memory are as dropout.h says. Values: p = 0 copies every bit where the
// mask is not a stored one; p = 1, for which the formula has no value, writes zeros, as PyTorch does; a dropped NaN or
// infinity leaves no trace. The same bits on every target. The rate's Scaling plays no part. At inference the identity.
#ifndef FALLOW_ALPHA_DROPOUT_H_
#define FALLOW_ALPHA_DROPOUT_H_

#include "fallow/array.h"
#include "fallow/execution.h"
#include "fallow/mask.h"
#include "fallow/status.h"

namespace fallow {

// y[j] = keep(j) ? a * x[j] + b : a * alpha' + b, the product a * x[j] rounded before the sum.
Status AlphaDropoutForward(ConstArray x, const Mask& mask, Array y, const Execution& execution = {}) noexcept;

// dx[j] = keep(j) ? a * dy[j] : 0.
Status AlphaDropoutBackward(ConstArray dy, const Mask& mask, Array dx, const Execution& execution = {}) noexcept;

}  // namespace fallow

#endif  // FALLOW_ALPHA_DROPOUT_H_
