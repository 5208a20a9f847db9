#include "fallow/mask.h"

#include <atomic>

#include "kernels/checks.h"
#include "kernels/chunks.h"
#include "kernels/mask_words.h"
#include "kernels/stored_mask.h"

namespace fallow {

Status GenerateMask(const Mask& mask, std::size_t count, MaskFormat format, std::span<std::uint8_t> stored,
                    const Execution& execution) noexcept {
  const Status status = FirstError(CheckMask(mask, count), CheckStored(format, stored, count, mask));
  if (!status.ok()) return status;
  const MaskWords source(mask, count, execution.target);
  const StoredMask store(format, stored, execution.target);
  ForEachChunk(count, execution, [&](std::size_t first, std::size_t n) {
    std::uint64_t words[kChunkWords];
    source.Fill(first, n, words);
    store.Write(first, n, words);
  });
  return {};
}

Status CountKept(const Mask& mask, std::size_t count, std::size_t* kept, const Execution& execution) noexcept {
  if (kept == nullptr) return Status::Invalid("kept", 0, "an address that is not null");
  const Status status = CheckMask(mask, count);
  if (!status.ok()) return status;
  const MaskWords source(mask, count, execution.target);
  std::atomic<std::size_t> sum = 0;
  ForEachChunk(count, execution, [&](std::size_t first, std::size_t n) {
    std::uint64_t words[kChunkWords];
    source.Fill(first, n, words);
    sum.fetch_add(CountBits(words, n), std::memory_order_relaxed);
  });
  *kept = sum;
  return {};
}

}  // namespace fallow
