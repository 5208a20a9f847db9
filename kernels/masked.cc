#include "kernels/masked.h"

#include <cstring>

#include "kernels/cache.h"
#include "kernels/checks.h"
#include "kernels/mask_words.h"

namespace fallow {

bool WantsStreaming(const ConstArray& x, const ConstArray& y) noexcept {
  return x.data() != y.data() && y.contiguous() && y.size() * SizeOf(y.type()) > 2 * LastLevelCacheBytes();
}

void CopyOrZero(const ConstArray& x, bool zero, const Array& y, const Call& call) noexcept {
  const std::size_t element = SizeOf(x.type());
  const auto part = [&](std::size_t, std::size_t n, const void* from, void* to) {
    if (zero) {
      std::memset(to, 0, n * element);
    } else {
      std::memmove(to, from, n * element);
    }
  };
  ForEachChunk(x.size(), call, [&](std::size_t first, std::size_t count) { ForEachPart(first, count, part, x, y); });
}

Status CheckMasked(const char* input, const ConstArray& x, const Mask& mask, const char* output,
                   const ConstArray& y) noexcept {
  if (const Status status = CheckArray(input, x); !status.ok()) return status;
  if (const Status status = CheckMask(mask, x.size()); !status.ok()) return status;
  if (const Status status = CheckOutput(output, x, y); !status.ok()) return status;
  return CheckBytesApart("mask", StoredBytes(mask), y);
}

}  // namespace fallow
