// Dropout masks: who they are for, and how to generate one.
#ifndef FALLOW_MASK_H_
#define FALLOW_MASK_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "fallow/execution.h"
#include "fallow/philox.h"
#include "fallow/rate.h"
#include "fallow/status.h"

namespace fallow {

// Names one mask. Together with a Rate it says for every element of a tensor, by the element's index alone, whether it
// is kept: the same on every CPU, with any number of threads, and for any part of the tensor on its own.
struct MaskKey {
  std::uint64_t seed = 0;    // Chosen once a run, or by a request.
  std::uint64_t stream = 0;  // Which use: see StreamOf.
  // Index, in the whole tensor (row-major), of the first element that this call is given. Lets a caller process a
  // tensor in parts. first_element + number of elements must be at most 2^57.
  std::uint64_t first_element = 0;
  Rounds rounds = Rounds::k10;
};

// The customary stream of step `step` (less than 2^40) of layer `layer` (less than 2^24). A Monte-Carlo sample is a
// step.
constexpr std::uint64_t StreamOf(std::uint64_t layer, std::uint64_t step) { return (layer << 40) | step; }

// Specification: the 32 random bits of element `index` of the mask (key.first_element is not used). Element i is kept
// if and only if MaskUniform(key, i) < rate.threshold(). Slow: for tests and single elements.
constexpr std::uint32_t MaskUniform(const MaskKey& key, std::uint64_t index) noexcept {
  const std::uint64_t block = index >> 7;
  const auto lo = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
  const auto hi = [](std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); };
  std::uint32_t uniform = 0;
  for (std::uint32_t plane = 0; plane < 32; ++plane) {
    const auto words = Philox4x32({lo(block), hi(block) | plane << 26, lo(key.stream), hi(key.stream)},
                                  {lo(key.seed), hi(key.seed)}, key.rounds);
    uniform = uniform << 1 | (words[(index >> 5) & 3] >> (index & 31) & 1);
  }
  return uniform;
}

// The number of bytes of a bit mask over `count` elements.
constexpr std::size_t BitMaskBytes(std::size_t count) { return count / 8 + (count % 8 != 0); }

// Two forms of a stored mask. Element j of a call is kept if
//   bits:  (mask[j / 8] >> (j % 8)) & 1 is 1; BitMaskBytes(count) bytes; unused bits of the last byte are written as 0
//   bytes: mask[j] is not 0;                  count bytes;               written as 0 or 1
//
// For both functions below:
//   rate, key    which mask; element j of the call is element key.first_element + j of the tensor
//   count        number of elements
//   mask         output
// Errors name `rate` (outside [0, 1] or NaN), `key` (beyond 2^57) or `mask` (wrong size); `mask` is then untouched.
// Thread-safe; allocates nothing outside oneTBB; needs no alignment.
Status GenerateMaskBits(Rate rate, const MaskKey& key, std::size_t count, std::span<std::uint8_t> mask,
                        const Execution& execution = {}) noexcept;
Status GenerateMaskBytes(Rate rate, const MaskKey& key, std::size_t count, std::span<std::uint8_t> mask,
                         const Execution& execution = {}) noexcept;

}  // namespace fallow

#endif  // FALLOW_MASK_H_
