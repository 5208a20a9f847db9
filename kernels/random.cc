#include "fallow/random.h"

#include "kernels/chunks.h"
#include "kernels/keyed_mask.h"
#include "kernels/word_kernels.h"
#include "kernels/word_plan.h"

namespace fallow {

Status GenerateUniformBits(const MaskKey& key, std::span<std::uint32_t> words, const Execution& execution) noexcept {
  const Status status = CheckKey("key", key, words.size());
  if (!status.ok()) return status;
  if (words.data() == nullptr && !words.empty()) {
    return Status::Invalid("words", static_cast<double>(words.size()), "no elements where the address is null");
  }
  const WordKernels& kernels = WordKernelsFor(execution.target);
  const WordPlan plan(key);
  ForEachChunk(words.size(), execution, [&](std::size_t first, std::size_t n) {
    kernels.generate_words(plan, key.first_element + first, n, words.data() + first);
  });
  return {};
}

}  // namespace fallow
