// Masks of other frameworks, bit for bit: the layouts that a mask can follow besides Fallow's own.
//
// A layout says which random word decides on element i, and which words keep it. Words are those of a generator in
// plain order, one 32-bit word an element:
//
//   P(key; c0, c1, c2, c3)[k]   word k of Philox4x32-10 (philox.h) under the two-word key for the counter (c0 ... c3)
//   T(key; c0, c1)              the two words of Threefry2x32-20 (the paper of philox.h)
//   lo, hi                      lower and upper 32 bits of a 64-bit number
//   f32, f64                    rounded to float, to double; to nearest, ties to even
//   i                           index of the element: key.first_element + position in the call
//   p                           the drop probability, a double
//
// The arithmetic of a keep rule is the framework's, rounding included, whatever the caller's rounding mode. Fallow
// compares integers with a threshold that gives the same answer for every one of the 2^32 words. The scale of kept
// elements is Rate::scale() with every layout: it can differ from a framework's in its last bits.
//
// All but kFallow need `rounds` = k10. No mask depends on the type or the shape of a tensor: i counts in the order
// given, which is row-major but for oneDNN.
//
// What cannot be had, and why
//   oneDNN 3.11 and later, offset 0 (the default): a defect there. Only one word of each block is used, so that four
//     neighbouring elements share their fate; whoever can set an offset should. Not offered, as no one can want it.
//   PyTorch on a CPU: the generator of MKL's VSL, or a Mersenne twister where MKL is missing; neither can start at i.
//   PyTorch on CUDA, nn.Dropout: kCurand's words, but which word is whose depends on the number of multiprocessors, the
//     type and the alignment. A caller who knows those can ask for each thread's elements under its own `stream`.
//   JAX before 0.5.0, or with jax_threefry_partitionable off: the word of an element depends on the size of the array.
//   JAX's rbg and unsafe_rbg, and TensorFlow compiled by XLA: whatever the compiler's generator is on a device.
//   TensorFlow, stateful random operations: the state is the framework's own.
//   libxsmm: the word of an element depends on the vector length of the CPU.
//   ONNX Runtime: std::default_random_engine, which each standard library defines for itself.
//   cuDNN: not published.
#ifndef FALLOW_MASK_STREAM_H_
#define FALLOW_MASK_STREAM_H_

#include <cstdint>

#include "fallow/rate.h"

namespace fallow {

enum class MaskStream : std::uint8_t {
  // Fallow's own, the mask contract (mask.h), and the fastest: it draws one to nine bits an element, the others a word.
  // Those are for comparing with a framework, or for going on with what one began.
  kFallow,

  // cuRAND's device generator curandStatePhilox4_32_10_t, all versions, read in sequence: the words under PyTorch's
  // dropout on CUDA.
  //   word   P(lo seed, hi seed; lo i/4, hi i/4, lo stream, hi stream)[i % 4]
  //   keeps  f32(f32(word) * 2^-32 + 2^-33) < f32(f64(1 - p)): curand_uniform, and PyTorch's comparison for all types
  //          but double. p = 0 keeps all, since PyTorch then draws nothing. (curand_uniform can be 1.)
  //   For curand_init(seed, subsequence, offset), stream is the subsequence; word j from there on is i = offset + j.
  kCurand,

  // PyTorch's torch.func._random (private; read at 2.14), CPU and CUDA, which has uniforms but no dropout:
  // torch.func._random.uniform(key, shape) < 1 - p, in float.
  //   word   P(lo seed, hi seed; lo b, hi b, 0, 0)[i % 4],    b = stream + i/4 modulo 2^64
  //   keeps  (word mod 2^24) * 2^-24 < f32(f64(1 - p))
  //   A key, be it from a seed, `split` or `fold_in`, is a tensor of two numbers: seed and stream. From a seed, stream
  //   is 0, and the words are those of kCurand with stream 0.
  kPyTorchStateless,

  // oneDNN 3.11 and later, the dropout attribute with an offset that is not 0.
  //   word   P(lo seed, hi seed; lo stream, hi stream, lo 4(i/4), hi 4(i/4))[i % 4]
  //   keeps  word > f64((2^32 - 1) * f32(p)). p = 0 drops the word 0, one in 2^32: so does oneDNN.
  //   stream is the offset and must not be 0. A seed of type s32 is extended with its sign. i is the *physical* offset
  //   in dst, in elements, which is the row-major index for a plain dense layout.
  kOneDnn,

  // oneDNN 3.6 to 3.10, the dropout attribute of matmul.
  //   word   P(seed, seed; x, x + 1, x + 2, x + 3)[i % 4],    x = lo 4(i/4)
  //   keeps  as kOneDnn
  //   seed is 32 bits wide (a negative one as an unsigned number), stream is 0. i as for kOneDnn; from 2^32 on the mask
  //   repeats itself.
  kOneDnn36,

  // TensorFlow 1.x and 2.x, stateless_random_uniform and what is made of it, such as tf.nn.experimental's
  // stateless_dropout, for float32, with the algorithm Philox (the default on CPU and GPU).
  //   word   P(m0, m1; lo i/4, hi i/4, m2, m3)[i % 4],
  //          m = P(0x3ec8f720, 0x02461e29; lo seed, hi seed, lo stream, hi stream)
  //   keeps  (word mod 2^23) * 2^-23 >= f32(p)
  //   seed=[a, b]: seed is a, stream is b; int32 seeds are extended with their sign.
  kTensorFlow,

  // JAX 0.5.0 and later, the default generator: jax.random.bernoulli(key, 1 - p, shape), and so Flax's Dropout.
  //   word   a xor b,    (a, b) = T(hi seed, lo seed; hi i, lo i)
  //   keeps  (word / 2^9) * 2^-23 < f32(f64(1 - p))
  //   seed is the key's data, first word first: n for jax.random.key(n), or key_data(k)[0] << 32 | key_data(k)[1].
  //   stream is 0. mode='low' and 64-bit types off, as by default.
  kJaxThreefry,
};

// Whether the layout's rule keeps an element whose word is `word`, for a valid rate. kFallow compares with
// rate.threshold(). Slow: for tests and single elements.
bool KeepsWord(MaskStream layout, Rate rate, std::uint32_t word) noexcept;

}  // namespace fallow

#endif  // FALLOW_MASK_STREAM_H_
