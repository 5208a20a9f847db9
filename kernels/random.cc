#include "fallow/random.h"

#include "kernels/checks.h"
#include "kernels/chunks.h"
#include "kernels/word_kernels.h"
#include "kernels/word_plan.h"

namespace fallow {

Status GenerateUniformBits(const MaskKey& key, std::span<std::uint32_t> words, const Execution& execution) noexcept {
  const Status status = CheckKey(key, words.size());
  if (!status.ok()) return status;
  const WordKernels& kernels = WordKernelsFor(execution.target);
  const WordPlan plan(MaskStream::kFallow, key);
  ForEachChunk(words.size(), execution, [&](std::size_t first, std::size_t n) {
    kernels.generate_words(plan, key.first_element + first, n, words.data() + first);
  });
  return {};
}

}  // namespace fallow
