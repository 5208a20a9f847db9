// Masks as 64-bit words, bit j % 64 of word j / 64 for element j.
#ifndef FALLOW_KERNELS_WORDS_H_
#define FALLOW_KERNELS_WORDS_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace fallow {

// shifted[j] = words[j + by] for `count` bits. `shifted` may be `words`. Reads no word beyond the last bit's, but one.
inline void ShiftWords(const std::uint64_t* words, std::size_t by, std::size_t count, std::uint64_t* shifted) {
  const std::uint64_t* from = words + by / 64;
  const unsigned bits = by % 64;
  for (std::size_t i = 0; i * 64 < count; ++i) {
    shifted[i] = bits == 0 ? from[i] : from[i] >> bits | from[i + 1] << (64 - bits);
  }
}

// The stored form is the words themselves on little-endian machines, the only ones so far; bits past `count` are 0.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

inline void StoreBits(const std::uint64_t* words, std::size_t count, std::uint8_t* bytes) {
  std::memcpy(bytes, words, count / 8);
  if (count % 8 != 0) {
    const std::uint64_t rest = words[count / 64] >> (count % 64 - count % 8);
    bytes[count / 8] = static_cast<std::uint8_t>(rest & ((1u << count % 8) - 1));
  }
}

// Sets the last word's bits past those of the bytes to 0.
inline void LoadBits(const std::uint8_t* bytes, std::size_t count, std::uint64_t* words) {
  words[count / 64] = 0;
  std::memcpy(words, bytes, count / 8 + (count % 8 != 0));
}

}  // namespace fallow

#endif  // FALLOW_KERNELS_WORDS_H_
