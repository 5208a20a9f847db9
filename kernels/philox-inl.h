// Philox4x32 over vectors of counters, with the rounds that neighbouring counters share taken out.
//
// A vector holds one counter word of several Philox blocks, in the low halves of u64 lanes: MulEven multiplies exactly
// those, and what lies in the high halves never matters, so nothing is packed between rounds. The mask contract puts
// the block number b into counter word 0, the bit plane into the upper bits of word 1, and the stream into words 2
// and 3. Follow a change of the plane through the rounds:
//
//   after round 1   word 0 depends on the plane alone, words 2 and 3 on the block alone, word 1 on neither;
//   after round 2   words 0 and 1 depend on the block alone, word 3 on the plane alone, word 2 on both, by one XOR;
//   in round 3      the product of word 0 depends on the block alone.
//
// So for many planes of the same blocks, rounds 1 and 2 and half of round 3 are done once a block (BlockRounds) or once
// a plane (PlaneRounds), and per plane and block there remain one product and then all rounds from the fourth on.

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/mask_plan.h"

#if defined(FALLOW_KERNELS_PHILOX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_PHILOX_INL_H_
#undef FALLOW_KERNELS_PHILOX_INL_H_
#else
#define FALLOW_KERNELS_PHILOX_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR  // No lanes to put u32 pairs in.

using D64 = hn::CappedTag<std::uint64_t, kMaxLanes64>;
using D32 = hn::Repartition<std::uint32_t, D64>;
using V64 = hn::Vec<D64>;

// Low half of `a` times `multiplier`, all 64 bits.
HWY_INLINE V64 Multiply(V64 a, std::uint32_t multiplier) {
  return hn::MulEven(hn::BitCast(D32(), a), hn::Set(D32(), multiplier));
}

HWY_INLINE V64 High(V64 product) { return hn::ShiftRight<32>(product); }

// In both halves of each lane: one load where `value` is in memory.
HWY_INLINE V64 Constant(std::uint32_t value) { return hn::BitCast(D64(), hn::Set(D32(), value)); }

// What depends on the plane (and on the upper half of the block number) alone.
struct PlaneConstants {
  std::uint32_t word2;  // XORed into word 2 after round 2
  std::uint32_t word3;  // word 3 after round 2, with round 3's key
};

inline PlaneConstants PlaneRounds(const MaskPlan& plan, std::uint32_t block_hi, int plane) {
  const std::uint64_t product1 = std::uint64_t{kPhiloxMultiplier1} * plan.stream_lo;
  const std::uint32_t word0 =
      static_cast<std::uint32_t>(product1 >> 32) ^ (block_hi | static_cast<std::uint32_t>(plane) << 26) ^ plan.key0[0];
  const std::uint64_t product0 = std::uint64_t{kPhiloxMultiplier0} * word0;
  return {static_cast<std::uint32_t>(product0 >> 32) ^ plan.key1[1],
          static_cast<std::uint32_t>(product0) ^ plan.key1[2]};
}

// What depends on the blocks alone; `block_lo` holds the lower halves of their numbers.
HWY_INLINE void BlockRounds(const MaskPlan& plan, V64 block_lo, V64& word2, V64& word3_product, V64& word1_keyed,
                            V64& word2_high) {
  const std::uint32_t word1 = static_cast<std::uint32_t>(std::uint64_t{kPhiloxMultiplier1} * plan.stream_lo);
  // Round 1.
  word2 = Multiply(block_lo, kPhiloxMultiplier0);  // As word 3; word 2 of this round follows.
  const V64 after1 = hn::Xor(High(word2), Constant(plan.stream_hi ^ plan.key1[0]));
  // Round 2.
  const V64 product1 = Multiply(after1, kPhiloxMultiplier1);
  const V64 word0 = hn::Xor(High(product1), Constant(word1 ^ plan.key0[1]));
  word1_keyed = hn::Xor(product1, Constant(plan.key0[2]));
  // Round 3, half of it.
  word3_product = Multiply(word0, kPhiloxMultiplier0);
  word2_high = High(word3_product);
}

// The 128 bits of each block: words 0 and 1 in `bits01` and words 2 and 3 in `bits23`, the word with the even number in
// the upper half.
template <int kRounds>
HWY_INLINE void FinishRounds(const MaskPlan& plan, PlaneConstants plane, V64 block_word2, V64 word3_product,
                             V64 word1_keyed, V64 word2_high, V64& bits01, V64& bits23) {
  // Rest of round 3.
  const V64 product = Multiply(hn::Xor(block_word2, Constant(plane.word2)), kPhiloxMultiplier1);
  V64 word0 = hn::Xor(High(product), word1_keyed);
  V64 word1 = product;
  V64 word2 = hn::Xor(word2_high, Constant(plane.word3));
  V64 word3 = word3_product;
  HWY_UNROLL(8)
  for (int round = 3; round < kRounds - 1; ++round) {
    const V64 product0 = Multiply(word0, kPhiloxMultiplier0);
    const V64 product1 = Multiply(word2, kPhiloxMultiplier1);
    word0 = hn::Xor3(High(product1), word1, Constant(plan.key0[round]));
    word2 = hn::Xor3(High(product0), word3, Constant(plan.key1[round]));
    word1 = product1;
    word3 = product0;
  }
  // The last round's new even word belongs into the upper half of the product that is its odd word: shift the XORs up
  // instead of the product down, and two words come out packed.
  constexpr int kLast = kRounds - 1;
  const V64 product0 = Multiply(word0, kPhiloxMultiplier0);
  const V64 product1 = Multiply(word2, kPhiloxMultiplier1);
  bits01 = hn::Xor(product1, hn::ShiftLeft<32>(hn::Xor(word1, Constant(plan.key0[kLast]))));
  bits23 = hn::Xor(product0, hn::ShiftLeft<32>(hn::Xor(word3, Constant(plan.key1[kLast]))));
}

#endif  // HWY_TARGET != HWY_SCALAR

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_PHILOX_INL_H_
