#include "kernels/drop_block_words.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "kernels/broadcast_words.h"
#include "kernels/checks.h"
#include "kernels/mask_plan.h"
#include "kernels/words.h"

namespace fallow {

// Writes runs of bits at rising places, eight bytes at a time from the byte on that a run starts in. What earlier runs
// left in those bytes comes from a register: loading it again would wait for the store.
class RunWriter {
 public:
  // `words` are zero.
  explicit RunWriter(std::uint64_t* words) : bytes_(reinterpret_cast<std::uint8_t*>(words)) {}

  // Element from + j of `source`, inverted, becomes element to + j, for `count` bits. Touches up to eight bytes beyond,
  // there and here.
  void Write(const std::uint64_t* source, std::size_t from, std::size_t count, std::size_t to) {
    constexpr std::size_t kMost = 57;  // Bits that eight bytes have from any bit of the first on.
    for (std::size_t done = 0; done < count; done += kMost) {
      std::uint64_t bits;
      std::memcpy(&bits, reinterpret_cast<const std::uint8_t*>(source) + (from + done) / 8, sizeof(bits));
      const std::size_t n = std::min(kMost, count - done);
      Write(~bits >> (from + done) % 8 & ((std::uint64_t{1} << n) - 1), to + done);
    }
  }

 private:
  void Write(std::uint64_t bits, std::size_t to) {
    const std::size_t further = to / 8 - byte_;
    last_ = (further < 8 ? last_ >> 8 * further : 0) | bits << to % 8;
    byte_ = to / 8;
    std::memcpy(bytes_ + byte_, &last_, sizeof(last_));
  }

