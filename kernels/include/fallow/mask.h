// Dropout masks: what says which elements are kept, and how to generate, store, convert and count masks.
#ifndef FALLOW_MASK_H_
#define FALLOW_MASK_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "fallow/broadcast.h"
#include "fallow/execution.h"
#include "fallow/mask_stream.h"
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
  // Another framework's random numbers instead of Fallow's. Says what seed and stream then are.
  MaskStream layout = MaskStream::kFallow;
};

// The customary stream of step `step` (less than 2^40) of layer `layer` (less than 2^24). A Monte-Carlo sample is a
// step.
constexpr std::uint64_t StreamOf(std::uint64_t layer, std::uint64_t step) { return (layer << 40) | step; }

// Specification of Fallow's own layout: the 32 random bits of element `index` of the mask (key.first_element is not
// used). Element i is kept if and only if MaskUniform(key, i) < rate.threshold(). Slow: for tests and single elements.
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

// The forms of a stored mask. Element j is kept if
//   kBits:  (mask[j / 8] >> (j % 8)) & 1 is 1; unused bits of the last byte are written as 0 and ignored
//   kBytes: mask[j] is not 0;                  written as 0 or 1
enum class MaskFormat : std::uint8_t { kBits, kBytes };

// The number of bytes of a mask over `count` elements.
constexpr std::size_t BitMaskBytes(std::size_t count) { return count / 8 + (count % 8 != 0); }
constexpr std::size_t StoredMaskBytes(MaskFormat format, std::size_t count) {
  return format == MaskFormat::kBits ? BitMaskBytes(count) : count;
}

// Which elements of an array are kept, and what those are multiplied with: the one argument in which a forward pass and
// its backward pass must agree. A mask is made from one of
//   a key       drawn from its random numbers as they are needed; nothing is stored
//   row keys    the same, with a key for each row: what a server batches, or samples with seeds of their own
//   bits, bytes stored before, by GenerateMask, by DropoutForwardStore or by somebody else
// and may be drawn over a smaller shape and repeated (Over). A value; it holds no memory but refers to that of
// `row_keys` or the stored mask, which must outlive the calls that use it.
class Mask {
 public:
  enum class Source : std::uint8_t { kKey, kRowKeys, kBits, kBytes, kUnknownFormat };

  // Element j of a call is element key.first_element + j of the tensor.
  Mask(const Rate& rate, const MaskKey& key) noexcept : key_(key), rate_(rate), source_(Source::kKey) {}

  // The mask's M elements are row_keys.size() rows of equal length; element c of row r is element
  // row_keys[r].first_element + c under the key row_keys[r]. Errors: M is no multiple of row_keys.size().
  Mask(const Rate& rate, std::span<const MaskKey> row_keys) noexcept
      : data_(row_keys.data()), size_(row_keys.size()), rate_(rate), source_(Source::kRowKeys) {}

  // A stored mask of StoredMaskBytes(format, M) bytes; kept elements are multiplied by the rate's scale. Calls fail
  // that are given one of a format that there is not.
  Mask(const Rate& rate, std::span<const std::uint8_t> stored, MaskFormat format) noexcept
      : data_(stored.data()),
        size_(stored.size()),
        rate_(rate),
        source_(format == MaskFormat::kBits    ? Source::kBits
                : format == MaskFormat::kBytes ? Source::kBytes
                                               : Source::kUnknownFormat) {}

  // This mask as one over `broadcast.noise_size()` elements, each of which stands for several of an array of shape
  // `broadcast.shape()`.
  Mask Over(const Broadcast& broadcast) const noexcept {
    Mask mask = *this;
    mask.broadcast_ = broadcast;
    return mask;
  }

  Source source() const { return source_; }
  const Rate& rate() const { return rate_; }
  const MaskKey& key() const { return key_; }  // Of Source::kKey.
  std::span<const MaskKey> row_keys() const { return {static_cast<const MaskKey*>(data_), size_}; }
  std::span<const std::uint8_t> stored() const { return {static_cast<const std::uint8_t*>(data_), size_}; }
  const Broadcast& broadcast() const { return broadcast_; }

 private:
  const void* data_ = nullptr;
  std::size_t size_ = 0;
  MaskKey key_;
  Rate rate_;
  Broadcast broadcast_;
  Source source_;
};

// Writes the mask of `count` elements. With a stored mask this converts; with a broadcast one it spells out.
//   stored       output, StoredMaskBytes(format, count) bytes; must share nothing with a stored `mask`
// Errors name `rate` (outside [0, 1] or NaN), `key` or `row_keys` (beyond element 2^57, unknown rounds, or not one of
// its layout's), `mask` (a stored one of the wrong size or of an unknown format), `broadcast` (a shape of other than
// `count` elements), `format` (unknown), `stored` (wrong size, overlap); nothing is then written. Thread-safe;
// allocates nothing outside oneTBB; needs no alignment.
Status GenerateMask(const Mask& mask, std::size_t count, MaskFormat format, std::span<std::uint8_t> stored,
                    const Execution& execution = {}) noexcept;

// Sets *kept to how many of `count` elements are kept. Errors as above, and `kept` if it is null.
Status CountKept(const Mask& mask, std::size_t count, std::size_t* kept, const Execution& execution = {}) noexcept;

}  // namespace fallow

#endif  // FALLOW_MASK_H_
