// How a batch is cut into blocks of rows.
#ifndef FALLOW_RUNTIME_ROW_BLOCKS_H_
#define FALLOW_RUNTIME_ROW_BLOCKS_H_

#include <algorithm>
#include <cstddef>

#include "fallow/nn/layer.h"

namespace fallow::nn {

// Blocks of nearly the same size, which depends on the batch's size alone, so that results do not depend on threads.
// See runtime/README.md for how the size was chosen.
class RowBlocks {
 public:
  static constexpr std::size_t kMaxRows = 128;

  explicit RowBlocks(std::size_t rows, std::size_t most = kMaxRows)
      : rows_(rows), count_(rows / most + (rows % most != 0)) {}

  std::size_t count() const { return count_; }
  Rows operator[](std::size_t block) const { return {Begin(block), Begin(block + 1)}; }

 private:
  // The first rows_ % count_ blocks have one row more than the others.
  std::size_t Begin(std::size_t block) const {
    const std::size_t longer = rows_ % count_;
    return block * (rows_ / count_) + (block < longer ? block : longer);
  }

  std::size_t rows_;
  std::size_t count_;
};

// For each of `blocks` tasks at once: the threads that are left to it.
inline Pass InTask(Pass pass, std::size_t blocks) {
  int& threads = pass.execution.max_threads;
  if (threads > 0 && blocks > 0) {
    threads = std::max(1, threads / static_cast<int>(std::min<std::size_t>(blocks, threads)));
  }
  return pass;
}

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_ROW_BLOCKS_H_
