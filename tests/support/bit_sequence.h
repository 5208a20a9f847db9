// A sequence of bits, such as a mask, for statistics: 64 at a time from anywhere.
#ifndef FALLOW_TESTS_SUPPORT_BIT_SEQUENCE_H_
#define FALLOW_TESTS_SUPPORT_BIT_SEQUENCE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fallow::test {

class BitSequence {
 public:
  // Bit i is (packed[i / 8] >> (i % 8)) & 1: a stored bit mask, or the words of a generator as they lie in memory.
  BitSequence(std::span<const std::uint8_t> packed, std::size_t size);

  // Bit i is 0 if bytes[i] is.
  static BitSequence OfBytes(std::span<const std::uint8_t> bytes);

  std::size_t size() const { return size_; }
  bool operator[](std::size_t i) const { return Word(i) % 2 != 0; }
  std::size_t ones() const { return ones_; }

  // Bits [i, i + 64), i <= size(), the first of them in the lowest bit; 0 past the end.
  std::uint64_t Word(std::size_t i) const {
    const std::size_t shift = i % 64;
    const std::uint64_t low = words_[i / 64] >> shift;
    return shift == 0 ? low : low | words_[i / 64 + 1] << (64 - shift);
  }

  BitSequence Complement() const;

  // Bits first, first + step, first + 2 step, …
  BitSequence Every(std::size_t step, std::size_t first) const;

 private:
  BitSequence(std::vector<std::uint64_t> words, std::size_t size);

  std::size_t size_;
  std::vector<std::uint64_t> words_;  // Zeros past the end, and two words of them.
  std::size_t ones_ = 0;
};

}  // namespace fallow::test

#endif  // FALLOW_TESTS_SUPPORT_BIT_SEQUENCE_H_
