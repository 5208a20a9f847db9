// Softmax with nothing dropped: that of dropout's kernel, whose bits are the same on every target.
#ifndef FALLOW_RUNTIME_SOFTMAX_H_
#define FALLOW_RUNTIME_SOFTMAX_H_

#include <cassert>
#include <cstddef>

#include "fallow/softmax_dropout.h"

namespace fallow::nn {

// y[r][j] = exp(x[r][j] - max x[r]) / sum, of `rows` rows of `cols` numbers. y may be x.
inline void SoftmaxRows(std::size_t rows, std::size_t cols, const float* x, float* y, const Execution& execution) {
  [[maybe_unused]] const Status status =
      SoftmaxDropoutForward({x, rows, cols, cols}, {}, Mask(Rate(0), MaskKey()), {y, rows, cols, cols}, execution);
  assert(status.ok());
}

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_SOFTMAX_H_
