// DropBlock: drops contiguous blocks of a feature map, or of a sequence, since neighbours would give away what single
// elements hide.
//
// Source: Ghiasi, Lin, Le, "DropBlock: a regularization method for convolutional networks", NeurIPS 2018.
//
//   y[j] = keep(j) ? x[j] * scale : 0,    scale = n / kept
//
// Specification of keep. A feature map of height x width has (height - block_height + 1) x (width - block_width + 1)
// places for the upper left corner of a whole block. Each is a seed with the probability
//
//   gamma = p * (height * width) / (block_height * block_width * places)
//
// of which every product is a double: the paper's, with the factor for places where no whole block fits, which widely
// copied code leaves out. All elements of a seed's block are dropped. Blocks overlap, so somewhat less than p of all is
// dropped; the scale makes up for that. Seed s, counted in the order of samples, channels, rows and columns of places,
// is element key.first_element + s of the mask contract (mask.h) with Rate(gamma): a seed where that drops. With odd
// blocks this is torchvision's drop_block2d but for its random numbers; it counts the blocks by their centres.
//
// kept is the number of kept elements of the call, n that of all: the scale is n / kept rounded once, or 0 if none is
// kept. With Scaling::kAtInference it is 1. p = 0 copies every bit; p = 1 does not drop everything, unless a block
// is one element or a whole map.
//
// Values, aliasing, alignment and threads are as dropout.h says; any DType; the same bits on every target. Errors name
// also `shape` (not x's size, or a block that does not fit) and `key`, which counts seeds. Memory: nothing is allocated
// outside oneTBB. The mask is generated once to count and once to apply, or, where the output is not the input and has
// no gaps, kept in the output until it is applied.
#ifndef FALLOW_DROP_BLOCK_H_
#define FALLOW_DROP_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "fallow/array.h"
#include "fallow/execution.h"
#include "fallow/mask.h"
#include "fallow/rate.h"
#include "fallow/status.h"

namespace fallow {

// Of x, [samples, channels, height, width], row-major, and of the blocks. A sequence [samples, channels, length] has
// height 1 and block_height 1.
struct DropBlockShape {
  std::size_t samples = 1;
  std::size_t channels = 1;
  std::size_t height = 1;
  std::size_t width = 1;
  std::size_t block_height = 1;  // From 1 to height.
  std::size_t block_width = 1;   // From 1 to width.
  // Whether all channels of a sample lose the same blocks; the mask is then that of one channel.
  bool channels_share = false;

  constexpr std::size_t size() const { return samples * channels * height * width; }

  // gamma for the drop probability p.
  constexpr double SeedProbability(double p) const {
    const auto places = static_cast<double>(height - block_height + 1) * static_cast<double>(width - block_width + 1);
    const auto block = static_cast<double>(block_height) * static_cast<double>(block_width);
    return p * (static_cast<double>(height) * static_cast<double>(width)) / (block * places);
  }
};

// The formula above.
Status DropBlockForward(ConstArray x, const DropBlockShape& shape, const Rate& rate, const MaskKey& key, Array y,
                        const Execution& execution = {}) noexcept;

// dx[j] = keep(j) ? dy[j] * scale : 0, with the mask and the scale of the forward pass, worked out again.
Status DropBlockBackward(ConstArray dy, const DropBlockShape& shape, const Rate& rate, const MaskKey& key, Array dx,
                         const Execution& execution = {}) noexcept;

// Writes the mask, one of shape.size() elements, as GenerateMask would. Whoever hands it to another operation, and
// wants it renormalised, gives that the Rate(1.0 - kept / n), kept being CountKept's.
Status GenerateDropBlockMask(const DropBlockShape& shape, const Rate& rate, const MaskKey& key, MaskFormat format,
                             std::span<std::uint8_t> stored, const Execution& execution = {}) noexcept;

}  // namespace fallow

#endif  // FALLOW_DROP_BLOCK_H_
