// The bit-sliced mask generator: keep(i) = U(i) < threshold for whole Philox blocks.
//
// One Philox output gives one bit, a plane, to each of 128 elements, so that the comparison is AND and OR on whole
// words: compare_planes-inl.h.
//
// kWidePlanes planes, the most significant, leave 1 element in 256 undecided. The blocks that hold one, about two in
// five, are gathered into a list, and only they get the next planes, and again, until none is undecided or the
// threshold has no more set bits.
//
// Tried without a clear win: planes instead of blocks in the lanes for the last blocks of a list (Zen 5); prefetching x
// and y for the appliers while generating; chunks smaller than 16 Ki elements (Zen 4).

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/compare_planes-inl.h"
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

#if FALLOW_PLAIN_PHILOX

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

// Up to this many blocks leave so many lanes idle that planes take them instead.
inline constexpr std::size_t kFewBlocks = 2;

// g++ 12 spills products that it needs again at once, unless it schedules before it allocates registers: for AVX2 10.0
// us instead of 8.3 for 65,536 elements at p = .1 (Zen 5, 2026-11-25). clang 14 needs no telling.
#if HWY_COMPILER_GCC_ACTUAL
#define FALLOW_SCHEDULED __attribute__((optimize("schedule-insns", "sched-pressure")))
#else
#define FALLOW_SCHEDULED
#endif

// The blocks that hold undecided elements, by their distance from the range's first, and these elements.
class Undecided {
 public:
  std::size_t count() const { return count_; }

  // Adds those of the blocks that hold undecided elements.
  HWY_INLINE void Add(V64 block, V64 undecided01, V64 undecided23) {
    const D64 d;
    const V64 undecided = hn::Or(undecided01, undecided23);
#if HWY_CAP_GE512
    // Of u32, one instruction. Of u64, Highway 1.0.3 looks up a table, which g++ 12 first copies to the stack.
    const D32 d32;
    const auto mask = hn::Ne(hn::BitCast(d32, hn::Or(undecided, SwapHalves(undecided))), hn::Zero(d32));
    hn::StoreU(hn::BitCast(d, hn::Compress(hn::BitCast(d32, block), mask)), d, block_ + count_);
    hn::StoreU(hn::BitCast(d, hn::Compress(hn::BitCast(d32, undecided01), mask)), d, undecided01_ + count_);
    hn::StoreU(hn::BitCast(d, hn::Compress(hn::BitCast(d32, undecided23), mask)), d, undecided23_ + count_);
    count_ += hn::CountTrue(d32, mask) / 2;
#else
    // Branchless, since whether a block is decided cannot be predicted.
    HWY_ALIGN std::uint64_t lanes[4][kMaxLanes64];
    hn::Store(block, d, lanes[0]);
    hn::Store(undecided01, d, lanes[1]);
    hn::Store(undecided23, d, lanes[2]);
    hn::Store(undecided, d, lanes[3]);
    for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
      block_[count_] = lanes[0][lane];
      undecided01_[count_] = lanes[1][lane];
      undecided23_[count_] = lanes[2][lane];
      count_ += lanes[3][lane] != 0;
    }
#endif
  }

  // Lanes past `end` get the range's first block, with nothing undecided. By a mask, since a list that is padded by
  // stores makes the loads wait for them.
  HWY_INLINE void Load(std::size_t i, std::size_t end, V64& block, V64& undecided01, V64& undecided23) const {
    const D64 d;
    const auto mask = hn::FirstN(d, i < end ? std::min(end - i, hn::Lanes(d)) : 0);
    block = hn::IfThenElseZero(mask, hn::LoadU(d, block_ + i));
    undecided01 = hn::IfThenElseZero(mask, hn::LoadU(d, undecided01_ + i));
    undecided23 = hn::IfThenElseZero(mask, hn::LoadU(d, undecided23_ + i));
  }

  // What has been loaded may be added again while the rest is still being loaded.
  void Clear() { count_ = 0; }

 private:
  // Of all blocks of a call, and for loads and stores of whole vectors past them, three at a time.
  static constexpr std::size_t kCapacity = kChunkWords / 2 + 3 * kMaxLanes64;
  std::uint64_t block_[kCapacity], undecided01_[kCapacity], undecided23_[kCapacity];
  std::size_t count_ = 0;
};

