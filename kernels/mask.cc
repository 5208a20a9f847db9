#include "fallow/mask.h"

#include "kernels/checks.h"
#include "kernels/chunks.h"
#include "kernels/mask_source.h"

namespace fallow {

Status GenerateMaskBits(Rate rate, const MaskKey& key, std::size_t count, std::span<std::uint8_t> mask,
                        const Execution& execution) noexcept {
  const Status status = FirstError(CheckRate(rate), CheckKey(key, count),
                                   CheckSize("mask", mask.size(), BitMaskBytes(count), "BitMaskBytes(count) bytes"));
  if (!status.ok()) return status;
  const MaskFromKey source(KernelsFor(execution.target), key, rate);
  ForEachChunk(count, execution, [&](std::size_t first, std::size_t n) {
    std::uint64_t words[kChunkWords];
    source.Fill(first, n, words);
    StoreBits(words, n, mask.data() + first / 8);
  });
  return {};
}

Status GenerateMaskBytes(Rate rate, const MaskKey& key, std::size_t count, std::span<std::uint8_t> mask,
                         const Execution& execution) noexcept {
  const Status status =
      FirstError(CheckRate(rate), CheckKey(key, count), CheckSize("mask", mask.size(), count, "count bytes"));
  if (!status.ok()) return status;
  const KernelTable& kernels = KernelsFor(execution.target);
  const MaskFromKey source(kernels, key, rate);
  ForEachChunk(count, execution, [&](std::size_t first, std::size_t n) {
    std::uint64_t words[kChunkWords];
    source.Fill(first, n, words);
    kernels.unpack(words, n, mask.data() + first);
  });
  return {};
}

}  // namespace fallow
