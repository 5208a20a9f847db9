// Which instruction sets the library holds, which this CPU runs, and which one is used.
#ifndef FALLOW_TARGET_H_
#define FALLOW_TARGET_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "fallow/status.h"

namespace fallow {

// One SIMD instruction set, such as AVX2. Masks never depend on it, nor do results, but for last digits where a header
// says so; speed does. Value type; the default value stands for DefaultTarget().
class Target {
 public:
  constexpr Target() = default;
  // "AVX3", "AVX2", "SSE4", "SSSE3", "NEON", "SVE2", "SCALAR", …: Highway's names. "default" for the default value.
  const char* name() const noexcept;
  constexpr bool operator==(const Target&) const = default;

  // For the dispatcher only: Highway's target bit, 0 for the default value.
  static constexpr Target FromBit(std::int64_t bit) { return Target(bit); }
  constexpr std::int64_t bit() const { return bit_; }

 private:
  constexpr explicit Target(std::int64_t bit) : bit_(bit) {}
  std::int64_t bit_ = 0;
};

// The targets compiled into the library, best first. Any thread; never allocates; valid for ever. So are the next two.
std::span<const Target> CompiledTargets() noexcept;

// Those of them that this CPU and operating system run, best first. Never empty.
std::span<const Target> SupportedTargets() noexcept;

// What a call with `Execution::target` left alone uses: the best supported target, but NEON before SVE, for which masks
// are generated without vectors; or, if the environment variable FALLOW_TARGET held the name of a compiled target when
// first asked, the best supported target not above that one. An unknown name there is ignored; use FindTarget to
// complain about it.
Target DefaultTarget() noexcept;

// Sets `*target` to the compiled target called `name`. Errors: `name` is not one of CompiledTargets().
Status FindTarget(std::string_view name, Target* target) noexcept;

}  // namespace fallow

#endif  // FALLOW_TARGET_H_
