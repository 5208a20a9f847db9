#include "fallow/dropout.h"

#include <cstring>

#include "kernels/cache.h"
#include "kernels/checks.h"
#include "kernels/chunks.h"
#include "kernels/mask_source.h"

namespace fallow {
namespace {

// Past this, an ordinary store only brings lines of the output into the cache to push them out again unread.
bool WantsStreaming(std::span<const float> x, std::span<float> y) {
  return x.data() != y.data() && y.size_bytes() > 2 * LastLevelCacheBytes();
}

constexpr auto kDiscard = [](std::size_t, std::size_t, const std::uint64_t*) {};

// y = source keeps ? x * scale : 0; `store(first, n, words)` sees each chunk's mask.
template <class Source, class Store>
void Apply(const KernelTable& kernels, std::span<const float> x, const Source& source, float scale, std::span<float> y,
           const Execution& execution, const Store& store) {
  const bool streaming = WantsStreaming(x, y);
  ForEachChunk(x.size(), execution, [&](std::size_t first, std::size_t n) {
    std::uint64_t words[kChunkWords];
    source.Fill(first, n, words);
    store(first, n, words);
    kernels.apply_f32(x.data() + first, words, n, scale, streaming, y.data() + first);
  });
}

// Rates 0 and 1: copies that are exact to the bit, which a product is not for signalling NaNs, and zeros.
void CopyOrZero(std::span<const float> x, const Rate& rate, std::span<float> y, const Execution& execution) {
  ForEachChunk(x.size(), execution, [&](std::size_t first, std::size_t n) {
    if (rate.threshold() == 0) {
      std::memset(y.data() + first, 0, n * sizeof(float));
    } else {
      std::memmove(y.data() + first, x.data() + first, n * sizeof(float));
    }
  });
}

// `output` is the output's name in the public declaration.
Status CheckDropout(std::span<const float> x, const Rate& rate, const MaskKey& key, const char* output,
                    std::span<float> y) {
  return FirstError(CheckRate(rate), CheckKey(key, x.size()), CheckOutput(output, x, y));
}

Status CheckMask(std::span<const float> x, std::span<float> y, std::span<const std::uint8_t> mask, std::size_t bytes,
                 const char* expected) {
  return FirstError(CheckSize("mask", mask.size(), bytes, expected), CheckMaskApart(mask, x), CheckMaskApart(mask, y));
}

Status Dropout(std::span<const float> x, const Rate& rate, const MaskKey& key, const char* output, std::span<float> y,
               const Execution& execution) {
  const Status status = CheckDropout(x, rate, key, output, y);
  if (!status.ok()) return status;
  if (IsConstant(rate)) {
    CopyOrZero(x, rate, y, execution);
    return {};
  }
  const KernelTable& kernels = KernelsFor(execution.target);
  Apply(kernels, x, MaskFromKey(kernels, key, rate), rate.scale(), y, execution, kDiscard);
  return {};
}

constexpr char kBitBytes[] = "BitMaskBytes(n) bytes";
constexpr char kByteBytes[] = "one byte an element";

}  // namespace

Status DropoutForward(std::span<const float> x, Rate rate, const MaskKey& key, std::span<float> y,
                      const Execution& execution) noexcept {
  return Dropout(x, rate, key, "y", y, execution);
}

Status DropoutBackward(std::span<const float> dy, Rate rate, const MaskKey& key, std::span<float> dx,
                       const Execution& execution) noexcept {
  return Dropout(dy, rate, key, "dx", dx, execution);
}

Status DropoutForwardMaskBits(std::span<const float> x, Rate rate, const MaskKey& key, std::span<float> y,
                              std::span<std::uint8_t> mask, const Execution& execution) noexcept {
  const Status status =
      FirstError(CheckDropout(x, rate, key, "y", y), CheckMask(x, y, mask, BitMaskBytes(x.size()), kBitBytes));
  if (!status.ok()) return status;
  if (IsConstant(rate)) {
    CopyOrZero(x, rate, y, execution);
    return GenerateMaskBits(rate, key, x.size(), mask, execution);
  }
  const KernelTable& kernels = KernelsFor(execution.target);
  Apply(kernels, x, MaskFromKey(kernels, key, rate), rate.scale(), y, execution,
        [&](std::size_t first, std::size_t n, const std::uint64_t* words) {
          StoreBits(words, n, mask.data() + first / 8);
        });
  return {};
}

Status DropoutForwardMaskBytes(std::span<const float> x, Rate rate, const MaskKey& key, std::span<float> y,
                               std::span<std::uint8_t> mask, const Execution& execution) noexcept {
  const Status status = FirstError(CheckDropout(x, rate, key, "y", y), CheckMask(x, y, mask, x.size(), kByteBytes));
  if (!status.ok()) return status;
  if (IsConstant(rate)) {
    CopyOrZero(x, rate, y, execution);
    return GenerateMaskBytes(rate, key, x.size(), mask, execution);
  }
  const KernelTable& kernels = KernelsFor(execution.target);
  Apply(kernels, x, MaskFromKey(kernels, key, rate), rate.scale(), y, execution,
        [&](std::size_t first, std::size_t n, const std::uint64_t* words) {
          kernels.unpack(words, n, mask.data() + first);
        });
  return {};
}

Status ApplyMaskBits(std::span<const float> x, std::span<const std::uint8_t> mask, float scale, std::span<float> y,
                     const Execution& execution) noexcept {
  const Status status = FirstError(CheckOutput("y", x, y), CheckMask(x, y, mask, BitMaskBytes(x.size()), kBitBytes));
  if (!status.ok()) return status;
  Apply(KernelsFor(execution.target), x, MaskFromBits(mask.data()), scale, y, execution, kDiscard);
  return {};
}

Status ApplyMaskBytes(std::span<const float> x, std::span<const std::uint8_t> mask, float scale, std::span<float> y,
                      const Execution& execution) noexcept {
  const Status status = FirstError(CheckOutput("y", x, y), CheckMask(x, y, mask, x.size(), kByteBytes));
  if (!status.ok()) return status;
  const KernelTable& kernels = KernelsFor(execution.target);
  Apply(kernels, x, MaskFromBytes(kernels, mask.data()), scale, y, execution, kDiscard);
  return {};
}

}  // namespace fallow
