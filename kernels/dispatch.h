// Chooses one entry of a Highway dispatch table for a Target, without Highway's process-wide state: a library that is
// embedded must not change the target of its host, nor be changed by it.
#ifndef FALLOW_KERNELS_DISPATCH_H_
#define FALLOW_KERNELS_DISPATCH_H_

#include <cstddef>
#include <cstdint>

#include "fallow/target.h"
#include "hwy/highway.h"

namespace fallow {

// The supported targets that are not above `target`, as Highway's bits.
std::int64_t AllowedTargetBits(Target target) noexcept;

template <class Function, std::size_t kSize>
Function ChooseFromTable(Function const (&table)[kSize], Target target) noexcept {
  if constexpr (kSize == 1) {
    return table[0];  // Only one target was compiled.
  } else {
    hwy::ChosenTarget chosen;  // An instance of our own.
    chosen.Update(AllowedTargetBits(target));
    return table[chosen.GetIndex()];
  }
}

}  // namespace fallow

// The function that HWY_EXPORT(function) exported, for `target`. Look it up once a public call.
#define FALLOW_DISPATCH(function, target) ::fallow::ChooseFromTable(HWY_DISPATCH_TABLE(function), target)

#endif  // FALLOW_KERNELS_DISPATCH_H_
