// The functions that exist once a target.
#ifndef FALLOW_KERNELS_KERNEL_TABLE_H_
#define FALLOW_KERNELS_KERNEL_TABLE_H_

#include <cstddef>
#include <cstdint>

#include "fallow/target.h"
#include "kernels/mask_plan.h"

namespace fallow {

// A mask travels between these functions as words: bit j % 64 of word j / 64 says whether element j is kept. `words`
// has room for kChunkWords, and `count` is at most kChunkElements.
struct KernelTable {
  // The masks of `blocks` whole Philox blocks from `first_block` on; at most kChunkElements / kBlockElements + 1 of
  // them. May write up to kMaxLanes64 blocks more than asked for.
  void (*generate)(const MaskPlan& plan, std::uint64_t first_block, std::size_t blocks, std::uint64_t* words);

  // y = kept ? x * scale : 0. `streaming`: around the caches; then y is not x.
  void (*apply_f32)(const float* x, const std::uint64_t* words, std::size_t count, float scale, bool streaming,
                    float* y);

  // Between words and one byte an element, 0 or not. `pack` leaves bits past `count` alone.
  void (*unpack)(const std::uint64_t* words, std::size_t count, std::uint8_t* bytes);
  void (*pack)(const std::uint8_t* bytes, std::size_t count, std::uint64_t* words);
};

const KernelTable& KernelsFor(Target target) noexcept;

}  // namespace fallow

#endif  // FALLOW_KERNELS_KERNEL_TABLE_H_
