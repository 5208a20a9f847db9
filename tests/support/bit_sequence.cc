#include "tests/support/bit_sequence.h"

#include <bit>
#include <utility>

namespace fallow::test {
namespace {

std::vector<std::uint64_t> Zeros(std::size_t bits) { return std::vector<std::uint64_t>(bits / 64 + 2); }

}  // namespace

BitSequence::BitSequence(std::vector<std::uint64_t> words, std::size_t size) : size_(size), words_(std::move(words)) {
  if (size % 64 != 0) words_[size / 64] &= ~std::uint64_t{0} >> (64 - size % 64);
  for (std::size_t i = size / 64 + (size % 64 != 0); i < words_.size(); ++i) words_[i] = 0;
  for (const std::uint64_t word : words_) ones_ += static_cast<std::size_t>(std::popcount(word));
}

BitSequence::BitSequence(std::span<const std::uint8_t> packed, std::size_t size)
    : BitSequence(
          [&] {
            auto words = Zeros(size);
            for (std::size_t i = 0; i * 8 < size; ++i) words[i / 8] |= std::uint64_t{packed[i]} << (8 * (i % 8));
            return words;
          }(),
          size) {}

BitSequence BitSequence::OfBytes(std::span<const std::uint8_t> bytes) {
  auto words = Zeros(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) words[i / 64] |= std::uint64_t{bytes[i] != 0} << (i % 64);
  return BitSequence(std::move(words), bytes.size());
}

BitSequence BitSequence::Complement() const {
  std::vector<std::uint64_t> words = words_;
  for (std::uint64_t& word : words) word = ~word;
  return BitSequence(std::move(words), size_);
}

BitSequence BitSequence::Every(std::size_t step, std::size_t first) const {
  auto words = Zeros(size_ / step + 1);
  std::size_t count = 0;
  for (std::size_t i = first; i < size_; i += step, ++count) {
    words[count / 64] |= std::uint64_t{(*this)[i]} << (count % 64);
  }
  return BitSequence(std::move(words), count);
}

}  // namespace fallow::test
