#include "kernels/masked.h"

#include <cstring>

#include "kernels/cache.h"
#include "kernels/checks.h"
#include "kernels/mask_words.h"

namespace fallow {

bool WantsStreaming(ConstArray x, ConstArray y) noexcept {
  return x.data() != y.data() && y.contiguous() && y.size() * SizeOf(y.type()) > 2 * LastLevelCacheBytes();
}

void CopyOrZero(ConstArray x, bool zero, Array y, const Execution& execution) noexcept {
  const std::size_t element = SizeOf(x.type());
  const auto part = [&](std::size_t, std::size_t n, const void* from, void* to) {
    if (zero) {
      std::memset(to, 0, n * element);
    } else {
      std::memmove(to, from, n * element);
    }
  };
  ForEachChunk(x.size(), execution,
               [&](std::size_t first, std::size_t count) { ForEachPart(first, count, part, x, y); });
}

bool WritesZeros(const Mask& mask) noexcept { return mask.rate().threshold() == 0; }

bool Copies(const Mask& mask) noexcept { return !WritesZeros(mask) && KeepsAllOrNone(mask); }

Status CheckMasked(const char* input, ConstArray x, const Mask& mask, const char* output, ConstArray y) noexcept {
  if (const Status status = CheckArray(input, x); !status.ok()) return status;
  if (const Status status = CheckMask(mask, x.size()); !status.ok()) return status;
  if (const Status status = CheckOutput(output, x, y); !status.ok()) return status;
  return CheckBytesApart("mask", StoredBytes(mask), y);
}

}  // namespace fallow
