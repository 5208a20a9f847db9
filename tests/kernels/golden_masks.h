// Masks of stream v1, checked in.
//
// CHANGING ANY OF THEM IS A BREAKING CHANGE: somebody's training run, or somebody's stored model of one, no longer
// repeats. Rows may be added: append one to golden_masks.inc with an empty mask, and let write_golden_masks fill it in
// (tests/README.md).
#ifndef FALLOW_TESTS_KERNELS_GOLDEN_MASKS_H_
#define FALLOW_TESTS_KERNELS_GOLDEN_MASKS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fallow::test {

struct GoldenMask {
  std::uint64_t seed;
  std::uint64_t stream;
  std::uint64_t first_element;
  int rounds;
  double drop_probability;
  std::size_t count;
  std::string_view bits;  // The bit mask, two lower-case hexadecimal digits a byte, first byte first.
};

inline constexpr GoldenMask kGoldenMasks[] = {
#include "tests/kernels/golden_masks.inc"
};

inline std::string ToHex(std::span<const std::uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const std::uint8_t byte : bytes) {
    hex += kDigits[byte / 16];
    hex += kDigits[byte % 16];
  }
  return hex;
}

}  // namespace fallow::test

#endif  // FALLOW_TESTS_KERNELS_GOLDEN_MASKS_H_
