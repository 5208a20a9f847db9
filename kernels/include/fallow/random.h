// Random words, uniform and normal numbers as building blocks: for noise, for initialising weights, for tests.
#ifndef FALLOW_RANDOM_H_
#define FALLOW_RANDOM_H_

#include <array>
#include <cstdint>
#include <span>

#include "fallow/array.h"
#include "fallow/execution.h"
#include "fallow/mask.h"
#include "fallow/philox.h"
#include "fallow/status.h"

namespace fallow {

// Specification of word stream v1 (kernels/README.md): the 32 random bits of element `index` (key.first_element is not
// used). A mask of the same key draws from other counters, so the two have nothing in common. Slow: for tests and
// single elements.
constexpr std::uint32_t UniformBits(const MaskKey& key, std::uint64_t index) noexcept {
  const auto lo = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
  const auto hi = [](std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); };
  const std::uint64_t block = index >> 2;
  return Philox4x32({lo(block), hi(block) | std::uint32_t{1} << 31, lo(key.stream), hi(key.stream)},
                    {lo(key.seed), hi(key.seed)}, key.rounds)[index & 3];
}

// words[j] = UniformBits(key, key.first_element + j): independent, each of the 2^32 values as likely as any other. The
// same on every CPU, with any number of threads, and for any part of a tensor on its own. With another key.layout: the
// words of that framework (mask_stream.h).
// Errors name `key` (beyond element 2^57); `words` is then untouched. Thread-safe; allocates nothing outside oneTBB;
// needs no alignment.
Status GenerateUniformBits(const MaskKey& key, std::span<std::uint32_t> words,
                           const Execution& execution = {}) noexcept;

// Below, element j of an array, counted row by row, is made of the word of element i = key.first_element + j, and of
// that alone or with its neighbour's: the same bits on every target, with any number of threads, and for any part of a
// tensor on its own. With another key.layout: the same function of that framework's words, which need not be the
// framework's own numbers.
//   Types      f32, bf16 or f16.
//   Errors     `key`, as above; `u` or `z`: an array of another type, null with elements, or whose rows overlap.
//   Nothing
//              is then written.
//   Threads    Any number may call at once. `execution` limits what one call uses.
//   Memory     Nothing is allocated outside oneTBB; nothing outside the array is written, and no alignment needed.

// Uniform numbers between 0 and 1, neither of which occurs: u[j] = (floor(W / 2^(32-b)) + 1/2) / 2^b, W the word of
// element i. b is 23, or 7 for bf16 and 10 for f16: just so many that no rounding is needed, so each of the 2^b numbers
// is as likely as any other, 1 - u is one of them, and their mean is 1/2.
Status GenerateUniforms(const MaskKey& key, Array u, const Execution& execution = {}) noexcept;

// Normal numbers of mean 0 and variance 1, from pairs of words, elements 2k and 2k + 1 of the tensor (Box and Muller,
// "A note on the generation of random normal deviates", Annals of Mathematical Statistics 29, 1958). W the words:
//   r = sqrt(-2 log((W(2k) + 1/2) / 2^32)),    a = 2 pi (W(2k+1) + 1/2) / 2^32,    z(2k) = r cos a,    z(2k+1) = r sin
//   a
// Normal stream v1 (kernels/README.md) is this in float, and fixes every bit: z is within 3e-7 r of the formula. None
// is 0, none has a magnitude above 6.764 (true ones do once in 7.4e10). 16-bit types have the same numbers, rounded to
// nearest even.
Status GenerateNormals(const MaskKey& key, Array z, const Execution& execution = {}) noexcept;

}  // namespace fallow

#endif  // FALLOW_RANDOM_H_
