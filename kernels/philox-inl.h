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

// Without lanes to put u32 pairs in, or if vectors have no size and cannot be members or elements: Philox in its
// plainest form, one counter at a time.
#define FALLOW_PLAIN_PHILOX (HWY_TARGET == HWY_SCALAR || HWY_HAVE_SCALABLE)

#if !FALLOW_PLAIN_PHILOX

using D64 = hn::CappedTag<std::uint64_t, kMaxLanes64>;
using D32 = hn::Repartition<std::uint32_t, D64>;
using V64 = hn::Vec<D64>;

HWY_INLINE V64 SwapHalves(V64 v) { return hn::BitCast(D64(), hn::Shuffle2301(hn::BitCast(D32(), v))); }

// In both halves of each lane: one load where `value` is in memory.
HWY_INLINE V64 Constant(std::uint32_t value) { return hn::BitCast(D64(), hn::Set(D32(), value)); }

// Low half of `a` times `multiplier`, all 64 bits.
HWY_INLINE V64 Multiply(V64 a, std::uint32_t multiplier) {
  return hn::MulEven(hn::BitCast(D32(), a), hn::Set(D32(), multiplier));
}

// What depends on the blocks alone.
struct BlockRounds {
  BlockRounds() = default;
  // `block_lo`: the lower halves of the blocks' numbers.
  HWY_INLINE BlockRounds(const MaskPlan& plan, V64 block_lo) {
    // Round 1.
    word2 = Multiply(block_lo, plan.multiplier0);  // As word 3; word 2 of this round follows.
    const V64 after1 = hn::Xor(SwapHalves(word2), Constant(plan.stream_hi ^ plan.key1[0]));
    // Round 2.
    const V64 product1 = Multiply(after1, plan.multiplier1);
    const V64 word0 = hn::Xor(SwapHalves(product1), Constant(plan.stream_lo_product_lo ^ plan.key0[1]));
    word1 = hn::Xor(product1, Constant(plan.key0[2]));
    // Round 3, half of it.
    next_word3 = Multiply(word0, plan.multiplier0);
    next_word2 = SwapHalves(next_word3);
  }

  V64 word2, word1;            // After round 2: word 2 up to an XOR with the plane's, word 1 with round 3's key.
  V64 next_word2, next_word3;  // After round 3: the same of word 2.
};

// What depends on the plane (and on the upper half of the block number) alone.
struct PlaneRounds {
  std::uint32_t word2;       // XORed into word 2 after round 2
  std::uint32_t next_word2;  // and after round 3.
};

inline PlaneRounds RoundsOfPlane(const MaskPlan& plan, std::uint32_t block_hi, int plane) {
  const std::uint32_t word0 =
      plan.stream_lo_product_hi ^ (block_hi | static_cast<std::uint32_t>(plane) << 26) ^ plan.key0[0];
  const std::uint64_t product0 = std::uint64_t{kPhiloxMultiplier0} * word0;
  return {static_cast<std::uint32_t>(product0 >> 32) ^ plan.key1[1],
          static_cast<std::uint32_t>(product0) ^ plan.key1[2]};
}

// One Philox counter in each lane.
struct Counters {
  V64 word0, word1, word2, word3;
};

// After round 3.
HWY_INLINE Counters Start(const MaskPlan& plan, const BlockRounds& block, V64 plane_word2, V64 plane_next_word2) {
  const V64 product1 = Multiply(hn::Xor(block.word2, plane_word2), plan.multiplier1);
  return {hn::Xor(SwapHalves(product1), block.word1), product1, hn::Xor(block.next_word2, plane_next_word2),
          block.next_word3};
}

HWY_INLINE void Round(const MaskPlan& plan, V64 key0, V64 key1, Counters& c) {
  const V64 product0 = Multiply(c.word0, plan.multiplier0);
  const V64 product1 = Multiply(c.word2, plan.multiplier1);
  c = {hn::Xor3(SwapHalves(product1), c.word1, key0), product1, hn::Xor3(SwapHalves(product0), c.word3, key1),
       product0};
}

// All rounds from the fourth on but the last, one round of all counters before the next of any. A recursion, since
// g++ 12 does not always unroll a loop, and then moves all words between registers in each round.
template <int kRounds, int kCount, int kRound = 3>
HWY_INLINE void MiddleRounds(const MaskPlan& plan, Counters (&counters)[kCount]) {
  if constexpr (kRound < kRounds - 1) {
    const V64 key0 = Constant(plan.key0[kRound]);
    const V64 key1 = Constant(plan.key1[kRound]);
    for (int i = 0; i < kCount; ++i) Round(plan, key0, key1, counters[i]);
    MiddleRounds<kRounds, kCount, kRound + 1>(plan, counters);
  }
}

// The 128 bits of each counter: words 0 and 1 in `bits01` and words 2 and 3 in `bits23`, the word with the even number
// in the upper half. There is the upper half of the product that is its odd word: what is XORed gets shifted up instead
// of the product down, and two words come out packed. The keys are in the upper halves, too.
HWY_INLINE void LastRound(const MaskPlan& plan, V64 key0, V64 key1, const Counters& c, V64& bits01, V64& bits23) {
  const V64 product0 = Multiply(c.word0, plan.multiplier0);
  const V64 product1 = Multiply(c.word2, plan.multiplier1);
  bits01 = hn::Xor3(product1, hn::ShiftLeft<32>(c.word1), key0);
  bits23 = hn::Xor3(product0, hn::ShiftLeft<32>(c.word3), key1);
}

#endif  // !FALLOW_PLAIN_PHILOX

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_PHILOX_INL_H_
