// The bit-sliced mask generator: keep(i) = U(i) < threshold for whole Philox blocks.
//
// One Philox output gives one bit, a plane, to each of 128 elements, most significant plane first, so that the
// comparison is AND and OR on whole words. With `less` the elements known to be below the threshold and `equal` those
// that agree with it in all planes so far, a plane with bits u updates them so:
//
//   threshold bit 1:   less |= equal & ~u,   equal &= u
//   threshold bit 0:                         equal &= ~u
//
// After kWidePlanes planes, 1 element in 256 is undecided. The blocks that hold one, about two in five, are gathered
// into a list, and only they get the next plane, and again, until none is undecided or the threshold has no more set
// bits.
//
// Tried without a clear win (AMD EPYC, Zen 4, g++ 12, 2026-11-23): two planes at a time, round by round; prefetching x
// and y for the appliers while generating; chunks smaller than 16 Ki elements.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/mask_plan.h"
#include "kernels/philox-inl.h"

#if defined(FALLOW_KERNELS_GENERATE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_GENERATE_INL_H_
#undef FALLOW_KERNELS_GENERATE_INL_H_
#else
#define FALLOW_KERNELS_GENERATE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

inline void Generate(const MaskPlan& plan, std::uint64_t first_block, std::size_t blocks, std::uint64_t* words) {
  for (std::size_t i = 0; i < blocks; ++i) {
    const std::uint64_t block = first_block + i;
    std::uint64_t less[2] = {0, 0};
    std::uint64_t equal[2] = {~0ull, ~0ull};
    for (int plane = 0; plane < plan.planes && (equal[0] | equal[1]) != 0; ++plane) {
      const auto word = Philox4x32({static_cast<std::uint32_t>(block),
                                    static_cast<std::uint32_t>(block >> 32) | static_cast<std::uint32_t>(plane) << 26,
                                    plan.stream_lo, plan.stream_hi},
                                   {plan.key0[0], plan.key1[0]}, plan.rounds);
      for (int half = 0; half < 2; ++half) {
        const std::uint64_t bits = word[2 * half] | std::uint64_t{word[2 * half + 1]} << 32;
        if (plan.threshold_bit(plane)) {
          less[half] |= equal[half] & ~bits;
          equal[half] &= bits;
        } else {
          equal[half] &= ~bits;
        }
      }
    }
    words[2 * i] = less[0];
    words[2 * i + 1] = less[1];
  }
}

#else

inline constexpr int kWidePlanes = 8;

// Of one call: the words in memory order, two a block, of the elements undecided so far, and the blocks that hold one.
struct Undecided {
  static constexpr std::size_t kCapacity = kChunkWords / 2;
  std::uint64_t equal[2 * kCapacity];
  std::uint64_t block[kCapacity];
  std::size_t count = 0;

  // Branchless, since whether a block is decided cannot be predicted. Highway 1.0.3's Compress, compiled by g++ 12,
  // copies its table to the stack each time: 100 ns a vector.
  HWY_INLINE void ListIfUndecided(std::uint64_t i) {
    block[count] = i;
    count += (equal[2 * i] | equal[2 * i + 1]) != 0;
  }
};

// One plane's update of `less` and `equal`, as above.
HWY_INLINE void Compare(bool threshold_bit, V64 bits, V64& less, V64& equal) {
  if (threshold_bit) {
    less = hn::Or(less, hn::AndNot(bits, equal));
    equal = hn::And(equal, bits);
  } else {
    equal = hn::AndNot(bits, equal);
  }
}

// FinishRounds leaves even words in the upper halves; memory wants them in the lower ones.
HWY_INLINE V64 SwapHalves(V64 bits) { return hn::BitCast(D64(), hn::Shuffle2301(hn::BitCast(D32(), bits))); }

// Lane 2j holds block j and lane 2j + 1 block N/2 + j, so that interleaving the even lanes, and then the odd lanes, of
// two vectors gives the blocks' 128-bit masks in their order in memory.
HWY_INLINE V64 BlockOfLane() {
  const D64 d;
  const V64 lane = hn::Iota(d, 0);
  const V64 half = hn::ShiftRight<1>(lane);
  const V64 odd = hn::And(lane, hn::Set(d, 1));
  return hn::Add(half, hn::IfThenElseZero(hn::Eq(odd, hn::Set(d, 1)), hn::Set(d, hn::Lanes(d) / 2)));
}

HWY_INLINE void StoreBlocks(V64 less01, V64 less23, std::uint64_t* words) {
  const D64 d;
  hn::StoreU(hn::InterleaveLower(d, less01, less23), d, words);
  hn::StoreU(hn::InterleaveUpper(d, less01, less23), d, words + hn::Lanes(d));
}

