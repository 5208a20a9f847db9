// The words of a DropBlock mask.
//
// Row-major, the element `i` rows below and `j` columns right of a seed is i * width + j further on. So dropping a
// block is an OR of the seeds with themselves, shifted by that for all i and j of a block, and since a seed's block is
// whole, nothing is shifted into another row or map. Shifts double, and go over rows and maps alike: some log2 of the
// block's sides operations a word.
#ifndef FALLOW_KERNELS_DROP_BLOCK_WORDS_H_
#define FALLOW_KERNELS_DROP_BLOCK_WORDS_H_

#include <cstddef>
#include <cstdint>

#include "fallow/broadcast.h"
#include "fallow/drop_block.h"
#include "kernels/mask_words.h"

namespace fallow {

// What is wrong with the arguments of a call on `size` elements.
Status CheckDropBlock(const DropBlockShape& shape, const Rate& rate, const MaskKey& key, std::size_t size) noexcept;

class RunWriter;  // Puts seeds where they belong.

// Of one call, after CheckDropBlock. A source of words like MaskWords, and thread-safe like it.
class DropBlockWords {
 public:
  DropBlockWords(const DropBlockShape& shape, const Rate& rate, const MaskKey& key, Target target);
  DropBlockWords(const DropBlockWords&) = delete;
  DropBlockWords& operator=(const DropBlockWords&) = delete;

  void Fill(std::size_t first, std::size_t count, std::uint64_t* words) const;

 private:
  // A part of the block, for blocks that reach too far for one window.
  struct Tile {
    std::size_t row, col, rows, cols;
  };

  std::size_t OffsetOf(std::size_t row, std::size_t col) const { return row * shape_.width + col; }
  std::size_t SeedsBefore(std::size_t element) const;
  void FillOwn(std::size_t first, std::size_t count, std::uint64_t* words) const;
  void AddTile(const Tile& tile, std::size_t first, std::size_t count, std::uint64_t* dropped) const;
  void PlaceSeeds(std::size_t begin, std::size_t end, std::uint64_t* window, std::size_t at) const;
  RunWriter PlaceRows(std::size_t seed, std::size_t count, const std::uint64_t* kept, std::size_t shift,
                      RunWriter writer) const;

  const DropBlockShape shape_;
  const std::size_t channels_;               // That have a mask of their own.
  const std::size_t seed_rows_, seed_cols_;  // Of a map.
  const Broadcast broadcast_;                // None unless channels share.
  const Mask seed_mask_;                     // Drops seeds.
  const MaskWords seeds_;
  std::size_t tile_rows_, tile_cols_;
};

}  // namespace fallow

#endif  // FALLOW_KERNELS_DROP_BLOCK_WORDS_H_
