// Monte-Carlo dropout: many masks over one input, and the mean and variance of many samples without storing them.
//
// Sources: Gal, Ghahramani, "Dropout as a Bayesian approximation", ICML 2016; Welford, "Note on a method for
// calculating corrected sums of squares and products", Technometrics 4, 1962.
//
// Alignment, errors, threads and memory are as dropout.h says. The same bits on every target and with any number of
// threads.
#ifndef FALLOW_MONTE_CARLO_H_
#define FALLOW_MONTE_CARLO_H_

#include <cstddef>

#include "fallow/array.h"
#include "fallow/execution.h"
#include "fallow/mask.h"
#include "fallow/status.h"

namespace fallow {

// Sample t of `samples` is what DropoutForward would give for the mask's key with stream + t (modulo 2^64): a sample is
// a step of StreamOf. With row keys, the streams of all rows move on. More than one sample need a key's layout to have
// streams. Each part of x is read from memory once for all samples.
//   x      R rows, any DType
//   mask   of keys, not stored
//   y      output of samples * R rows, of x's type and columns: sample t is rows t * R to (t + 1) * R. Shares no
//          element with x.
Status MonteCarloForward(ConstArray x, const Mask& mask, std::size_t samples, Array y,
                         const Execution& execution = {}) noexcept;

// Takes one more sample into a running mean and a sum of squared differences from it, element by element:
//
//   d = sample - mean,   mean += d / (count_before + 1),   m2 += d * (sample - mean)
//
// in the order written, each operation rounded to the type of mean, which count_before + 1 is converted to.
//   sample         any DType
//   count_before   how many samples there were. If 0, mean and m2 need not be initialised: they count as zeros.
//   mean, m2       in- and output, of the sample's rows and columns; both f64, or both f32 unless the sample is f64. No
//                  two of the three arrays share an element.
// With f32, the relative error of m2 grows like count * 2^-24 at worst; f64 costs twice the memory.
Status WelfordUpdate(ConstArray sample, std::size_t count_before, Array mean, Array m2,
                     const Execution& execution = {}) noexcept;

// variance[j] = m2[j] / divisor: the number of samples for their own variance, one less for an unbiased estimate of the
// distribution's. f32 or f64; `variance` may be m2. Errors: a divisor of 0.
Status WelfordVariance(ConstArray m2, std::size_t divisor, Array variance, const Execution& execution = {}) noexcept;

}  // namespace fallow

#endif  // FALLOW_MONTE_CARLO_H_
