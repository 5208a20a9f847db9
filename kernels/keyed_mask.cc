#include "kernels/keyed_mask.h"

#include <algorithm>
#include <cstring>

#include "kernels/mask_kernels.h"
#include "kernels/word_kernels.h"
#include "kernels/words.h"

namespace fallow {
namespace {

bool IsConstant(const MaskKey& key, const Rate& rate) {
  if (!IsConstant(rate)) return false;
  if (key.layout == MaskStream::kFallow) return true;
  const KeepRule rule = KeepRuleOf(key.layout, rate);  // oneDNN drops one word in 2^32 at rate 0.
  return rule.KeepsAll() || rule.DropsAll();
}

}  // namespace

bool KeepsAllOrNone(const Mask& mask) noexcept {
  if (DropsAll(mask)) return true;
  if (mask.source() == Mask::Source::kKey) return IsConstant(mask.key(), mask.rate());
  return mask.source() == Mask::Source::kRowKeys &&
         std::ranges::all_of(mask.row_keys(), [&](const MaskKey& key) { return IsConstant(key, mask.rate()); });
}

Status CheckKey(const char* argument, const MaskKey& key, std::size_t count) noexcept {
  constexpr std::uint64_t kLimit = std::uint64_t{1} << 57;
  if (key.rounds != Rounds::k7 && key.rounds != Rounds::k10) {
    return Status::Invalid(argument, static_cast<double>(key.rounds), "7 or 10 rounds");
  }
  if (const Status status = CheckLayout(argument, key); !status.ok()) return status;
  if (count <= kLimit && key.first_element <= kLimit - count) return {};
  return Status::Invalid(argument, static_cast<double>(key.first_element),
                         "first_element + number of elements at most 2^57");
}

KeyedMask::Plan KeyedMask::PlanOf(const MaskKey& key, const Rate& rate) {
  if (IsConstant(key, rate)) return rate.threshold() != 0;
  if (key.layout == MaskStream::kFallow) return Plan(std::in_place_type<MaskPlan>, key, rate);
  return Plan(std::in_place_type<WordPlan>, key, rate);
}

KeyedMask::KeyedMask(const MaskKey& key, const Rate& rate, Target target)
    : first_element_(key.first_element), target_(target), plan_(PlanOf(key, rate)) {}

void KeyedMask::Fill(std::size_t first, std::size_t count, std::uint64_t* words) const {
  const std::uint64_t element = first_element_ + first;
  if (const bool* keeps = std::get_if<bool>(&plan_)) {
    std::memset(words, *keeps ? 0xFF : 0, (count / 64 + 1) * sizeof(*words));
  } else if (const auto* plan = std::get_if<WordPlan>(&plan_)) {
    WordKernelsFor(target_).generate_mask(*plan, element, count, words);
  } else {
    const std::size_t within = element % kBlockElements;
    const std::size_t blocks = (within + count + kBlockElements - 1) / kBlockElements;
    MaskKernelsFor(target_).generate(*std::get_if<MaskPlan>(&plan_), element / kBlockElements, blocks, words);
    if (within != 0) ShiftWords(words, within, count, words);
  }
}

}  // namespace fallow