// Compares one more plane of the listed blocks, ORs what is decided into `words`, and shortens the list.
template <int kRounds>
HWY_INLINE void DecidePlane(const MaskPlan& plan, std::uint64_t first_block, int plane, Undecided& undecided,
                            std::uint64_t* words) {
  const D64 d;
  const std::size_t lanes = hn::Lanes(d);
  const PlaneConstants constants = PlaneRounds(plan, static_cast<std::uint32_t>(first_block >> 32), plane);
  const V64 base = hn::Set(d, static_cast<std::uint32_t>(first_block));
  const std::uint64_t ones = plan.threshold_bit(plane) ? ~0ull : 0;
  const std::size_t count = undecided.count;
  undecided.count = 0;
  for (std::size_t i = 0; i < count; i += lanes) {
    HWY_ALIGN std::uint64_t index[kMaxLanes64], bits[2][kMaxLanes64];
    const V64 block = hn::LoadU(d, undecided.block + i);
    V64 word2, word3_product, word1_keyed, word2_high, bits01, bits23;
    BlockRounds(plan, hn::Add(base, block), word2, word3_product, word1_keyed, word2_high);
    FinishRounds<kRounds>(plan, constants, word2, word3_product, word1_keyed, word2_high, bits01, bits23);
    hn::Store(block, d, index);
    hn::Store(SwapHalves(bits01), d, bits[0]);
    hn::Store(SwapHalves(bits23), d, bits[1]);
    for (std::size_t lane = 0; lane < std::min(lanes, count - i); ++lane) {
      for (std::size_t half = 0; half < 2; ++half) {
        const std::size_t word = 2 * index[lane] + half;
        words[word] |= undecided.equal[word] & ~bits[half][lane] & ones;
        undecided.equal[word] &= ~(bits[half][lane] ^ ones);
      }
      undecided.ListIfUndecided(index[lane]);
    }
  }
}

// The upper half of the block number must be the same for all blocks.
template <int kRounds>
HWY_NOINLINE void GenerateBlocks(const MaskPlan& caller_plan, std::uint64_t first_block, std::size_t blocks,
                                 std::uint64_t* words) {
  const MaskPlan plan = caller_plan;  // A copy that no store can alias, so that keys stay in registers.
  const D64 d;
  const std::size_t lanes = hn::Lanes(d);
  const int wide_planes = std::min(plan.planes, kWidePlanes);
  PlaneConstants constants[kWidePlanes];
  for (int plane = 0; plane < wide_planes; ++plane) {
    constants[plane] = PlaneRounds(plan, static_cast<std::uint32_t>(first_block >> 32), plane);
  }
  Undecided undecided;
  const V64 block_of_lane = BlockOfLane();
  const V64 base = hn::Set(d, static_cast<std::uint32_t>(first_block));
  for (std::size_t i = 0; i < blocks; i += lanes) {
    const V64 block = hn::Add(hn::Set(d, i), block_of_lane);
    V64 word2, word3_product, word1_keyed, word2_high;
    BlockRounds(plan, hn::Add(base, block), word2, word3_product, word1_keyed, word2_high);
    V64 less01 = hn::Zero(d), less23 = hn::Zero(d);
    V64 equal01 = hn::Not(less01), equal23 = equal01;
    for (int plane = 0; plane < wide_planes; ++plane) {
      V64 bits01, bits23;
      FinishRounds<kRounds>(plan, constants[plane], word2, word3_product, word1_keyed, word2_high, bits01, bits23);
      Compare(plan.threshold_bit(plane), bits01, less01, equal01);
      Compare(plan.threshold_bit(plane), bits23, less23, equal23);
    }
    StoreBlocks(SwapHalves(less01), SwapHalves(less23), words + 2 * i);
    if (wide_planes < plan.planes) {
      StoreBlocks(SwapHalves(equal01), SwapHalves(equal23), undecided.equal + 2 * i);
    }
  }
  if (wide_planes == plan.planes) return;
  for (std::size_t i = 0; i < blocks; ++i) undecided.ListIfUndecided(i);
  for (int plane = wide_planes; plane < plan.planes && undecided.count != 0; ++plane) {
    DecidePlane<kRounds>(plan, first_block, plane, undecided, words);
  }
}

inline void Generate(const MaskPlan& plan, std::uint64_t first_block, std::size_t blocks, std::uint64_t* words) {
  const auto generate = plan.rounds == Rounds::k7 ? GenerateBlocks<7> : GenerateBlocks<10>;
  const std::uint64_t before_carry = (std::uint64_t{1} << 32) - static_cast<std::uint32_t>(first_block);
  if (blocks <= before_carry) return generate(plan, first_block, blocks, words);
  generate(plan, first_block, before_carry, words);
  generate(plan, first_block + before_carry, blocks - before_carry, words + 2 * before_carry);
}

#endif  // HWY_TARGET == HWY_SCALAR

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_GENERATE_INL_H_
