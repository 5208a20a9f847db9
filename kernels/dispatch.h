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

// The best of them: the one that FALLOW_DISPATCH takes.
Target UsedTarget(Target target) noexcept;

// Where Highway's dispatch tables have the best of them. The same in all tables: the library is compiled for one set of
// targets.
std::size_t TargetIndex(Target target) noexcept;

template <class Function, std::size_t kSize>
Function ChooseFromTable(Function const (&table)[kSize], Target target) noexcept {
  if constexpr (kSize == 1) {
    return table[0];  // Only one target was compiled.
  } else {
    return table[TargetIndex(target)];
  }
}

}  // namespace fallow

// The function that HWY_EXPORT(function) exported, for `target`. Look it up once a public call.
#define FALLOW_DISPATCH(function, target) ::fallow::ChooseFromTable(HWY_DISPATCH_TABLE(function), target)

// Defines `const Kernels& function(Target) noexcept`, where each target has a `const Kernels* Table()`.
#define FALLOW_EXPORT_TABLE(Kernels, function) \
  HWY_EXPORT(Table);                           \
  const Kernels& function(Target target) noexcept { return *FALLOW_DISPATCH(Table, target)(); }

// The same for kernels of each element type, where each target has a `const PerType<Kernels>* Table()`.
#define FALLOW_EXPORT_TYPED_TABLE(Kernels, function)                            \
  HWY_EXPORT(Table);                                                            \
  const Kernels& function(DType type, Target target) noexcept {                 \
    return (*FALLOW_DISPATCH(Table, target)())[static_cast<std::size_t>(type)]; \
  }

#endif  // FALLOW_KERNELS_DISPATCH_H_
