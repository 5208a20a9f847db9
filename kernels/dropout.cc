#include "fallow/dropout.h"

#include <cstring>

#include "kernels/apply_kernels.h"
#include "kernels/cache.h"
#include "kernels/checks.h"
#include "kernels/chunks.h"
#include "kernels/element_address.h"
#include "kernels/keyed_mask.h"
#include "kernels/mask_words.h"
#include "kernels/stored_mask.h"
#include "kernels/words.h"

namespace fallow {
namespace {

// Past this, an ordinary store only brings lines of the output into the cache to push them out again unread.
bool WantsStreaming(ConstArray x, ConstArray y) {
  return x.data() != y.data() && y.contiguous() && y.size() * SizeOf(y.type()) > 2 * LastLevelCacheBytes();
}

constexpr auto kDiscard = [](std::size_t, std::size_t, const std::uint64_t*) {};

// Calls apply(x, words, n, y) for all elements; `store(first, n, words)` sees each chunk's mask before.
template <class Store, class Apply>
void ForEachMasked(ConstArray x, const Mask& mask, Array y, const Execution& execution, const Store& store,
                   const Apply& apply) {
  const MaskWords source(mask, x.size(), execution.target);
  const bool contiguous = x.contiguous() && y.contiguous();
  ForEachChunk(x.size(), execution, [&](std::size_t first, std::size_t n) {
    std::uint64_t words[kChunkWords];
    source.Fill(first, n, words);
    store(first, n, words);
    if (contiguous) return apply(ElementAddress(x, 0, first), words, n, ElementAddress(y, 0, first));
    ForEachRowPart(first, n, x.cols(), [&](std::size_t row, std::size_t col, std::size_t count, std::size_t done) {
      std::uint64_t part[kChunkWords];
      ShiftWords(words, done, count, part);
      apply(ElementAddress(x, row, col), part, count, ElementAddress(y, row, col));
    });
  });
}

// Rates 0 and 1: copies that are exact to the bit, which a product is not for signalling NaNs, and zeros.
void CopyOrZero(ConstArray x, bool zero, Array y, const Execution& execution) {
  ForEachChunk(x.size(), execution, [&](std::size_t first, std::size_t count) {
    ForEachRowPart(first, count, x.cols(), [&](std::size_t row, std::size_t col, std::size_t n, std::size_t) {
      const std::size_t bytes = n * SizeOf(x.type());
      if (zero) {
        std::memset(ElementAddress(y, row, col), 0, bytes);
      } else {
        std::memmove(ElementAddress(y, row, col), ElementAddress(x, row, col), bytes);
      }
    });
  });
}

// Checks everything but what only one function takes. `input` and `output` are their names in its declaration.
Status CheckDropout(const char* input, ConstArray x, const Mask& mask, const char* output, ConstArray y) {
  if (const Status status = CheckArray(input, x); !status.ok()) return status;
  if (const Status status = CheckMask(mask, x.size()); !status.ok()) return status;
  if (const Status status = CheckOutput(output, x, y); !status.ok()) return status;
  return CheckBytesApart("mask", StoredBytes(mask), y);
}

template <class Store>
void Drop(ConstArray x, const Mask& mask, Array y, const Execution& execution, const Store& store) {
  const ApplyKernels& kernels = ApplyKernelsFor(x.type(), execution.target);
  const Scale scale(mask.rate());
  const bool streaming = WantsStreaming(x, y);
  ForEachMasked(x, mask, y, execution, store,
                [&](const void* from, const std::uint64_t* words, std::size_t n, void* to) {
                  kernels.drop(from, words, n, scale, streaming, to);
                });
}

Status Dropout(const char* input, ConstArray x, const Mask& mask, const char* output, Array y,
               const Execution& execution) {
  const Status status = CheckDropout(input, x, mask, output, y);
  if (!status.ok()) return status;
  if (IsConstant(mask)) {
    CopyOrZero(x, mask.rate().threshold() == 0, y, execution);
  } else {
    Drop(x, mask, y, execution, kDiscard);
  }
  return {};
}

}  // namespace

Status DropoutForward(ConstArray x, const Mask& mask, Array y, const Execution& execution) noexcept {
  return Dropout("x", x, mask, "y", y, execution);
}

Status DropoutBackward(ConstArray dy, const Mask& mask, Array dx, const Execution& execution) noexcept {
  return Dropout("dy", dy, mask, "dx", dx, execution);
}

Status DropoutForwardStore(ConstArray x, const Mask& mask, Array y, MaskFormat format, std::span<std::uint8_t> stored,
                           const Execution& execution) noexcept {
  const Status status = FirstError(CheckDropout("x", x, mask, "y", y), CheckStored(format, stored, x.size(), mask));
  if (!status.ok()) return status;
  const Status apart = FirstError(CheckBytesApart("stored", stored, x), CheckBytesApart("stored", stored, y));
  if (!apart.ok()) return apart;
  if (IsConstant(mask)) {
    CopyOrZero(x, mask.rate().threshold() == 0, y, execution);
    return GenerateMask(mask, x.size(), format, stored, execution);
  }
  const StoredMask store(format, stored, execution.target);
  Drop(x, mask, y, execution,
       [&](std::size_t first, std::size_t n, const std::uint64_t* words) { store.Write(first, n, words); });
  return {};
}

Status DropoutAccumulate(ConstArray x, const Mask& mask, Array y, const Execution& execution) noexcept {
  if (const Status status = CheckDropout("x", x, mask, "y", y); !status.ok()) return status;
  if (const Status status = CheckApart("y", y, x); !status.ok()) return status;
  const ApplyKernels& kernels = ApplyKernelsFor(x.type(), execution.target);
  const Scale scale(mask.rate());
  ForEachMasked(x, mask, y, execution, kDiscard,
                [&](const void* from, const std::uint64_t* words, std::size_t n, void* to) {
                  kernels.accumulate(from, words, n, scale, to);
                });
  return {};
}

Status DropoutInference(ConstArray x, const Rate& rate, Array y, const Execution& execution) noexcept {
  const Mask all(Rate(0.0), MaskKey{});
  if (!rate.valid()) return Status::Invalid("rate", rate.drop_probability(), "a number in [0, 1]");
  if (const Status status = CheckDropout("x", x, all, "y", y); !status.ok()) return status;
  if (rate.inference_scale() == 1.0) {
    CopyOrZero(x, false, y, execution);
    return {};
  }
  const ApplyKernels& kernels = ApplyKernelsFor(x.type(), execution.target);
  const Scale scale(rate.inference_scale());
  const bool streaming = WantsStreaming(x, y);
  ForEachMasked(x, all, y, execution, kDiscard,
                [&](const void* from, const std::uint64_t* words, std::size_t n, void* to) {
                  kernels.drop(from, words, n, scale, streaming, to);
                });
  return {};
}

}  // namespace fallow
