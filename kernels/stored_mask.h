// Writing a mask into the caller's memory, chunk by chunk, in either format.
#ifndef FALLOW_KERNELS_STORED_MASK_H_
#define FALLOW_KERNELS_STORED_MASK_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "fallow/mask.h"
#include "kernels/call.h"
#include "kernels/checks.h"
#include "kernels/chunks.h"
#include "kernels/mask_kernels.h"
#include "kernels/words.h"

namespace fallow {

class StoredMask {
 public:
  StoredMask(MaskFormat format, std::span<std::uint8_t> bytes, Target target)
      : kernels_(MaskKernelsFor(target)), bytes_(bytes.data()), format_(format) {}

  // Elements [first, first + count); `first` is a multiple of kTaskElements.
  void Write(std::size_t first, std::size_t count, const std::uint64_t* words) const {
    if (format_ == MaskFormat::kBits) {
      StoreBits(words, count, bytes_ + first / 8);
    } else {
      kernels_.unpack(words, count, bytes_ + first);
    }
  }

 private:
  const MaskKernels& kernels_;
  std::uint8_t* bytes_;
  MaskFormat format_;
};

// Stores the mask of `count` elements from `source`, a MaskWords or its like.
template <class Source>
void StoreWords(const Source& source, std::size_t count, const StoredMask& store, const Call& call) {
  ForEachChunk(count, call, [&](std::size_t first, std::size_t n) {
    std::uint64_t words[kChunkWords];
    TimeMask(call, [&] {
      source.Fill(first, n, words);
      store.Write(first, n, words);
    });
  });
}

// The argument `stored` of a call that writes the mask of `count` elements.
inline Status CheckStored(MaskFormat format, std::span<const std::uint8_t> stored, std::size_t count,
                          const Mask& mask) {
  if (format != MaskFormat::kBits && format != MaskFormat::kBytes) {
    return Status::Invalid("format", static_cast<double>(format), "a known MaskFormat");
  }
  return FirstError(CheckBytes("stored", stored, StoredMaskBytes(format, count), "StoredMaskBytes(format, n) bytes"),
                    CheckBytesApart("stored", stored, StoredBytes(mask)));
}

}  // namespace fallow

#endif  // FALLOW_KERNELS_STORED_MASK_H_