// Lane 2j holds block j and lane 2j + 1 block N/2 + j, so that interleaving the even lanes, and then the odd lanes, of
// two vectors gives the blocks' 128-bit masks in their order in memory.
HWY_INLINE V64 BlockOfLane() {
  const D64 d;
  const V64 lane = hn::Iota(d, 0);
  const V64 half = hn::ShiftRight<1>(lane);
  const V64 odd = hn::And(lane, hn::Set(d, 1));
  return hn::Add(half, hn::IfThenElseZero(hn::Eq(odd, hn::Set(d, 1)), hn::Set(d, hn::Lanes(d) / 2)));
}

// LastRound leaves even words in the upper halves; memory wants them in the lower ones.
HWY_INLINE void StoreBlocks(V64 less01, V64 less23, std::uint64_t* words) {
  const D64 d;
  less01 = SwapHalves(less01);
  less23 = SwapHalves(less23);
  hn::StoreU(hn::InterleaveLower(d, less01, less23), d, words);
  hn::StoreU(hn::InterleaveUpper(d, less01, less23), d, words + hn::Lanes(d));
}

// The masks of blocks [first, end) after `plane_count` planes, kVectors vectors and kPlanes planes at a time, and what
// these planes leave undecided. A group of planes may reach below the threshold's lowest set bit: that changes nothing.
template <int kRounds, int kVectors, int kPlanes>
HWY_INLINE void CompareBlocks(const Range& range, const Plane* planes, int plane_count, std::size_t first,
                              std::size_t end, Undecided& undecided) {
  const D64 d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = first; i < end; i += kVectors * lanes) {
    V64 block[kVectors];
    BlockRounds rounds[kVectors];
    Comparison comparisons[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      block[v] = hn::Add(hn::Set(d, i + v * lanes), BlockOfLane());
      rounds[v] = BlockRounds(range.plan, hn::Add(hn::Set(d, range.first_lo), block[v]));
    }
    int plane = (plane_count + kPlanes - 1) / kPlanes * kPlanes;
    do {
      plane -= kPlanes;
      ComparePlanes<kRounds, kVectors, kPlanes>(range.plan, planes + plane, rounds, comparisons);
    } while (plane > 0);
    for (int v = 0; v < kVectors; ++v) {
      const Comparison& c = comparisons[v];
      StoreBlocks(c.less01, c.less23, range.words + 2 * (i + v * lanes));
      if (plane_count < range.plan.planes) undecided.Add(block[v], hn::Not(c.decided01), hn::Not(c.decided23));
    }
  }
}

// What became less in some blocks, a block a lane.
template <int kVectors>
struct LessOfBlocks {
  HWY_INLINE void Store(int v, V64 blocks, V64 less01, V64 less23) {
    const D64 d;
    hn::Store(blocks, d, block + v * hn::Lanes(d));
    hn::Store(SwapHalves(less01), d, words01 + v * hn::Lanes(d));
    hn::Store(SwapHalves(less23), d, words23 + v * hn::Lanes(d));
  }

  // Unrolled in part: fully, g++ 12 takes the lanes out of the vectors instead of loading them.
  HWY_INLINE void OrInto(std::uint64_t* words, std::size_t count) const {
    HWY_UNROLL(4)
    for (std::size_t i = 0; i < count; ++i) {
      words[2 * block[i]] |= words01[i];
      words[2 * block[i] + 1] |= words23[i];
    }
  }

  HWY_ALIGN std::uint64_t block[kVectors * kMaxLanes64];
  HWY_ALIGN std::uint64_t words01[kVectors * kMaxLanes64];
  HWY_ALIGN std::uint64_t words23[kVectors * kMaxLanes64];
};

