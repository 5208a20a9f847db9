// Which words keep an element: the rules of mask_stream.h, each as a comparison of integers.
#ifndef FALLOW_KERNELS_KEEP_RULE_H_
#define FALLOW_KERNELS_KEEP_RULE_H_

#include <cstdint>

#include "fallow/mask_stream.h"
#include "fallow/rate.h"

namespace fallow {

// A word keeps its element if and only if the bits of `field`, after XOR with `flip`, are a number below `threshold`.
struct KeepRule {
  std::uint32_t flip = 0;
  std::uint32_t field = 0xFFFFFFFF;
  std::uint64_t threshold = 0;  // At most 2^32.

  bool Keeps(std::uint32_t word) const { return ((word ^ flip) & field) < threshold; }
  // Every word drops, or every word keeps.
  bool DropsAll() const { return threshold == 0; }
  bool KeepsAll() const { return threshold > field; }
};

// `rate` must be valid.
KeepRule KeepRuleOf(MaskStream layout, const Rate& rate) noexcept;

}  // namespace fallow

#endif  // FALLOW_KERNELS_KEEP_RULE_H_
