// The bit-sliced mask generator: keep(i) = U(i) < threshold for whole Philox blocks.
//
// One Philox output gives one bit, a plane, to each of 128 elements, most significant plane first, so that the comparison
// is AND and OR on whole words. With `less` the elements known to be below the threshold and `equal` those that agree with
// it in all planes so far, a plane with bits u updates them so:
//
//   threshold bit 1:   less |= equal & ~u,   equal &= u
//   threshold bit 0:                         equal &= ~u
//
// After kWidePlanes planes, 1 element in 256 is undecided. The blocks that hold one, about two in five, are gathered into
// a list, and only they get the next plane, and again, until none is undecided or the threshold has no more set bits.

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

// Blocks that still hold an undecided element: their numbers within the call, and which elements those are.
struct UndecidedBlocks {
  static constexpr std::size_t kCapacity = kChunkElements / kBlockElements + 1 + 2 * kMaxLanes64;
  std::size_t count = 0;
  std::uint64_t block[kCapacity];
  std::uint64_t equal01[kCapacity];
  std::uint64_t equal23[kCapacity];
};

// Appends the lanes of `which`. Whole vectors are stored, hence the spare room in UndecidedBlocks.
HWY_INLINE void Append(UndecidedBlocks& list, hn::Mask<D64> which, V64 block, V64 equal01, V64 equal23) {
  const D64 d;
  hn::StoreU(hn::Compress(block, which), d, list.block + list.count);
  hn::StoreU(hn::Compress(equal01, which), d, list.equal01 + list.count);
  hn::StoreU(hn::Compress(equal23, which), d, list.equal23 + list.count);
  list.count += hn::CountTrue(d, which);
}

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

// Lane 2j holds block j and lane 2j + 1 block N/2 + j, so that interleaving the even lanes, and then the odd lanes, of two
// vectors gives the blocks' 128-bit masks in their order in memory.
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
HWY_INLINE void DecidePlane(const MaskPlan& plan, std::uint64_t first_block, int plane, UndecidedBlocks& list,
                            std::uint64_t* words) {
  const D64 d;
  const std::size_t lanes = hn::Lanes(d);
  const PlaneConstants constants = PlaneRounds(plan, static_cast<std::uint32_t>(first_block >> 32), plane);
  const V64 base = hn::Set(d, static_cast<std::uint32_t>(first_block));
  const std::size_t count = list.count;
  list.count = 0;
  for (std::size_t i = 0; i < count; i += lanes) {
    const V64 block = hn::LoadU(d, list.block + i);
    V64 equal01 = hn::LoadU(d, list.equal01 + i);
    V64 equal23 = hn::LoadU(d, list.equal23 + i);
    V64 word2, word3_product, word1_keyed, word2_high, bits01, bits23;
    BlockRounds(plan, hn::Add(base, block), word2, word3_product, word1_keyed, word2_high);
    FinishRounds<kRounds>(plan, constants, word2, word3_product, word1_keyed, word2_high, bits01, bits23);
    V64 less01 = hn::Zero(d);
    V64 less23 = hn::Zero(d);
    Compare(plan.threshold_bit(plane), bits01, less01, equal01);
    Compare(plan.threshold_bit(plane), bits23, less23, equal23);

    const std::size_t present = std::min(lanes, count - i);
    if (plan.threshold_bit(plane)) {
      HWY_ALIGN std::uint64_t index[kMaxLanes64], decided01[kMaxLanes64], decided23[kMaxLanes64];
      hn::Store(block, d, index);
      hn::Store(SwapHalves(less01), d, decided01);
      hn::Store(SwapHalves(less23), d, decided23);
      for (std::size_t lane = 0; lane < present; ++lane) {
        words[2 * index[lane]] |= decided01[lane];
        words[2 * index[lane] + 1] |= decided23[lane];
      }
    }
    const auto undecided = hn::Ne(hn::Or(equal01, equal23), hn::Zero(d));
    Append(list, hn::And(undecided, hn::FirstN(d, present)), block, equal01, equal23);
  }
}

// The upper half of the block number must be the same for all blocks.
template <int kRounds>
HWY_NOINLINE void GenerateBlocks(const MaskPlan& plan, std::uint64_t first_block, std::size_t blocks,
                                 std::uint64_t* words) {
  const D64 d;
  const std::size_t lanes = hn::Lanes(d);
  const int wide_planes = std::min(plan.planes, kWidePlanes);
  PlaneConstants constants[kWidePlanes];
  for (int plane = 0; plane < wide_planes; ++plane) {
    constants[plane] = PlaneRounds(plan, static_cast<std::uint32_t>(first_block >> 32), plane);
  }
  UndecidedBlocks list;
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
      Append(list, hn::Ne(hn::Or(equal01, equal23), hn::Zero(d)), block, equal01, equal23);
    }
  }
  for (int plane = wide_planes; plane < plan.planes && list.count != 0; ++plane) {
    DecidePlane<kRounds>(plan, first_block, plane, list, words);
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
