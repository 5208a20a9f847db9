// Words of consecutive elements, stored, or compared with a keep rule and stored as a mask.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fallow/philox.h"
#include "hwy/highway.h"
#include "kernels/mask_plan.h"
#include "kernels/word_plan.h"
#include "kernels/word_sources-inl.h"
#include "kernels/words.h"

#if defined(FALLOW_KERNELS_GENERATE_WORDS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_GENERATE_WORDS_INL_H_
#undef FALLOW_KERNELS_GENERATE_WORDS_INL_H_
#else
#define FALLOW_KERNELS_GENERATE_WORDS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

inline std::array<std::uint32_t, 4> WordsOfBlock(const WordPlan& plan, std::uint64_t block) {
  const std::array<std::uint32_t, 2> key = {plan.key0[0], plan.key1[0]};
  if (plan.generator != WordGenerator::kThreefry20) {
    return Philox4x32(plan.Counter(block), key, plan.generator == WordGenerator::kPhilox7 ? Rounds::k7 : Rounds::k10);
  }
  std::array<std::uint32_t, 4> words;
  for (std::uint32_t k = 0; k < 4; ++k) {
    const auto pair =
        Threefry2x32({static_cast<std::uint32_t>(block >> 30), static_cast<std::uint32_t>(block << 2) | k}, key);
    words[k] = pair[0] ^ pair[1];
  }
  return words;
}

inline void GenerateWords(const WordPlan& plan, std::uint64_t first_word, std::size_t count, std::uint32_t* out) {
  std::size_t within = first_word % 4;
  std::uint64_t block = first_word / 4;
  for (std::size_t done = 0; done < count; ++block) {
    const std::size_t n = std::min(4 - within, count - done);
    std::memcpy(out + done, WordsOfBlock(plan, block).data() + within, n * sizeof(*out));
    done += n;
    within = 0;
  }
}

inline void GenerateWordMask(const WordPlan& plan, std::uint64_t first_element, std::size_t count,
                             std::uint64_t* words) {
  std::uint32_t of_elements[64];
  for (std::size_t i = 0; i < count; i += 64) {
    const std::size_t n = std::min<std::size_t>(64, count - i);
    GenerateWords(plan, first_element + i, n, of_elements);
    std::uint64_t kept = 0;
    for (std::size_t j = 0; j < n; ++j) kept |= std::uint64_t{plan.rule.Keeps(of_elements[j])} << j;
    words[i / 64] = kept;
  }
}

#else

// The first and the last few words, where fewer than two whole vectors are wanted, go through a buffer.
template <class Words>
HWY_NOINLINE void StoreWords(const WordPlan& caller_plan, std::uint64_t first_word, std::size_t count,
                             std::uint32_t* out) {
  const WordPlan plan = caller_plan;  // A copy that no store can alias, so that keys stay in registers.
  const DWord d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t within = first_word % 4;
  std::uint64_t word = first_word - within;
  for (std::size_t done = 0; done < count; word += 2 * lanes) {
    VWord lower;
    VWord upper;
    Words::Next(plan, word, lower, upper);
    const std::size_t n = std::min(2 * lanes - within, count - done);
    if (n == 2 * lanes) {
      hn::StoreU(lower, d, out + done);
      hn::StoreU(upper, d, out + done + lanes);
    } else {
      HWY_ALIGN std::uint32_t buffer[4 * kMaxLanes64];
      hn::Store(lower, d, buffer);
      hn::Store(upper, d, buffer + lanes);
      std::memcpy(out + done, buffer + within, n * sizeof(*out));
    }
    done += n;
    within = 0;
  }
}

HWY_INLINE hn::Mask<DWord> KeptWords(const KeepRule& rule, VWord words) {
  const DWord d;
  const VWord field = hn::And(hn::Xor(words, hn::Set(d, rule.flip)), hn::Set(d, rule.field));
  return hn::Lt(field, hn::Set(d, static_cast<std::uint32_t>(rule.threshold)));
}

// The bits of two vectors of elements, `bits` being those of the first's first lane.
HWY_INLINE void StoreKept(hn::Mask<DWord> lower, hn::Mask<DWord> upper, std::uint8_t* bits) {
  const DWord d;
  const std::size_t lanes = hn::Lanes(d);
  if (lanes >= 8) {
    hn::StoreMaskBits(d, lower, bits);
    hn::StoreMaskBits(d, upper, bits + lanes / 8);
  } else {  // Four: half a byte.
    std::uint8_t halves[2][8];
    hn::StoreMaskBits(d, lower, halves[0]);
    hn::StoreMaskBits(d, upper, halves[1]);
    *bits = static_cast<std::uint8_t>(halves[0][0] | halves[1][0] << 4);
  }
}

template <class Words>
HWY_NOINLINE void StoreMask(const WordPlan& caller_plan, std::uint64_t first_element, std::size_t count,
                            std::uint64_t* words) {
  const WordPlan plan = caller_plan;
  const std::size_t step = 2 * hn::Lanes(DWord());
  const std::size_t within = first_element % 4;
  auto* bits = reinterpret_cast<std::uint8_t*>(words);
  for (std::size_t i = 0; i < within + count; i += step) {
    VWord lower;
    VWord upper;
    Words::Next(plan, first_element - within + i, lower, upper);
    StoreKept(KeptWords(plan.rule, lower), KeptWords(plan.rule, upper), bits + i / 8);
  }
  if (within != 0) ShiftWords(words, within, count, words);
}

inline void GenerateWords(const WordPlan& plan, std::uint64_t first_word, std::size_t count, std::uint32_t* out) {
  switch (plan.generator) {
    case WordGenerator::kPhilox7:
      return StoreWords<PhiloxWords<7> >(plan, first_word, count, out);
    case WordGenerator::kPhilox10:
      return StoreWords<PhiloxWords<10> >(plan, first_word, count, out);
    case WordGenerator::kThreefry20:
      return StoreWords<ThreefryWords>(plan, first_word, count, out);
  }
}

inline void GenerateWordMask(const WordPlan& plan, std::uint64_t first_element, std::size_t count,
                             std::uint64_t* words) {
  if (plan.rule.DropsAll() || plan.rule.KeepsAll()) {
    std::memset(words, plan.rule.DropsAll() ? 0 : 0xFF, (count / 64 + 1) * sizeof(*words));
    return;
  }
  if (plan.generator == WordGenerator::kThreefry20) return StoreMask<ThreefryWords>(plan, first_element, count, words);
  StoreMask<PhiloxWords<10> >(plan, first_element, count, words);
}

#endif  // HWY_TARGET == HWY_SCALAR

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_GENERATE_WORDS_INL_H_
