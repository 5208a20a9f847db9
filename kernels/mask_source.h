// Where an applier gets its mask from: a key, stored bits, or stored bytes. Each source fills the words of one chunk.
#ifndef FALLOW_KERNELS_MASK_SOURCE_H_
#define FALLOW_KERNELS_MASK_SOURCE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fallow/mask.h"
#include "fallow/rate.h"
#include "kernels/kernel_table.h"
#include "kernels/mask_plan.h"
#include "kernels/words.h"

namespace fallow {

class MaskFromKey {
 public:
  MaskFromKey(const KernelTable& kernels, const MaskKey& key, const Rate& rate)
      : kernels_(kernels), first_element_(key.first_element), rate_(rate), plan_(key, rate) {}

  // Elements [first, first + count) of the call.
  void Fill(std::size_t first, std::size_t count, std::uint64_t* words) const {
    if (IsConstant(rate_)) {
      std::memset(words, rate_.threshold() == 0 ? 0 : 0xFF, (count / 64 + 1) * sizeof(*words));
      return;
    }
    const std::uint64_t element = first_element_ + first;
    const std::size_t within = element % kBlockElements;
    kernels_.generate(plan_, element / kBlockElements, (within + count + kBlockElements - 1) / kBlockElements, words);
    if (within != 0) ShiftWords(words, within, count, words);
  }

 private:
  const KernelTable& kernels_;
  std::uint64_t first_element_;
  Rate rate_;
  MaskPlan plan_;
};

class MaskFromBits {
 public:
  explicit MaskFromBits(const std::uint8_t* bits) : bits_(bits) {}
  void Fill(std::size_t first, std::size_t count, std::uint64_t* words) const {
    LoadBits(bits_ + first / 8, count, words);
  }

 private:
  const std::uint8_t* bits_;
};

class MaskFromBytes {
 public:
  MaskFromBytes(const KernelTable& kernels, const std::uint8_t* bytes) : kernels_(kernels), bytes_(bytes) {}
  void Fill(std::size_t first, std::size_t count, std::uint64_t* words) const {
    kernels_.pack(bytes_ + first, count, words);
  }

 private:
  const KernelTable& kernels_;
  const std::uint8_t* bytes_;
};

}  // namespace fallow

#endif  // FALLOW_KERNELS_MASK_SOURCE_H_
