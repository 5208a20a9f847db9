// Of the C interface, fallow/fallow.h: random numbers from a key, noise made of them, and concrete dropout.
//
// Types are F32, BF16 or F16, the same for all arrays of a call, which have the same rows and columns. Element j of a
// call is element key.first_element + j, and has the same bits on every target, with any threads, made with whatever
// part of the tensor.
#ifndef FALLOW_C_NOISE_H_
#define FALLOW_C_NOISE_H_

#include <stddef.h>
#include <stdint.h>

#include "fallow/c/base.h"
#include "fallow/c/masks.h"

#ifdef __cplusplus
extern "C" {
#endif

// words[j]: 32 random bits. u[j]: uniform, between 0 and 1 but neither. z[j]: normal, of mean 0 and variance 1.
// fallow/random.h has the formulas.
fallow_status fallow_generate_uniform_bits(fallow_mask_key key, uint32_t* words, size_t count,
                                           const fallow_execution* execution);
fallow_status fallow_generate_uniforms(fallow_mask_key key, fallow_array u, const fallow_execution* execution);
fallow_status fallow_generate_normals(fallow_mask_key key, fallow_array z, const fallow_execution* execution);

// y[j] = x[j] + stddev * z[j], z of fallow_generate_normals. The gradient to x is that to y.
fallow_status fallow_gaussian_noise(fallow_const_array x, double stddev, fallow_mask_key key, fallow_array y,
                                    const fallow_execution* execution);

// y[j] = x[j] * (1 + s * z[j]), s = sqrt(p / (1 - p)), p in [0, 1); and dx from dy by the same factors.
fallow_status fallow_gaussian_dropout_forward(fallow_const_array x, fallow_rate rate, fallow_mask_key key,
                                              fallow_array y, const fallow_execution* execution);
fallow_status fallow_gaussian_dropout_backward(fallow_const_array dy, fallow_rate rate, fallow_mask_key key,
                                               fallow_array dx, const fallow_execution* execution);

// Concrete dropout (fallow/concrete_dropout.h): a mask that is relaxed to numbers m[j] between 0 and 1.
typedef struct fallow_concrete_rate {
  double p;            // Between 0 and 1, and neither.
  double temperature;  // In [0.001, 1000]; 0.1 by custom. Towards 0, m becomes 0 or 1.
} fallow_concrete_rate;

// y[j] = x[j] * m[j] / (1 - p).
fallow_status fallow_concrete_dropout_forward(fallow_const_array x, fallow_concrete_rate rate, fallow_mask_key key,
                                              fallow_array y, const fallow_execution* execution);
// The gradients: dx, which may be x or dy, and *dp, to p.
fallow_status fallow_concrete_dropout_backward(fallow_const_array x, fallow_const_array dy, fallow_concrete_rate rate,
                                               fallow_mask_key key, fallow_array dx, double* dp,
                                               const fallow_execution* execution);

#ifdef __cplusplus
}
#endif

#endif  // FALLOW_C_NOISE_H_