// Compares kPlanes more planes of the listed blocks, from `plane` on, and shortens the list.
template <int kRounds, int kVectors, int kPlanes>
HWY_INLINE void ShortenList(const Range& range, int plane, Undecided& undecided) {
  const D64 d;
  const std::size_t lanes = hn::Lanes(d);
  Plane planes[kPlanes];
  PreparePlanes<kPlanes>(range, plane, planes);
  const std::size_t count = undecided.count();
  undecided.Clear();
  for (std::size_t i = 0; i < count; i += kVectors * lanes) {
    V64 block[kVectors], undecided01[kVectors], undecided23[kVectors];
    BlockRounds rounds[kVectors];
    Comparison comparisons[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      undecided.Load(i + v * lanes, count, block[v], undecided01[v], undecided23[v]);
      rounds[v] = BlockRounds(range.plan, hn::Add(hn::Set(d, range.first_lo), block[v]));
    }
    ComparePlanes<kRounds, kVectors, kPlanes>(range.plan, planes, rounds, comparisons);
    LessOfBlocks<kVectors> less;
    for (int v = 0; v < kVectors; ++v) {
      const Comparison& c = comparisons[v];
      less.Store(v, block[v], hn::And(undecided01[v], c.less01), hn::And(undecided23[v], c.less23));
      undecided.Add(block[v], hn::AndNot(c.decided01, undecided01[v]), hn::AndNot(c.decided23, undecided23[v]));
    }
    less.OrInto(range.words, std::min(count - i, kVectors * lanes));
  }
}

// Decides the listed blocks, in registers, by planes from `plane` on.
template <int kRounds>
HWY_INLINE void DecideList(const Range& range, int plane, const Undecided& list) {
  constexpr int kPlanes = 4;
  const D64 d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < list.count(); i += lanes) {
    V64 block, undecided01, undecided23;
    list.Load(i, list.count(), block, undecided01, undecided23);
    const BlockRounds rounds[1] = {BlockRounds(range.plan, hn::Add(hn::Set(d, range.first_lo), block))};
    V64 less01 = hn::Zero(d), less23 = less01;
    int next = plane;
    do {
      Plane planes[kPlanes];
      PreparePlanes<kPlanes>(range, next, planes);
      Comparison comparisons[1];
      ComparePlanes<kRounds, 1, kPlanes>(range.plan, planes, rounds, comparisons);
      const Comparison& c = comparisons[0];
      less01 = hn::Or(less01, hn::And(undecided01, c.less01));
      less23 = hn::Or(less23, hn::And(undecided23, c.less23));
      undecided01 = hn::AndNot(c.decided01, undecided01);
      undecided23 = hn::AndNot(c.decided23, undecided23);
      next += kPlanes;
    } while (next < range.plan.planes && !hn::AllTrue(d, hn::Eq(hn::Or(undecided01, undecided23), hn::Zero(d))));
    LessOfBlocks<1> less;
    less.Store(0, block, less01, less23);
    less.OrInto(range.words, std::min(list.count() - i, lanes));
  }
}

template <int kRounds>
HWY_NOINLINE FALLOW_SCHEDULED void GenerateBlocks(const Range& range, std::size_t blocks) {
  const MaskPlan& plan = range.plan;
  const std::size_t lanes = hn::Lanes(D64());
  const std::size_t vectors = (blocks + lanes - 1) / lanes;
  const int wide_planes = std::min(plan.planes, kWidePlanes);
  Plane planes[kWidePlanes];
  Undecided undecided;
  if (plan.planes == 1) {
    const std::size_t single = vectors % 4 * lanes;
    PreparePlanes<1>(range, 0, planes);
    CompareBlocks<kRounds, 1, 1>(range, planes, wide_planes, 0, single, undecided);
    CompareBlocks<kRounds, 4, 1>(range, planes, wide_planes, single, blocks, undecided);
  } else {
    const std::size_t single = vectors % 3 * lanes;
    PreparePlanes<kWidePlanes>(range, 0, planes);
    CompareBlocks<kRounds, 1, 4>(range, planes, wide_planes, 0, single, undecided);
    CompareBlocks<kRounds, 3, 2>(range, planes, wide_planes, single, blocks, undecided);
  }
  int plane = wide_planes;
  for (; plane < plan.planes && undecided.count() > lanes; plane += 2) {
    ShortenList<kRounds, 3, 2>(range, plane, undecided);
  }
  if (plane < plan.planes) DecideList<kRounds>(range, plane, undecided);
}

