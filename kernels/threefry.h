// Threefry2x32-20, scalar, and its constants.
//
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#ifndef FALLOW_KERNELS_THREEFRY_H_
#define FALLOW_KERNELS_THREEFRY_H_

#include <array>
#include <bit>
#include <cstdint>

namespace fallow {

// Of round r % 8. After every fourth round, the g-th time, two of the three key words are added, g % 3 and the next.
inline constexpr int kThreefryRotations[8] = {13, 15, 26, 6, 17, 29, 16, 24};
inline constexpr int kThreefryRounds = 20;
inline constexpr std::uint32_t kThreefryParity = 0x1BD11BDA;  // The third key word is the XOR of this and the others.

constexpr std::array<std::uint32_t, 2> Threefry2x32(std::array<std::uint32_t, 2> counter,
                                                    std::array<std::uint32_t, 2> key) noexcept {
  const std::uint32_t keys[3] = {key[0], key[1], kThreefryParity ^ key[0] ^ key[1]};
  std::uint32_t x0 = counter[0] + keys[0];
  std::uint32_t x1 = counter[1] + keys[1];
  for (std::uint32_t round = 0; round < kThreefryRounds; ++round) {
    x0 += x1;
    x1 = std::rotl(x1, kThreefryRotations[round % 8]) ^ x0;
    if (round % 4 == 3) {
      const std::uint32_t group = round / 4 + 1;
      x0 += keys[group % 3];
      x1 += keys[(group + 1) % 3] + group;
    }
  }
  return {x0, x1};
}

}  // namespace fallow

#endif  // FALLOW_KERNELS_THREEFRY_H_
