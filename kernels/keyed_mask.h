// Masks from keys: which kernel generates them, and whether one has to.
#ifndef FALLOW_KERNELS_KEYED_MASK_H_
#define FALLOW_KERNELS_KEYED_MASK_H_

#include <cstddef>
#include <cstdint>
#include <variant>

#include "fallow/mask.h"
#include "fallow/status.h"
#include "kernels/mask_plan.h"
#include "kernels/word_plan.h"

namespace fallow {

// What is wrong with a key of `count` elements, which is `argument` in the public declaration.
Status CheckKey(const char* argument, const MaskKey& key, std::size_t count) noexcept;

// p = 1: whatever its random numbers, or what is stored.
inline bool DropsAll(const Mask& mask) { return mask.rate().threshold() == 0; }

// Whether what it keeps is known without generating or reading it. What p = 0 keeps, a stored mask says.
bool KeepsAllOrNone(const Mask& mask) noexcept;

// The mask of one key, after CheckKey. Thread-safe.
class KeyedMask {
 public:
  KeyedMask(const MaskKey& key, const Rate& rate, Target target);

  // Elements [first, first + count) of the key's, as MaskWords::Fill.
  void Fill(std::size_t first, std::size_t count, std::uint64_t* words) const;

 private:
  using Plan = std::variant<bool, MaskPlan, WordPlan>;  // Of a constant mask: whether it keeps.
  static Plan PlanOf(const MaskKey& key, const Rate& rate);

  std::uint64_t first_element_;
  Target target_;
  Plan plan_;
};

}  // namespace fallow

#endif  // FALLOW_KERNELS_KEYED_MASK_H_
