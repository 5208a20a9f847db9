// What batch normalisation does to the elements of channels, once a target.
#ifndef FALLOW_RUNTIME_CHANNEL_KERNELS_H_
#define FALLOW_RUNTIME_CHANNEL_KERNELS_H_

#include <cstddef>

#include "fallow/target.h"

namespace fallow::nn {

// On `count` elements: of one channel, whose number for element i is p[0], or of as many channels, where it is p[i].
struct ChannelKernels {
  // sum += x - center, squares += (x - center)^2. Last bits depend on the target.
  void (*add_moments)(const float* x, std::size_t count, const float* center, double* sum, double* squares);
  // sum += dy, products += dy (x - center). Likewise.
  void (*add_products)(const float* dy, const float* x, std::size_t count, const float* center, double* sum,
                       double* products);

  // y = (x - center) scale + shift. y may be x.
  void (*normalise)(const float* x, std::size_t count, const float* center, const float* scale, const float* shift,
                    float* y);
  // dx = dy a + (x - center) b + shift. dx may be dy.
  void (*gradient)(const float* dy, const float* x, std::size_t count, const float* center, const float* a,
                   const float* b, const float* shift, float* dx);
};

const ChannelKernels& OneChannelKernelsFor(Target target) noexcept;
const ChannelKernels& ManyChannelsKernelsFor(Target target) noexcept;

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_CHANNEL_KERNELS_H_
