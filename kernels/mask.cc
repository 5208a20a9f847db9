#include "fallow/mask.h"

#include <atomic>

#include "kernels/call.h"
#include "kernels/checks.h"
#include "kernels/chunks.h"
#include "kernels/mask_words.h"
#include "kernels/stored_mask.h"

namespace fallow {

Status GenerateMask(const Mask& mask, std::size_t count, MaskFormat format, std::span<std::uint8_t> stored,
                    const Execution& execution) noexcept {
  const Call call(__func__, kNoDType, count, execution);
  const Status status = FirstError(CheckMask(mask, count), CheckStored(format, stored, count, mask));
  if (!status.ok()) return status;
  StoreWords(MaskWords(mask, count, call.target()), count, StoredMask(format, stored, call.target()), call);
  return call.Done();
}

Status CountKept(const Mask& mask, std::size_t count, std::size_t* kept, const Execution& execution) noexcept {
  const Call call(__func__, kNoDType, count, execution);
  if (kept == nullptr) return Status::Invalid("kept", 0, "an address that is not null");
  const Status status = CheckMask(mask, count);
  if (!status.ok()) return status;
  const MaskWords source(mask, count, call.target());
  std::atomic<std::size_t> sum = 0;
  ForEachChunk(count, call, [&](std::size_t first, std::size_t n) {
    std::uint64_t words[kChunkWords];
    FillWords(call, source, first, n, words);
    sum.fetch_add(CountBits(words, n), std::memory_order_relaxed);
  });
  *kept = sum;
  return call.Done();
}

}  // namespace fallow
