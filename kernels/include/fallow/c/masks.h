// Of the C interface, fallow/fallow.h: which elements are kept; masks generated, stored, counted.
#ifndef FALLOW_C_MASKS_H_
#define FALLOW_C_MASKS_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fallow/c/base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FALLOW_SCALE_IN_TRAINING = 0, FALLOW_SCALE_AT_INFERENCE = 1 };

// The probability p that an element is dropped, in [0, 1], and what keeps the expectation: kept elements are divided by
// 1 - p in training, or, with FALLOW_SCALE_AT_INFERENCE, all are multiplied by it at inference. 1 - p is rounded to a
// multiple of 2^-32 first (fallow/rate.h).
typedef struct fallow_rate {
  double drop_probability;
  int32_t scaling;
} fallow_rate;

enum { FALLOW_ROUNDS_7 = 7, FALLOW_ROUNDS_10 = 10 };

// Whose random numbers: Fallow's own, or another framework's, bit for bit (fallow/mask_stream.h).
enum {
  FALLOW_STREAM_FALLOW = 0,
  FALLOW_STREAM_CURAND = 1,
  FALLOW_STREAM_PYTORCH_STATELESS = 2,
  FALLOW_STREAM_ONEDNN = 3,
  FALLOW_STREAM_ONEDNN_36 = 4,
  FALLOW_STREAM_TENSORFLOW = 5,
  FALLOW_STREAM_JAX_THREEFRY = 6
};

// Names one mask, or one stretch of noise: a function of these numbers and an element's index alone, on every CPU and
// with any number of threads. Zeros are not a valid key, as they have no rounds: fallow_key makes one of ten.
typedef struct fallow_mask_key {
  uint64_t seed;           // Chosen once a run, or by a request.
  uint64_t stream;         // Which use of it: fallow_stream_of, by custom.
  uint64_t first_element;  // The index in the whole tensor of the call's first element. No index reaches 2^57.
  uint8_t rounds;          // FALLOW_ROUNDS_...
  uint8_t layout;          // FALLOW_STREAM_...
  uint8_t reserved[6];     // Zeros.
} fallow_mask_key;

static inline fallow_mask_key fallow_key(uint64_t seed, uint64_t stream) {
  fallow_mask_key key = {seed, stream, 0, FALLOW_ROUNDS_10, FALLOW_STREAM_FALLOW, {0, 0, 0, 0, 0, 0}};
  return key;
}

// Step `step` (less than 2^40) of layer `layer` (less than 2^24). A Monte-Carlo sample is a step.
static inline uint64_t fallow_stream_of(uint64_t layer, uint64_t step) { return layer << 40 | step; }

// Stored masks. Element j is kept if
//   FALLOW_MASK_BITS    stored[j / 8] >> (j % 8) & 1 is 1; unused bits of the last byte are written as 0
//   FALLOW_MASK_BYTES   stored[j] is not 0; written as 0 or 1
enum { FALLOW_MASK_BITS = 0, FALLOW_MASK_BYTES = 1 };
typedef int32_t fallow_mask_format;

// The bytes of `count` elements as bits.
static inline size_t fallow_bit_mask_bytes(size_t count) { return count / 8 + (count % 8 != 0); }

enum { FALLOW_MASK_FROM_KEY = 0, FALLOW_MASK_FROM_ROW_KEYS = 1, FALLOW_MASK_STORED = 2 };

// Which elements are kept, and what those are multiplied with: what a forward pass and its backward pass must agree in.
typedef struct fallow_mask {
  fallow_rate rate;

  // What it is made of; fields of the other sources are not read.
  //   FALLOW_MASK_FROM_KEY        element j of the call is element key.first_element + j
  //   FALLOW_MASK_FROM_ROW_KEYS   the elements are row_key_count rows of equal length: element c of row r is element
  //                               row_keys[r].first_element + c under that key. What a server batches.
  //   FALLOW_MASK_STORED          stored_bytes bytes of `format`: as many as the elements take
  int32_t source;
  fallow_mask_format format;
  fallow_mask_key key;
  const fallow_mask_key* row_keys;
  size_t row_key_count;
  const uint8_t* stored;
  size_t stored_bytes;

  // 0: every element has its own decision. Else `shape` is the array's, of 1 to 8 dimensions, and `noise_shape` the
  // mask's, each size of which is that of the shape, or 1 where elements share a decision: Keras's noise_shape. Errors
  // call the three of them `broadcast`.
  //   what                                shape            noise_shape
  //   spatial, channels first             N, C, H, W       N, C, 1, 1
  //   spatial, channels last              N, H, W, C       N, 1, 1, C
  //   locked (variational) over time      B, T, F          B, 1, F
  //   words, rows of an embedding         V, D             V, 1
  //   stochastic depth, by sample         N, D             N, 1
  size_t dims;
  const size_t* shape;
  const size_t* noise_shape;

  uint64_t reserved[4];
} fallow_mask;

// A mask of inverted dropout, drawn from a key, a decision an element. The other fields can be set afterwards.
static inline fallow_mask fallow_mask_from_key(double drop_probability, fallow_mask_key key) {
  fallow_mask mask;
  memset(&mask, 0, sizeof(mask));
  mask.rate.drop_probability = drop_probability;
  mask.key = key;
  return mask;
}

// Writes the mask of `count` elements: draws it, converts a stored one, spells out one that is shared.
//   stored         output of stored_bytes, exactly fallow_bit_mask_bytes(count), or count; apart from a stored `mask`
fallow_status fallow_generate_mask(const fallow_mask* mask, size_t count, fallow_mask_format format, uint8_t* stored,
                                   size_t stored_bytes, const fallow_execution* execution);

// Sets *kept to how many of `count` elements are kept.
fallow_status fallow_count_kept(const fallow_mask* mask, size_t count, size_t* kept, const fallow_execution* execution);

#ifdef __cplusplus
}
#endif

#endif  // FALLOW_C_MASKS_H_
