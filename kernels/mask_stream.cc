#include "fallow/mask_stream.h"

#include "kernels/keep_rule.h"

namespace fallow {

bool KeepsWord(MaskStream layout, Rate rate, std::uint32_t word) noexcept {
  return KeepRuleOf(layout, rate).Keeps(word);
}

}  // namespace fallow
