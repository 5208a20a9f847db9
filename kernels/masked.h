// What operations that go over arrays of one shape with a mask have in common.
#ifndef FALLOW_KERNELS_MASKED_H_
#define FALLOW_KERNELS_MASKED_H_

#include <cstddef>
#include <cstdint>

#include "fallow/array.h"
#include "fallow/mask.h"
#include "fallow/status.h"
#include "kernels/call.h"
#include "kernels/chunks.h"
#include "kernels/element_address.h"
#include "kernels/keyed_mask.h"
#include "kernels/words.h"

namespace fallow {

// Calls apply(done, n, address...) for the parts of elements [first, first + count) that follow each other in all
// arrays; `done` elements came before.
template <class Apply, class First, class... Rest>
void ForEachPart(std::size_t first, std::size_t count, const Apply& apply, const First& array, const Rest&... rest) {
  if (array.contiguous() && (rest.contiguous() && ...)) {
    return apply(std::size_t{0}, count, ElementAddress(array, 0, first), ElementAddress(rest, 0, first)...);
  }
  ForEachRowPart(first, count, array.cols(), [&](std::size_t row, std::size_t col, std::size_t n, std::size_t done) {
    apply(done, n, ElementAddress(array, row, col), ElementAddress(rest, row, col)...);
  });
}

// Calls apply(words, n, address...) for the same parts, with the mask of each; `words` is that of all of them.
template <class Apply, class... Arrays>
void ApplyMask(const std::uint64_t* words, std::size_t first, std::size_t count, const Apply& apply,
               const Arrays&... arrays) {
  const auto with_mask = [&](std::size_t done, std::size_t n, auto... addresses) {
    if (n == count) return apply(words, n, addresses...);
    std::uint64_t part[kChunkWords];
    ShiftWords(words, done, n, part);
    apply(part, n, addresses...);
  };
  ForEachPart(first, count, with_mask, arrays...);
}

// The same for all elements, chunk by chunk, with the mask from `source`, a MaskWords or its like.
template <class Source, class Apply, class First, class... Rest>
void ForEachMasked(const Source& source, const Call& call, const Apply& apply, const First& array,
                   const Rest&... rest) {
  ForEachChunk(array.size(), call, [&](std::size_t first, std::size_t count) {
    // Where the generator's stores straddle cache lines, 4,096 elements at p = 0.1 take 4 % longer (Zen 5, 2026-11-25).
    alignas(64) std::uint64_t words[kChunkWords];
    FillWords(call, source, first, count, words);
    ApplyMask(words, first, count, apply, array, rest...);
  });
}

// Past this, an ordinary store only brings lines of the output into the cache to push them out again unread.
bool WantsStreaming(const ConstArray& x, const ConstArray& y) noexcept;

// Copies that are exact to the bit, which a product by 1 is not for signalling NaNs; and zeros, which a product by 0 is
// not for NaNs, infinities and negative numbers.
void CopyOrZero(const ConstArray& x, bool zero, const Array& y, const Call& call) noexcept;

// An operation with one input and one output, called that in its declaration: everything but what it alone takes.
Status CheckMasked(const char* input, const ConstArray& x, const Mask& mask, const char* output,
                   const ConstArray& y) noexcept;

}  // namespace fallow

#endif  // FALLOW_KERNELS_MASKED_H_
