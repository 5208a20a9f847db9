// What the word generator needs to know of a MaskStream, a MaskKey and a Rate, worked out once a call.
#ifndef FALLOW_KERNELS_WORD_PLAN_H_
#define FALLOW_KERNELS_WORD_PLAN_H_

#include <array>
#include <cstdint>

#include "fallow/mask.h"
#include "fallow/mask_stream.h"
#include "fallow/rate.h"
#include "fallow/status.h"
#include "kernels/keep_rule.h"

namespace fallow {

enum class WordGenerator : std::uint8_t { kPhilox7, kPhilox10, kThreefry20 };

// Philox gives the words of four elements, a block; the layouts differ in the key and in where the number of the block
// goes in the counter. With position = origin + (block << position_shift), counter word k is
//
//   counter[k] | (lo position & low[k]) | (hi position & high[k])
//
// Threefry gives the word of one element, whose number is the counter.
struct WordPlan {
  // Words alone. MaskStream::kFallow stands for word stream v1.
  explicit WordPlan(const MaskKey& key) noexcept;
  // For masks too.
  WordPlan(const MaskKey& key, const Rate& rate) noexcept;

  std::uint64_t Position(std::uint64_t block) const { return origin + (block << position_shift); }
  std::array<std::uint32_t, 4> Counter(std::uint64_t block) const;

  WordGenerator generator;
  int position_shift = 0;
  std::uint64_t origin = 0;
  std::uint32_t counter[4] = {};
  std::uint32_t low[4] = {}, high[4] = {};  // All ones or 0.
  std::uint32_t key0[10], key1[10];         // Philox's round keys; Threefry's key in the first of each.
  KeepRule rule;
};

// Whether the key, which is `argument` in the public declaration, is one that its layout has.
Status CheckLayout(const char* argument, const MaskKey& key) noexcept;

}  // namespace fallow

#endif  // FALLOW_KERNELS_WORD_PLAN_H_
