// Masks as 64-bit words, bit j % 64 of word j / 64 for element j.
#ifndef FALLOW_KERNELS_WORDS_H_
#define FALLOW_KERNELS_WORDS_H_

#include <algorithm>
#include <bit>
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

// Element j of `words` from `to` on becomes element `from` + j of `source`, for `count` bits. Other bits past to +
// count of the last word may become anything, those before `to` stay.
inline void CopyBits(const std::uint64_t* source, std::size_t from, std::size_t count, std::uint64_t* words,
                     std::size_t to) {
  for (std::size_t done = 0; done < count;) {
    const unsigned offset = (to + done) % 64;
    const unsigned source_offset = (from + done) % 64;
    const std::size_t n = std::min<std::size_t>({64 - offset, 64 - source_offset, count - done});
    const std::uint64_t before = (std::uint64_t{1} << offset) - 1;
    std::uint64_t& word = words[(to + done) / 64];
    word = (word & before) | (source[(from + done) / 64] >> source_offset << offset & ~before);
    done += n;
  }
}

// The same with one value, 0 or 1, for all.
inline void SetBits(std::uint64_t value, std::size_t count, std::uint64_t* words, std::size_t to) {
  const std::uint64_t bits = 0 - value;
  const std::uint64_t before = (std::uint64_t{1} << to % 64) - 1;
  std::uint64_t* word = words + to / 64;
  *word = (*word & before) | (bits & ~before);
  for (std::size_t done = 64 - to % 64; done < count; done += 64) *++word = bits;
}

inline std::size_t CountBits(const std::uint64_t* words, std::size_t count) {
  std::size_t ones = 0;
  for (std::size_t i = 0; i < count / 64; ++i) ones += static_cast<std::size_t>(std::popcount(words[i]));
  if (count % 64 != 0) ones += static_cast<std::size_t>(std::popcount(words[count / 64] << (64 - count % 64)));
  return ones;
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

// words = `count` elements of the stored mask from `first` on; bits past them are anything.
inline void LoadBits(const std::uint8_t* bytes, std::size_t first, std::size_t count, std::uint64_t* words) {
  const std::size_t within = first % 8;
  const std::size_t size = (within + count + 7) / 8;
  words[size / 8] = 0;
  std::memcpy(words, bytes + first / 8, size);
  if (within != 0) ShiftWords(words, within, count, words);
}

}  // namespace fallow

#endif  // FALLOW_KERNELS_WORDS_H_
