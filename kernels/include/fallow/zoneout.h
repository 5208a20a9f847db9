// Zoneout: the units of a recurrent network that are dropped keep their state instead of losing it.
//
// Source: Krueger et al., "Zoneout: regularizing RNNs by randomly preserving hidden activations", ICLR 2017.
//
// With probability p of the mask's rate an element stays as it was in the step before; there is no rescaling, and the
// rate's Scaling plays no part.
//
//   Types      Any DType, the same for all arrays of a call.
//   Shapes     All arrays have the same rows and columns, with row strides of their own.
//   Aliasing   An output may be any of its inputs (same address, same stride), or share no element with it; two outputs
//              share none. Stored masks share nothing with outputs. Inputs may be anywhere.
// Alignment, errors, threads and memory are as dropout.h says. The same bits on every target.
#ifndef FALLOW_ZONEOUT_H_
#define FALLOW_ZONEOUT_H_

#include "fallow/array.h"
#include "fallow/execution.h"
#include "fallow/mask.h"
#include "fallow/rate.h"
#include "fallow/status.h"

namespace fallow {

// In training: y[j] = keep(j) ? current[j] : previous[j], to the bit.
Status ZoneoutForward(ConstArray current, ConstArray previous, const Mask& mask, Array y,
                      const Execution& execution = {}) noexcept;

// d_current[j] = keep(j) ? dy[j] : 0 and d_previous[j] = keep(j) ? 0 : dy[j], to the bit. Either may be dy.
Status ZoneoutBackward(ConstArray dy, const Mask& mask, Array d_current, Array d_previous,
                       const Execution& execution = {}) noexcept;

// At inference, the expectation: y[j] = current[j] * q + previous[j] * p, with q = T / 2^32 and p = 1 - q of the rate
// really used, rounded once each; both products are rounded before the sum, all in float, or in double for f64. p = 0
// copies current, p = 1 previous.
Status ZoneoutInference(ConstArray current, ConstArray previous, const Rate& rate, Array y,
                        const Execution& execution = {}) noexcept;

}  // namespace fallow

#endif  // FALLOW_ZONEOUT_H_
