// Masks, once a target: generating them, and their stored forms.
#ifndef FALLOW_KERNELS_MASK_KERNELS_H_
#define FALLOW_KERNELS_MASK_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "fallow/target.h"
#include "kernels/mask_plan.h"

namespace fallow {

// A mask travels between kernels as words: bit j % 64 of word j / 64 says whether element j is kept. `words` has room
// for kChunkWords, and `count` is at most kChunkElements.
struct MaskKernels {
  // The masks of `blocks` whole Philox blocks from `first_block` on; at most kChunkElements / kBlockElements + 1 of
  // them. May write up to kMaxLanes64 blocks more than asked for.
  void (*generate)(const MaskPlan& plan, std::uint64_t first_block, std::size_t blocks, std::uint64_t* words);

  // Between words and one byte an element, 0 or not. `pack` leaves bits past `count` alone.
  void (*unpack)(const std::uint64_t* words, std::size_t count, std::uint8_t* bytes);
  void (*pack)(const std::uint8_t* bytes, std::size_t count, std::uint64_t* words);
};

const MaskKernels& MaskKernelsFor(Target target) noexcept;

}  // namespace fallow

#endif  // FALLOW_KERNELS_MASK_KERNELS_H_
