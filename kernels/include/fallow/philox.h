// Philox4x32, the counter-based random number generator under every mask: scalar specification.
//
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#ifndef FALLOW_PHILOX_H_
#define FALLOW_PHILOX_H_

#include <array>
#include <cstdint>

namespace fallow {

// How often Philox's round function is applied. Ten is the authors' choice; seven is the least they found to pass
// BigCrush. The two give unrelated streams.
enum class Rounds : std::uint8_t { k7 = 7, k10 = 10 };

inline constexpr std::uint32_t kPhiloxMultiplier0 = 0xD2511F53;
inline constexpr std::uint32_t kPhiloxMultiplier1 = 0xCD9E8D57;
inline constexpr std::uint32_t kPhiloxWeyl0 = 0x9E3779B9;  // Added to key word 0 after each round.
inline constexpr std::uint32_t kPhiloxWeyl1 = 0xBB67AE85;  // Added to key word 1 after each round.

// Returns the 128 random bits of `counter` under `key`. A bijection of the counter for each key; pure; any thread.
constexpr std::array<std::uint32_t, 4> Philox4x32(std::array<std::uint32_t, 4> counter,
                                                  std::array<std::uint32_t, 2> key, Rounds rounds) noexcept {
  for (int round = 0; round < static_cast<int>(rounds); ++round) {
    const std::uint64_t product0 = std::uint64_t{kPhiloxMultiplier0} * counter[0];
    const std::uint64_t product1 = std::uint64_t{kPhiloxMultiplier1} * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(product0)};
    key[0] += kPhiloxWeyl0;
    key[1] += kPhiloxWeyl1;
  }
  return counter;
}

}  // namespace fallow

#endif  // FALLOW_PHILOX_H_
