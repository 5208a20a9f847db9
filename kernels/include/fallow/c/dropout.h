// Of the C interface, fallow/fallow.h: dropout, its variants, and many samples of it.
//
// Arrays of a call have the same type, any fallow_dtype, and the same rows and columns, n elements in all. Element j,
// counted row by row, is element j of the mask. What is dropped is selected, not multiplied by 0: a NaN or an infinity
// that is dropped leaves no trace. The same bits on every target.
#ifndef FALLOW_C_DROPOUT_H_
#define FALLOW_C_DROPOUT_H_

#include <stddef.h>
#include <stdint.h>

#include "fallow/c/base.h"
#include "fallow/c/masks.h"

#ifdef __cplusplus
extern "C" {
#endif

// y[j] = keep(j) ? x[j] * scale : 0. Drop probability 0 copies every bit, 1 writes zeros.
fallow_status fallow_dropout_forward(fallow_const_array x, const fallow_mask* mask, fallow_array y,
                                     const fallow_execution* execution);

// The same, and stores the mask as fallow_generate_mask does. A backward pass with a key does not need that.
fallow_status fallow_dropout_forward_store(fallow_const_array x, const fallow_mask* mask, fallow_array y,
                                           fallow_mask_format format, uint8_t* stored, size_t stored_bytes,
                                           const fallow_execution* execution);

// dx[j] = keep(j) ? dy[j] * scale : 0, with the forward pass's mask, generated again or stored.
fallow_status fallow_dropout_backward(fallow_const_array dy, const fallow_mask* mask, fallow_array dx,
                                      const fallow_execution* execution);

// y[j] += keep(j) ? x[j] * scale : 0. y must not be x.
fallow_status fallow_dropout_accumulate(fallow_const_array x, const fallow_mask* mask, fallow_array y,
                                        const fallow_execution* execution);

// y[j] = x[j], or with FALLOW_SCALE_AT_INFERENCE the expectation: x[j] * (1 - p).
fallow_status fallow_dropout_inference(fallow_const_array x, fallow_rate rate, fallow_array y,
                                       const fallow_execution* execution);

// Alpha dropout, for self-normalising networks (fallow/alpha_dropout.h): keeps mean 0 and variance 1.
// y[j] = keep(j) ? a * x[j] + b : a * alpha' + b, and dx[j] = keep(j) ? a * dy[j] : 0.
fallow_status fallow_alpha_dropout_forward(fallow_const_array x, const fallow_mask* mask, fallow_array y,
                                           const fallow_execution* execution);
fallow_status fallow_alpha_dropout_backward(fallow_const_array dy, const fallow_mask* mask, fallow_array dx,
                                            const fallow_execution* execution);

// Zoneout, for recurrent networks (fallow/zoneout.h): what is dropped keeps its previous state.
// y[j] = keep(j) ? current[j] : previous[j]. y may be either.
fallow_status fallow_zoneout_forward(fallow_const_array current, fallow_const_array previous, const fallow_mask* mask,
                                     fallow_array y, const fallow_execution* execution);
// d_current[j] = keep(j) ? dy[j] : 0 and d_previous[j] = keep(j) ? 0 : dy[j]. Either may be dy.
fallow_status fallow_zoneout_backward(fallow_const_array dy, const fallow_mask* mask, fallow_array d_current,
                                      fallow_array d_previous, const fallow_execution* execution);
// y[j] = current[j] * (1 - p) + previous[j] * p. y may be either.
fallow_status fallow_zoneout_inference(fallow_const_array current, fallow_const_array previous, fallow_rate rate,
                                       fallow_array y, const fallow_execution* execution);

// DropBlock (fallow/drop_block.h): drops blocks of block_height x block_width neighbours in feature maps. The arrays
// are [samples, channels, height, width], row-major; a sequence has height 1 and block_height 1.
typedef struct fallow_drop_block_shape {
  size_t samples, channels, height, width;
  size_t block_height;     // From 1 to height.
  size_t block_width;      // From 1 to width.
  int32_t channels_share;  // Not 0: all channels of a sample lose the same blocks.
  int32_t reserved_share;
  uint64_t reserved[4];
} fallow_drop_block_shape;

// y[j] = keep(j) ? x[j] * n / kept : 0, kept being how many of the n elements are. dx from dy likewise. `key` counts
// the places where a block can begin.
fallow_status fallow_drop_block_forward(fallow_const_array x, const fallow_drop_block_shape* shape, fallow_rate rate,
                                        fallow_mask_key key, fallow_array y, const fallow_execution* execution);
fallow_status fallow_drop_block_backward(fallow_const_array dy, const fallow_drop_block_shape* shape, fallow_rate rate,
                                         fallow_mask_key key, fallow_array dx, const fallow_execution* execution);
// Writes the mask, as fallow_generate_mask would.
fallow_status fallow_generate_drop_block_mask(const fallow_drop_block_shape* shape, fallow_rate rate,
                                              fallow_mask_key key, fallow_mask_format format, uint8_t* stored,
                                              size_t stored_bytes, const fallow_execution* execution);

// Sample t of `samples` is fallow_dropout_forward's for the mask's key, or keys, with stream + t. y has samples times
// the rows of x, sample t at rows t * rows of x and on, and shares no element with x. The mask is not a stored one.
fallow_status fallow_monte_carlo_forward(fallow_const_array x, const fallow_mask* mask, size_t samples, fallow_array y,
                                         const fallow_execution* execution);

// Takes one more sample into a running mean and a sum of squared differences from it (Welford 1962):
//   d = sample - mean,   mean += d / (count_before + 1),   m2 += d * (sample - mean)
// mean and m2 are both F64, or both F32 unless the sample is F64; with count_before = 0 they need not be initialised.
// No two arrays share an element.
fallow_status fallow_welford_update(fallow_const_array sample, size_t count_before, fallow_array mean, fallow_array m2,
                                    const fallow_execution* execution);
// variance[j] = m2[j] / divisor: the number of samples, or one less. F32 or F64.
fallow_status fallow_welford_variance(fallow_const_array m2, size_t divisor, fallow_array variance,
                                      const fallow_execution* execution);

#ifdef __cplusplus
}
#endif

#endif  // FALLOW_C_DROPOUT_H_
