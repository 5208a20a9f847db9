// The words of a public Mask, chunk by chunk: where every applier gets its mask from, whatever that is made of.
#ifndef FALLOW_KERNELS_MASK_WORDS_H_
#define FALLOW_KERNELS_MASK_WORDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "fallow/mask.h"
#include "fallow/status.h"
#include "kernels/keyed_mask.h"
#include "kernels/mask_plan.h"

namespace fallow {

// What is wrong with `mask` for an array of `count` elements.
Status CheckMask(const Mask& mask, std::size_t count) noexcept;

// Of one call, after CheckMask. Refers to `mask`. Thread-safe.
class MaskWords {
 public:
  // `stream_offset` is added to the stream of each key.
  MaskWords(const Mask& mask, std::size_t count, Target target, std::uint64_t stream_offset = 0);

  // Elements [first, first + count) of the array, at most kChunkElements, from bit 0 of `words` on, which has room for
  // kChunkWords. Bits past `count` are anything.
  void Fill(std::size_t first, std::size_t count, std::uint64_t* words) const;

 private:
  // The same before the mask is broadcast: elements are the mask's own.
  void FillOwn(std::size_t first, std::size_t count, std::uint64_t* words) const;
  void FillRows(std::size_t first, std::size_t count, std::uint64_t* words) const;
  KeyedMask Keyed(MaskKey key) const;
  void FillBroadcast(std::size_t first, std::size_t count, std::uint64_t* words) const;

  const Mask& mask_;
  Target target_;
  std::uint64_t stream_offset_;
  std::optional<KeyedMask> keyed_;  // Of a mask with one key.
  std::size_t row_length_ = 0;      // Of a mask with row keys.
};

}  // namespace fallow

#endif  // FALLOW_KERNELS_MASK_WORDS_H_
