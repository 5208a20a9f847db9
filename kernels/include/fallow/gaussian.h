// Gaussian noise and Gaussian dropout.
//
// Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: a simple way to prevent neural networks
// from overfitting", JMLR 15, 2014, section 10; Keras has both as layers of these names.
//
// Common to all functions here
//   Noise      z[j] is what GenerateNormals (random.h) writes for the same key, in float: a function of the key and the
//              element alone, made again by a backward pass, never stored. Two operations need two streams.
//   Types      f32, bf16 or f16, the same for both arrays. Computed in float, each product and sum rounded, and rounded
//              to the type once, at the end: the same bits on every target.
//   Values     With a rate or a standard deviation of 0 every bit is copied. NaN stays NaN.
//   Shapes, aliasing, alignment, threads, memory    As dropout.h says.
//   Errors     Named in the Status; outputs are then untouched. `key`: beyond element 2^57, or not one of its layout's.
//              Of an array: null with elements, a type that is not one of the three, another type or shape than the
//              input's, rows that overlap, an overlap in part.
//
// At inference both are the identity.
#ifndef FALLOW_GAUSSIAN_H_
#define FALLOW_GAUSSIAN_H_

#include "fallow/array.h"
#include "fallow/execution.h"
#include "fallow/mask.h"
#include "fallow/rate.h"
#include "fallow/status.h"

namespace fallow {

// y[j] = x[j] + stddev * z[j]. The gradient to x is that to y, so there is no backward pass.
// Errors also name `stddev` (negative, NaN, or beyond the largest float).
Status GaussianNoise(ConstArray x, double stddev, const MaskKey& key, Array y,
                     const Execution& execution = {}) noexcept;

// y[j] = x[j] * (1 + stddev * z[j]),    stddev = sqrt(p / (1 - p)) in double, rounded to float
//
// p is rate.drop_probability(): the factors have the mean and the variance of those of dropout at that rate. The rate's
// Scaling plays no part.
// Errors also name `rate` (outside [0, 1), or NaN).
Status GaussianDropoutForward(ConstArray x, const Rate& rate, const MaskKey& key, Array y,
                              const Execution& execution = {}) noexcept;

// dx[j] = dy[j] * (1 + stddev * z[j]): the gradient, with the forward pass's key.
Status GaussianDropoutBackward(ConstArray dy, const Rate& rate, const MaskKey& key, Array dx,
                               const Execution& execution = {}) noexcept;

}  // namespace fallow

#endif  // FALLOW_GAUSSIAN_H_
