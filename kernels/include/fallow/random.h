// Random words as a building block: for noise, for initialising weights, for tests.
#ifndef FALLOW_RANDOM_H_
#define FALLOW_RANDOM_H_

#include <array>
#include <cstdint>
#include <span>

#include "fallow/execution.h"
#include "fallow/mask.h"
#include "fallow/philox.h"
#include "fallow/status.h"

namespace fallow {

// Specification of word stream v1 (kernels/README.md): the 32 random bits of element `index` (key.first_element is not
// used). A mask of the same key draws from other counters, so the two have nothing in common. Slow: for tests and
// single elements.
constexpr std::uint32_t UniformBits(const MaskKey& key, std::uint64_t index) noexcept {
  const auto lo = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
  const auto hi = [](std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); };
  const std::uint64_t block = index >> 2;
  return Philox4x32({lo(block), hi(block) | std::uint32_t{1} << 31, lo(key.stream), hi(key.stream)},
                    {lo(key.seed), hi(key.seed)}, key.rounds)[index & 3];
}

// words[j] = UniformBits(key, key.first_element + j): independent, each of the 2^32 values as likely as any other. The
// same on every CPU, with any number of threads, and for any part of a tensor on its own. With another key.layout: the
// words of that framework (mask_stream.h).
// Errors name `key` (beyond element 2^57); `words` is then untouched. Thread-safe; allocates nothing outside oneTBB;
// needs no alignment.
Status GenerateUniformBits(const MaskKey& key, std::span<std::uint32_t> words,
                           const Execution& execution = {}) noexcept;

}  // namespace fallow

#endif  // FALLOW_RANDOM_H_
