// What the mask generator needs to know of a MaskKey and a Rate, worked out once a call.
#ifndef FALLOW_KERNELS_MASK_PLAN_H_
#define FALLOW_KERNELS_MASK_PLAN_H_

#include <bit>
#include <cstddef>
#include <cstdint>

#include "fallow/mask.h"
#include "fallow/philox.h"
#include "fallow/rate.h"

namespace fallow {

inline constexpr std::size_t kBlockElements = 128;  // Of one Philox counter.
inline constexpr std::size_t kMaxLanes64 = 8;       // Blocks that the generator works on at a time, at most.

// Elements that one call of a per-target kernel handles at most, and one piece of work for a thread. Large enough for
// the generator to gather undecided blocks, and for the some three microseconds to be worth handing over; small enough
// that x, y and the mask stay in cache between generating and applying. 16 Ki instead: p = 0.1 takes 4 % longer in L2
// (AMD EPYC, Zen 5, AVX-512, 2026-11-25).
inline constexpr std::size_t kChunkElements = 32768;

// Words that hold the mask of a chunk whose first element is anywhere in a block, with room for the generator to finish
// a vector of blocks and for the appliers to load eight bytes at the last bit.
inline constexpr std::size_t kChunkWords = (kChunkElements / kBlockElements + 1 + kMaxLanes64) * 2;

// Whether the rate drops all or nothing. Such a mask needs no generator, and no plan.
inline bool IsConstant(const Rate& rate) { return rate.threshold() == 0 || rate.threshold() >> 32 != 0; }

// For rates that are not constant.
struct MaskPlan {
  MaskPlan(const MaskKey& key, const Rate& rate)
      : stream_lo(static_cast<std::uint32_t>(key.stream)),
        stream_hi(static_cast<std::uint32_t>(key.stream >> 32)),
        threshold(static_cast<std::uint32_t>(rate.threshold())),
        planes(32 - std::countr_zero(threshold)),
        rounds(key.rounds) {
    for (std::uint32_t round = 0; round < 10; ++round) {
      key0[round] = static_cast<std::uint32_t>(key.seed) + round * kPhiloxWeyl0;
      key1[round] = static_cast<std::uint32_t>(key.seed >> 32) + round * kPhiloxWeyl1;
    }
    const int last = static_cast<int>(rounds) - 1;
    last_key0 = std::uint64_t{key0[last]} << 32;
    last_key1 = std::uint64_t{key1[last]} << 32;
    const std::uint64_t product1 = std::uint64_t{kPhiloxMultiplier1} * stream_lo;
    stream_lo_product_lo = static_cast<std::uint32_t>(product1);
    stream_lo_product_hi = static_cast<std::uint32_t>(product1 >> 32);
  }

  // Bit of the threshold that plane `plane`, less than 64, is compared with; 0 from plane 32 on.
  bool threshold_bit(int plane) const { return (std::uint64_t{threshold} << 32 << plane) >> 63 != 0; }

  std::uint32_t key0[10], key1[10];    // The round keys,
  std::uint64_t last_key0, last_key1;  // and the last of them in the upper half.
  // In memory, since clang 14, if it knows them, turns a product that is shifted up into a 64-bit product with the
  // shifted constant, which is three times as slow.
  std::uint32_t multiplier0 = kPhiloxMultiplier0, multiplier1 = kPhiloxMultiplier1;
  std::uint32_t stream_lo_product_lo, stream_lo_product_hi;  // Round 1's product of the stream.
  std::uint32_t stream_lo, stream_hi;
  std::uint32_t threshold;
  int planes;  // Planes below the threshold's lowest set bit cannot matter.
  Rounds rounds;
};

}  // namespace fallow

#endif  // FALLOW_KERNELS_MASK_PLAN_H_