  std::uint8_t* bytes_;
  std::size_t byte_ = 0;    // Where the last run started,
  std::uint64_t last_ = 0;  // and what the eight bytes from there on are.
};

namespace {

// A chunk and what is before it of blocks that reach into it, less than a chunk, too; a word more for RunWriter.
constexpr std::size_t kWindowWords = 2 * kChunkElements / 64 + 2;

// words |= words shifted up by `by` bits. From the top, so that each word meets what those below it were.
void OrShifted(std::uint64_t* words, std::size_t size, std::size_t by) {
  const std::size_t whole = by / 64;
  const unsigned bits = by % 64;
  if (whole >= size) return;
  for (std::size_t i = size; i-- > whole + 1;) {
    words[i] |= words[i - whole] << bits | words[i - whole - 1] >> 1 >> (63 - bits);
  }
  words[whole] |= words[0] << bits;
}

// words = the OR of `times` of them, each shifted up by `step` bits more than the one before.
void Smear(std::uint64_t* words, std::size_t size, std::size_t times, std::size_t step) {
  for (std::size_t done = 1; done < times;) {
    const std::size_t more = std::min(done, times - done);
    OrShifted(words, size, more * step);
    done += more;
  }
}

bool Multiply(std::initializer_list<std::size_t> sizes, std::size_t* product) {
  *product = 1;
  return std::ranges::all_of(sizes, [=](std::size_t size) { return !__builtin_mul_overflow(*product, size, product); });
}

bool BlockFits(const DropBlockShape& shape) {
  return shape.block_height >= 1 && shape.block_height <= shape.height && shape.block_width >= 1 &&
         shape.block_width <= shape.width;
}

Broadcast ChannelBroadcast(const DropBlockShape& shape) {
  const bool repeats = shape.channels_share && shape.channels > 1;
  return repeats ? Broadcast({shape.samples, shape.channels, shape.height * shape.width},
                             {shape.samples, 1, shape.height * shape.width})
                 : Broadcast();
}

}  // namespace

Status CheckDropBlock(const DropBlockShape& shape, const Rate& rate, const MaskKey& key, std::size_t size) noexcept {
  if (const Status status = CheckRate(rate); !status.ok()) return status;
  std::size_t product = 0;
  if (!Multiply({shape.samples, shape.channels, shape.height, shape.width}, &product) || product != size) {
    return Status::Invalid("shape", static_cast<double>(product), "a shape of as many elements as the array");
  }
  if (!BlockFits(shape)) {
    const bool high = shape.block_height < 1 || shape.block_height > shape.height;
    return Status::Invalid("shape", static_cast<double>(high ? shape.block_height : shape.block_width),
                           "block sides from 1 to the feature map's");
  }
  const std::size_t channels = shape.channels_share ? std::min<std::size_t>(shape.channels, 1) : shape.channels;
  const std::size_t places = (shape.height - shape.block_height + 1) * (shape.width - shape.block_width + 1);
  return CheckMask({rate, key}, shape.samples * channels * places);
}

DropBlockWords::DropBlockWords(const DropBlockShape& shape, const Rate& rate, const MaskKey& key, Target target)
    : shape_(shape),
      channels_(shape.channels_share ? 1 : shape.channels),
      seed_rows_(shape.height - shape.block_height + 1),
      seed_cols_(shape.width - shape.block_width + 1),
      broadcast_(ChannelBroadcast(shape)),
      seed_mask_(Rate(shape.SeedProbability(rate.drop_probability())), key),
      seeds_(seed_mask_, shape.samples * channels_ * seed_rows_ * seed_cols_, target),
      tile_cols_(std::min(shape.block_width, kChunkElements / 2)) {
  tile_rows_ = std::min(shape.block_height, 1 + (kChunkElements - tile_cols_) / shape.width);
}

void DropBlockWords::Fill(std::size_t first, std::size_t count, std::uint64_t* words) const {
  if (broadcast_.is_none()) return FillOwn(first, count, words);
  SpreadWords(broadcast_, first, count, words,
              [this](std::size_t own, std::size_t n, std::uint64_t* part) { FillOwn(own, n, part); });
}

// Elements are those of channels that have a mask of their own, here and below.
void DropBlockWords::FillOwn(std::size_t first, std::size_t count, std::uint64_t* words) const {
  const std::size_t size = (count + 63) / 64;
  std::fill_n(words, size, 0);
  for (std::size_t row = 0; row < shape_.block_height; row += tile_rows_) {
    for (std::size_t col = 0; col < shape_.block_width; col += tile_cols_) {
      AddTile(
          {row, col, std::min(tile_rows_, shape_.block_height - row), std::min(tile_cols_, shape_.block_width - col)},
          first, count, words);
    }
  }
  for (std::size_t i = 0; i < size; ++i) words[i] = ~words[i];
}

// What seeds drop by this part of their blocks. The window starts so far before `first` that a seed there would reach
// `first` with the part's last element.
void DropBlockWords::AddTile(const Tile& tile, std::size_t first, std::size_t count, std::uint64_t* dropped) const {
  const std::size_t before = OffsetOf(tile.rows - 1, tile.cols - 1);
  const std::size_t offset = OffsetOf(tile.row, tile.col);
  const std::size_t map = first - first % (shape_.height * shape_.width);  // Seeds of others do not reach here.
  const std::size_t begin = std::max(map + offset + before, first) - offset - before;
  const std::size_t end = std::max(first + count, begin + offset) - offset;
  std::uint64_t window[kWindowWords] = {};
  PlaceSeeds(begin, end, window, begin + offset + before - first);

  const std::size_t size = (before + count + 63) / 64;
  Smear(window, size, tile.cols, 1);
  Smear(window, size, tile.rows, shape_.width);
  std::uint64_t shifted[kChunkWords];
  ShiftWords(window, before, count, shifted);
  for (std::size_t i = 0; i * 64 < count; ++i) dropped[i] |= shifted[i];
}

std::size_t DropBlockWords::SeedsBefore(std::size_t element) const {
  const std::size_t col = element % shape_.width;
  const std::size_t row = element / shape_.width % shape_.height;
  const std::size_t map = element / shape_.width / shape_.height;
  const std::size_t rows = map * seed_rows_ + std::min(row, seed_rows_);
  return rows * seed_cols_ + (row < seed_rows_ ? std::min(col, seed_cols_) : 0);
}

// Seeds of elements [begin, end), the first at bit `at` of the window.
void DropBlockWords::PlaceSeeds(std::size_t begin, std::size_t end, std::uint64_t* window, std::size_t at) const {
  RunWriter writer(window);
  const std::size_t end_seed = SeedsBefore(end);
  for (std::size_t seed = SeedsBefore(begin); seed < end_seed;) {
    const std::size_t n = std::min(kChunkElements, end_seed - seed);
    std::uint64_t kept[kChunkWords];
    seeds_.Fill(seed, n, kept);
    writer = PlaceRows(seed, n, kept, at - begin, writer);
    seed += n;
  }
}

// `kept` are seeds [seed, seed + count); element e belongs at bit e + shift, modulo 2^64, of the window. The writer
// goes by value, in registers, for what it writes to could otherwise be a part of itself.
RunWriter DropBlockWords::PlaceRows(std::size_t seed, std::size_t count, const std::uint64_t* kept, std::size_t shift,
                                    RunWriter writer) const {
  const std::size_t col = seed % seed_cols_;
  const std::size_t row = seed / seed_cols_ % seed_rows_;
  const std::size_t map = seed / seed_cols_ / seed_rows_;
  const std::size_t after_row = shape_.width - seed_cols_;
  const std::size_t after_map = OffsetOf(shape_.height - seed_rows_, 0);
  std::size_t to = OffsetOf(map * shape_.height + row, col) + shift;
  std::size_t cols_left = seed_cols_ - col;
  std::size_t rows_left = seed_rows_ - row;
  for (std::size_t done = 0; done < count;) {
    const std::size_t n = std::min(cols_left, count - done);
    writer.Write(kept, done, n, to);
    done += n;
    to += n + after_row;
    cols_left = seed_cols_;
    if (--rows_left == 0) {
      rows_left = seed_rows_;
      to += after_map;
    }
  }
  return writer;
}

}  // namespace fallow
