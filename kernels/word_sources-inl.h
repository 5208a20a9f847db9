// The generators behind word streams, over vectors: the words of consecutive elements, two vectors at a time.
//
// Philox: lanes are pairs of 32-bit halves and hold one counter word of one block in the lower half, as in the mask
// generator: MulEven multiplies exactly those, and what is left in the upper halves never matters. All ten rounds are
// done for every block, since which of them neighbouring blocks could share depends on where a layout counts.
//
// Threefry: a lane is an element.

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/mask_plan.h"
#include "kernels/threefry.h"
#include "kernels/word_plan.h"

#if defined(FALLOW_KERNELS_WORD_SOURCES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_WORD_SOURCES_INL_H_
#undef FALLOW_KERNELS_WORD_SOURCES_INL_H_
#else
#define FALLOW_KERNELS_WORD_SOURCES_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR

using DPair = hn::CappedTag<std::uint64_t, kMaxLanes64>;
using DWord = hn::Repartition<std::uint32_t, DPair>;
using VPair = hn::Vec<DPair>;
using VWord = hn::Vec<DWord>;

HWY_INLINE VPair InBothHalves(std::uint32_t value) { return hn::BitCast(DPair(), hn::Set(DWord(), value)); }

HWY_INLINE VPair Product(VPair a, std::uint32_t multiplier) {
  return hn::MulEven(hn::BitCast(DWord(), a), hn::Set(DWord(), multiplier));
}

HWY_INLINE VPair UpperHalf(VPair a) { return hn::ShiftRight<32>(a); }

// Lane 2j holds j and lane 2j + 1 N/2 + j: interleaving the even lanes, and then the odd ones, of two vectors of word
// pairs gives the words of the blocks in order.
HWY_INLINE VPair BlockNumbers() {
  const DPair d;
  const VPair lane = hn::Iota(d, 0);
  const auto odd = hn::TestBit(lane, hn::Set(d, 1));
  return hn::Add(hn::ShiftRight<1>(lane), hn::IfThenElseZero(odd, hn::Set(d, hn::Lanes(d) / 2)));
}

HWY_INLINE VPair CounterWord(const WordPlan& plan, int k, VPair position) {
  const VPair low = hn::And(position, InBothHalves(plan.low[k]));
  const VPair high = hn::And(UpperHalf(position), InBothHalves(plan.high[k]));
  return hn::Or(InBothHalves(plan.counter[k]), hn::Or(low, high));
}

template <int kRounds>
struct PhiloxWords {
  // Words first_word, first_word + 1, ... in `lower` and then `upper`; first_word is a multiple of 4.
  static HWY_INLINE void Next(const WordPlan& plan, std::uint64_t first_word, VWord& lower, VWord& upper) {
    const DPair d;
    const VPair position =
        hn::Add(hn::Set(d, plan.Position(first_word / 4)), hn::ShiftLeftSame(BlockNumbers(), plan.position_shift));
    VPair word0 = CounterWord(plan, 0, position);
    VPair word1 = CounterWord(plan, 1, position);
    VPair word2 = CounterWord(plan, 2, position);
    VPair word3 = CounterWord(plan, 3, position);
    HWY_UNROLL(10)
    for (int round = 0; round < kRounds - 1; ++round) {
      const VPair product0 = Product(word0, kPhiloxMultiplier0);
      const VPair product1 = Product(word2, kPhiloxMultiplier1);
      word0 = hn::Xor3(UpperHalf(product1), word1, InBothHalves(plan.key0[round]));
      word2 = hn::Xor3(UpperHalf(product0), word3, InBothHalves(plan.key1[round]));
      word1 = product1;
      word3 = product0;
    }
    // The last round's even words are made in the upper halves of the products, whose lower halves are the odd words.
    constexpr int kLast = kRounds - 1;
    const VPair product0 = Product(word0, kPhiloxMultiplier0);
    const VPair product1 = Product(word2, kPhiloxMultiplier1);
    const VPair words10 = hn::Xor(product1, hn::ShiftLeft<32>(hn::Xor(word1, InBothHalves(plan.key0[kLast]))));
    const VPair words32 = hn::Xor(product0, hn::ShiftLeft<32>(hn::Xor(word3, InBothHalves(plan.key1[kLast]))));
    lower = hn::Shuffle2301(hn::BitCast(DWord(), hn::InterleaveLower(d, words10, words32)));
    upper = hn::Shuffle2301(hn::BitCast(DWord(), hn::InterleaveUpper(d, words10, words32)));
  }
};

template <int kRound>
HWY_INLINE void ThreefryRound(VWord& x0, VWord& x1) {
  x0 = hn::Add(x0, x1);
  x1 = hn::Xor(hn::RotateRight<32 - kThreefryRotations[kRound % 8]>(x1), x0);
}

// Rounds 4 * kGroup - 4 to 4 * kGroup - 1 and the key after them.
template <int kGroup>
HWY_INLINE void ThreefryGroup(std::uint32_t key_a, std::uint32_t key_b, VWord& x0, VWord& x1) {
  constexpr int kRound = 4 * (kGroup - 1);
  ThreefryRound<kRound>(x0, x1);
  ThreefryRound<kRound + 1>(x0, x1);
  ThreefryRound<kRound + 2>(x0, x1);
  ThreefryRound<kRound + 3>(x0, x1);
  x0 = hn::Add(x0, hn::Set(DWord(), key_a));
  x1 = hn::Add(x1, hn::Set(DWord(), key_b + kGroup));
}

struct ThreefryWords {
  static HWY_INLINE void Next(const WordPlan& plan, std::uint64_t first_word, VWord& lower, VWord& upper) {
    lower = Vector(plan, first_word);
    upper = Vector(plan, first_word + hn::Lanes(DWord()));
  }

 private:
  static HWY_INLINE VWord Vector(const WordPlan& plan, std::uint64_t first_word) {
    const DWord d;
    const std::uint32_t key0 = plan.key0[0];
    const std::uint32_t key1 = plan.key1[0];
    const std::uint32_t key2 = kThreefryParity ^ key0 ^ key1;
    const VWord first_lo = hn::Set(d, static_cast<std::uint32_t>(first_word));
    const VWord lo = hn::Add(first_lo, hn::Iota(d, 0));
    const VWord carry = hn::VecFromMask(d, hn::Lt(lo, first_lo));  // -1 or 0.
    VWord x0 = hn::Sub(hn::Set(d, static_cast<std::uint32_t>(first_word >> 32) + key0), carry);
    VWord x1 = hn::Add(lo, hn::Set(d, key1));
    ThreefryGroup<1>(key1, key2, x0, x1);
    ThreefryGroup<2>(key2, key0, x0, x1);
    ThreefryGroup<3>(key0, key1, x0, x1);
    ThreefryGroup<4>(key1, key2, x0, x1);
    ThreefryGroup<5>(key2, key0, x0, x1);
    return hn::Xor(x0, x1);
  }
};

#endif  // HWY_TARGET != HWY_SCALAR

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_WORD_SOURCES_INL_H_
