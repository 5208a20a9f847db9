#include "fallow/mask_stream.h"

#include "kernels/checks.h"
#include "kernels/chunks.h"
#include "kernels/keep_rule.h"
#include "kernels/word_kernels.h"
#include "kernels/word_plan.h"
#include "kernels/words.h"

namespace fallow {

bool KeepsWord(MaskStream layout, Rate rate, std::uint32_t word) noexcept {
  return KeepRuleOf(layout, rate).Keeps(word);
}

Status GenerateMaskBits(MaskStream layout, Rate rate, const MaskKey& key, std::size_t count,
                        std::span<std::uint8_t> mask, const Execution& execution) noexcept {
  const Status status = FirstError(CheckRate(rate), CheckLayout(layout, key), CheckKey(key, count),
                                   CheckSize("mask", mask.size(), BitMaskBytes(count), "BitMaskBytes(count) bytes"));
  if (!status.ok()) return status;
  if (layout == MaskStream::kFallow) return GenerateMaskBits(rate, key, count, mask, execution);
  const WordKernels& kernels = WordKernelsFor(execution.target);
  const WordPlan plan(layout, key, rate);
  ForEachChunk(count, execution, [&](std::size_t first, std::size_t n) {
    std::uint64_t words[kChunkWords];
    kernels.generate_mask(plan, key.first_element + first, n, words);
    StoreBits(words, n, mask.data() + first / 8);
  });
  return {};
}

}  // namespace fallow
