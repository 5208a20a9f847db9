// Bit planes of whole Philox blocks, compared with the threshold's bits.
//
// One Philox output gives one bit, a plane, to each of 128 elements, so that the comparison is AND and OR on whole
// words. From the least significant plane to the most: where a plane's bit differs from the threshold's, `less` becomes
// the threshold's bit, whatever it was, and the element is decided.
//
// A plane of a vector is a chain of dependent products, some 70 cycles long, while its instructions take 14. No CPU
// looks so far ahead as to overlap five planes by itself, so several counters go through each round together. Eight
// planes of 65,536 elements, ns, by vectors of blocks times planes: 1 x 1 3166, 1 x 4 2501, 2 x 2 2498, 6 x 1 2518,
// 3 x 2 2213, 4 x 2 2341, which spills; 1 x 8 with two words a vector, packed by masked shuffles, 2382 (AMD EPYC,
// Zen 5, AVX3, g++ 12, 2026-11-25).

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/mask_plan.h"
#include "kernels/philox-inl.h"

#if defined(FALLOW_KERNELS_COMPARE_PLANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_COMPARE_PLANES_INL_H_
#undef FALLOW_KERNELS_COMPARE_PLANES_INL_H_
#else
#define FALLOW_KERNELS_COMPARE_PLANES_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if !FALLOW_PLAIN_PHILOX

// One call's blocks.
struct Range {
  const MaskPlan& plan;
  std::uint32_t first_lo, first_hi;  // The first block's number. The upper half is the same for all.
  std::uint64_t* words;
};

// A vector of blocks compared with the threshold in some planes: words 0 and 1, words 2 and 3.
struct Comparison {
  HWY_INLINE Comparison() : less01(hn::Zero(D64())) { less23 = decided01 = decided23 = less01; }
  V64 less01, less23;
  V64 decided01, decided23;
};

// `differs` ? threshold : less.
HWY_INLINE V64 Select(V64 differs, V64 threshold, V64 less) {
#if HWY_CAP_GE512  // One instruction; elsewhere IfVecThenElse looks at nothing but the highest bit of each byte.
  return hn::IfVecThenElse(differs, threshold, less);
#else
  return hn::Or(hn::And(differs, threshold), hn::AndNot(differs, less));
#endif
}

// A plane's constants. The threshold's bit, in all 64, is XORed into the last round's keys as well: so Philox yields
// where the elements' bits differ from it, and there is no branch, which would let g++ 12 move one plane's rounds
// behind another's.
struct Plane {
  PlaneRounds rounds;
  std::uint64_t threshold, last_key0, last_key1;
};

// Of planes [first, first + kCount). Inline, or g++ 12 makes a vector loop of it that takes longer to set up.
template <int kCount>
HWY_INLINE void PreparePlanes(const Range& range, int first, Plane* planes) {
  const MaskPlan& plan = range.plan;
  for (int i = 0; i < kCount; ++i) {
    const std::uint64_t threshold = plan.threshold_bit(first + i) ? ~std::uint64_t{0} : 0;
    planes[i] = {RoundsOfPlane(plan, range.first_hi, first + i), threshold, plan.last_key0 ^ threshold,
                 plan.last_key1 ^ threshold};
  }
}

template <int kCount>
HWY_INLINE V64 OrAll(V64 v, const V64 (&others)[kCount]) {
  if constexpr (kCount % 2 == 1) v = hn::Or(v, others[0]);
  for (int i = kCount % 2; i < kCount; i += 2) v = hn::Or3(v, others[i], others[i + 1]);
  return v;
}

// Compares kPlanes more planes of kVectors vectors of blocks, more significant ones than those before.
template <int kRounds, int kVectors, int kPlanes>
HWY_INLINE void ComparePlanes(const MaskPlan& plan, const Plane* planes, const BlockRounds (&blocks)[kVectors],
                              Comparison (&comparisons)[kVectors]) {
  const D64 d;
  Counters counters[kVectors * kPlanes];
  for (int i = 0; i < kVectors * kPlanes; ++i) {
    const PlaneRounds& plane = planes[i % kPlanes].rounds;
    counters[i] = Start(plan, blocks[i / kPlanes], Constant(plane.word2), Constant(plane.next_word2));
  }
  MiddleRounds<kRounds>(plan, counters);
  for (int v = 0; v < kVectors; ++v) {
    Comparison& c = comparisons[v];
    V64 differs01[kPlanes], differs23[kPlanes];
    for (int i = kPlanes - 1; i >= 0; --i) {
      const V64 key0 = hn::Set(d, planes[i].last_key0);
      const V64 key1 = hn::Set(d, planes[i].last_key1);
      const V64 threshold = hn::Set(d, planes[i].threshold);
      LastRound(plan, key0, key1, counters[v * kPlanes + i], differs01[i], differs23[i]);
      c.less01 = Select(differs01[i], threshold, c.less01);
      c.less23 = Select(differs23[i], threshold, c.less23);
    }
    c.decided01 = OrAll(c.decided01, differs01);
    c.decided23 = OrAll(c.decided23, differs23);
  }
}

#endif  // !FALLOW_PLAIN_PHILOX

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_COMPARE_PLANES_INL_H_
