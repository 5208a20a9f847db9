// Of the C interface, fallow/fallow.h: dropout in one pass over memory with what surrounds it in a network.
//
// Types are F32, BF16 or F16, the same for all arrays of a call unless it says otherwise; arithmetic is in float.
// Arrays have the same rows and columns.
#ifndef FALLOW_C_FUSED_H_
#define FALLOW_C_FUSED_H_

#include <stddef.h>
#include <stdint.h>

#include "fallow/c/base.h"
#include "fallow/c/masks.h"

#ifdef __cplusplus
extern "C" {
#endif

// fallow/activation.h has the formulas.
enum {
  FALLOW_LINEAR = 0,
  FALLOW_RELU = 1,
  FALLOW_LEAKY_RELU = 2,
  FALLOW_ELU = 3,
  FALLOW_SELU = 4,
  FALLOW_GELU = 5,
  FALLOW_SILU = 6,
  FALLOW_SIGMOID = 7,
  FALLOW_TANH = 8
};

typedef struct fallow_activation {
  int32_t function;      // FALLOW_LINEAR, ...
  float negative_slope;  // Of FALLOW_LEAKY_RELU.
} fallow_activation;

// y[r][c] = residual[r][c] + (keep(r, c) ? f(x[r][c] + bias[c]) * scale : 0), f being the activation.
//   bias       one row of cols elements, of the arrays' type or F32. May be left out.
//   residual   may be left out; y may be it, or x
fallow_status fallow_bias_activation_dropout_forward(fallow_const_array x, fallow_const_array bias,
                                                     fallow_activation activation, const fallow_mask* mask,
                                                     fallow_const_array residual, fallow_array y,
                                                     const fallow_execution* execution);

// dx[r][c] = keep(r, c) ? f'(x[r][c] + bias[c]) * dy[r][c] * scale : 0 and dbias[c] = sum over r of dx[r][c].
//   dx         may be dy or x
//   dbias      one row of cols elements, F32; written, not added to. May be left out.
fallow_status fallow_bias_activation_dropout_backward(fallow_const_array dy, fallow_const_array x,
                                                      fallow_const_array bias, fallow_activation activation,
                                                      const fallow_mask* mask, fallow_array dx, fallow_array dbias,
                                                      const fallow_execution* execution);

// Which logits a softmax leaves out. Rows are [batch, heads, queries] as one index, columns are keys.
typedef struct fallow_attention {
  // Not 0: causal, with so many queries in one attention matrix, a divisor of the rows. Column c of row r is then left
  // out unless c <= r % queries + first_query.
  size_t queries;
  ptrdiff_t first_query;
  // Padding: a byte a key for each batch entry, 0 where the key is left out: batch * cols bytes, batch a divisor of the
  // rows. Null with 0 bytes: none.
  const uint8_t* attended;
  size_t attended_bytes;
  uint64_t reserved[4];
} fallow_attention;

// p = softmax over each row of scale * x, y = dropout(p). Same bits on every target. `attention` may be null: all
// logits count. y may be x.
fallow_status fallow_softmax_dropout_forward(fallow_const_array x, float scale, const fallow_attention* attention,
                                             const fallow_mask* mask, fallow_array y,
                                             const fallow_execution* execution);

// With the forward pass's x, scale, attention and mask, and g = dropout(dy):
// dx[r][c] = scale * p[r][c] * (g[r][c] - sum over k of g[r][k] * p[r][k]). dx may be x or dy.
fallow_status fallow_softmax_dropout_backward(fallow_const_array x, fallow_const_array dy, float scale,
                                              const fallow_attention* attention, const fallow_mask* mask,
                                              fallow_array dx, const fallow_execution* execution);

// z = residual + dropout(x) and y = norm(z) * gamma + beta over each row: layer norm, or RMS norm, which has no beta.
// gamma, beta and their gradients are a float a column. z may be residual or x, and so may y.
fallow_status fallow_dropout_layer_norm_forward(fallow_const_array x, fallow_const_array residual,
                                                const fallow_mask* mask, const float* gamma, const float* beta,
                                                double eps, fallow_array z, fallow_array y,
                                                const fallow_execution* execution);
fallow_status fallow_dropout_rms_norm_forward(fallow_const_array x, fallow_const_array residual,
                                              const fallow_mask* mask, const float* gamma, double eps, fallow_array z,
                                              fallow_array y, const fallow_execution* execution);

// The gradients, from the forward pass's z (fallow/dropout_norm.h has the formulas). dz, what else z was used for
// contributes, may be left out. dgamma and dbeta are written, not added to. dx and dresidual may be dy, dz or z, each
// another.
fallow_status fallow_dropout_layer_norm_backward(fallow_const_array dy, fallow_const_array dz, fallow_const_array z,
                                                 const fallow_mask* mask, const float* gamma, double eps,
                                                 fallow_array dx, fallow_array dresidual, float* dgamma, float* dbeta,
                                                 const fallow_execution* execution);
fallow_status fallow_dropout_rms_norm_backward(fallow_const_array dy, fallow_const_array dz, fallow_const_array z,
                                               const fallow_mask* mask, const float* gamma, double eps, fallow_array dx,
                                               fallow_array dresidual, float* dgamma,
                                               const fallow_execution* execution);

#ifdef __cplusplus
}
#endif

#endif  // FALLOW_C_FUSED_H_
