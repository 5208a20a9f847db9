// Concrete dropout: a mask that is relaxed to numbers between 0 and 1, so that the drop probability can be learnt.
//
// Source: Gal, Hron, Kendall, "Concrete dropout", NeurIPS 2017. With t the temperature, u uniform in (0, 1):
//
//   z = sigmoid((log p - log(1 - p) + log u - log(1 - u)) / t)        near 1: dropped
//   m = 1 - z
//   y = x * m / (1 - p)
//
// Gradients. dy/dx = m / (1 - p). p reaches y through m and through the divisor: as log p - log(1 - p) has the
// derivative 1 / (p (1 - p)), and sigmoid has sigmoid (1 - sigmoid),
//
//   dm/dp = -z m / (t p (1 - p))
//   dy/dp = x (dm/dp / (1 - p) + m / (1 - p)^2) = x m (1 - z / (t p)) / (1 - p)^2
//
// The paper's regularisers of weights and of p are the caller's: their gradients are added to these.
//
//   Noise      u[j] = (W + 1/2) / 2^32, W the word of element key.first_element + j (random.h): a function of the key
//              and the element alone, made again by the backward pass, never stored.
//   Types      f32, bf16 or f16, the same for all arrays. Computed in float and rounded to the type once, at the end.
//              The same bits on every target. m is within 3e-7 + 1e-7 (1 + |log(p / (1 - p))|) / t of
//              the formula.
//   Values     NaN stays NaN. As m is never exactly 0, nor is an infinity ever dropped.
//   Shapes, aliasing, alignment    As dropout.h says. dx may be x or dy.
//   Errors     Named in the Status; outputs are then untouched. `rate`: p not between 0 and 1, or either of them, or a
//              temperature outside [0.001, 1000], or NaN. `key`: beyond element 2^57, or not one of its layout's. Of an
//              array: null with elements, a type that is not one of the three, another type or shape than the input's,
//              rows that overlap, an overlap in part. `dp`: null.
//   Threads    Any number may call at once. `execution` limits what one call uses, and changes no bit.
//   Memory     Nothing is allocated outside oneTBB; nothing outside the arrays is read or written.
//
// At inference the identity.
#ifndef FALLOW_CONCRETE_DROPOUT_H_
#define FALLOW_CONCRETE_DROPOUT_H_

#include "fallow/array.h"
#include "fallow/execution.h"
#include "fallow/mask.h"
#include "fallow/status.h"

namespace fallow {

struct ConcreteRate {
  double p;                  // The probability that an element is dropped.
  double temperature = 0.1;  // Towards 0, m becomes 0 or 1.
};

// y[j] = x[j] * m[j] / (1 - p).
Status ConcreteDropoutForward(ConstArray x, const ConcreteRate& rate, const MaskKey& key, Array y,
                              const Execution& execution = {}) noexcept;

// With the forward pass's x, rate and key:
//   dx[j] = dy[j] * m[j] / (1 - p)
//   *dp   = sum over j of dy[j] * x[j] * m[j] * (1 - (1 - m[j]) / (t p)) / (1 - p)^2
// The sum is taken in double, in an order that depends on the arrays' shape and strides alone.
Status ConcreteDropoutBackward(ConstArray x, ConstArray dy, const ConcreteRate& rate, const MaskKey& key, Array dx,
                               double* dp, const Execution& execution = {}) noexcept;

}  // namespace fallow

#endif  // FALLOW_CONCRETE_DROPOUT_H_