// The bits of kPlanes planes of one block, from `plane` on: words 0 and 1 in bits[0], words 2 and 3 in bits[1].
template <int kRounds, int kPlanes>
HWY_INLINE void BitsOfPlanes(const Range& range, std::size_t block, int plane, std::uint64_t (&bits)[2][kPlanes]) {
  const D64 d;
  const MaskPlan& plan = range.plan;
  constexpr int kVectors = kPlanes / hn::MaxLanes(D64());
  const BlockRounds rounds(plan, hn::Set(d, range.first_lo + block));
  Counters counters[kVectors];
  for (int v = 0; v < kVectors; ++v) {
    const V64 planes = hn::Iota(d, plane + v * hn::Lanes(d));
    const V64 word0 =
        hn::Xor(hn::ShiftLeft<26>(planes), Constant(plan.stream_lo_product_hi ^ range.first_hi ^ plan.key0[0]));
    const V64 product0 = Multiply(word0, plan.multiplier0);
    counters[v] = Start(plan, rounds, hn::Xor(SwapHalves(product0), Constant(plan.key1[1])),
                        hn::Xor(product0, Constant(plan.key1[2])));
  }
  MiddleRounds<kRounds>(plan, counters);
  for (int v = 0; v < kVectors; ++v) {
    V64 bits01, bits23;
    LastRound(plan, hn::Set(d, plan.last_key0), hn::Set(d, plan.last_key1), counters[v], bits01, bits23);
    hn::Store(SwapHalves(bits01), d, bits[0] + v * hn::Lanes(d));
    hn::Store(SwapHalves(bits23), d, bits[1] + v * hn::Lanes(d));
  }
}

// A block at a time, planes in the lanes, from the most significant on. Two vectors of eight take hardly longer than
// one, and decide all but 1 block in 500, while eight planes leave it to chance whether there is more to do.
template <int kRounds>
HWY_NOINLINE void GenerateFewBlocks(const Range& range, std::size_t blocks) {
  constexpr int kPlanes = std::max<int>(kWidePlanes, 2 * hn::MaxLanes(D64()));
  const MaskPlan& plan = range.plan;
  for (std::size_t block = 0; block < blocks; ++block) {
    std::uint64_t less[2] = {0, 0};
    std::uint64_t equal[2] = {~0ull, ~0ull};
    for (int plane = 0; plane < plan.planes && (equal[0] | equal[1]) != 0; plane += kPlanes) {
      HWY_ALIGN std::uint64_t bits[2][kPlanes];
      BitsOfPlanes<kRounds>(range, block, plane, bits);
      const int count = std::min(plan.planes - plane, kPlanes);
      for (int i = 0; i < count; ++i) {
        const std::uint64_t threshold = plan.threshold_bit(plane + i) ? ~0ull : 0;
        for (int half = 0; half < 2; ++half) {
          less[half] |= equal[half] & threshold & ~bits[half][i];
          equal[half] &= ~(threshold ^ bits[half][i]);
        }
      }
    }
    range.words[2 * block] = less[0];
    range.words[2 * block + 1] = less[1];
  }
}

// No carry into the upper half of the block number.
inline void GenerateRange(const Range& range, std::size_t blocks) {
  const bool k7 = range.plan.rounds == Rounds::k7;
  if (blocks <= kFewBlocks && range.plan.planes > 2)
    return k7 ? GenerateFewBlocks<7>(range, blocks) : GenerateFewBlocks<10>(range, blocks);
  k7 ? GenerateBlocks<7>(range, blocks) : GenerateBlocks<10>(range, blocks);
}

inline void Generate(const MaskPlan& plan, std::uint64_t first_block, std::size_t blocks, std::uint64_t* words) {
  const auto lo = static_cast<std::uint32_t>(first_block);
  const auto hi = static_cast<std::uint32_t>(first_block >> 32);
  const std::size_t before_carry = std::min<std::uint64_t>(blocks, (std::uint64_t{1} << 32) - lo);
  GenerateRange({plan, lo, hi, words}, before_carry);
  if (before_carry < blocks) GenerateRange({plan, 0, hi + 1, words + 2 * before_carry}, blocks - before_carry);
}

#endif  // FALLOW_PLAIN_PHILOX

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_GENERATE_INL_H_
