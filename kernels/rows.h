// Operations over whole rows: tasks of rows, segments of long ones, and their masks.
#ifndef FALLOW_KERNELS_ROWS_H_
#define FALLOW_KERNELS_ROWS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/call.h"
#include "kernels/chunks.h"
#include "kernels/mask_plan.h"
#include "kernels/mask_words.h"
#include "kernels/words.h"

namespace fallow {

// Columns that a kernel is given at once: what it keeps of them in floats, 32 KiB, stays in the nearer caches and fits
// the stack of any thread.
inline constexpr std::size_t kRowSegment = 8192;

// Calls body(first_row, last_row) for tasks that cover [0, rows), which depend on rows and columns alone.
template <class Body>
void ForEachRowTask(std::size_t rows, std::size_t cols, const Call& call, const Body& body) noexcept {
  const std::size_t task_rows = std::max<std::size_t>(1, kTaskElements / std::max<std::size_t>(1, cols));
  ParallelFor(rows / task_rows + (rows % task_rows != 0), call, [&](std::size_t task) {
    const std::size_t first = task * task_rows;
    body(first, std::min(rows, first + task_rows));
  });
}

// Calls body(first_col, n) for segments of at most kRowSegment columns that cover [0, cols).
template <class Body>
void ForEachSegment(std::size_t cols, const Body& body) {
  for (std::size_t first = 0; first < cols; first += kRowSegment) body(first, std::min(kRowSegment, cols - first));
}

// The mask of one task's rows, generated for as many of them at a time as a chunk holds.
class RowWords {
 public:
  // `end_row`: the task's last, not included. `drops_all`: whatever the source says, as p = 1 does.
  RowWords(const Call& call, const MaskWords& source, bool drops_all, std::size_t cols, std::size_t end_row)
      : call_(call), source_(source), drops_all_(drops_all), cols_(cols), end_(end_row * cols) {}

  // Words whose bit 0 is the mask of element (row, col), for `n` elements of the row, at most kRowSegment. Valid until
  // the next call.
  const std::uint64_t* Of(std::size_t row, std::size_t col, std::size_t n) {
    const std::size_t element = row * cols_ + col;
    if (element < first_ || element + n > last_) Fill(element, n);
    const std::size_t offset = element - first_;
    if (offset % 64 == 0) return words_ + offset / 64;
    ShiftWords(words_, offset, n, shifted_);
    return shifted_;
  }

 private:
  void Fill(std::size_t element, std::size_t n) {
    const std::size_t rows_that_fit = std::max(n, kTaskElements / cols_ * cols_);
    first_ = element;
    last_ = element + std::min(rows_that_fit, end_ - element);
    if (drops_all_) {
      std::fill_n(words_, kChunkWords, 0);
    } else {
      FillWords(call_, source_, first_, last_ - first_, words_);
    }
  }

  const Call& call_;
  const MaskWords& source_;
  bool drops_all_;
  std::size_t cols_;
  std::size_t end_;
  std::size_t first_ = 0, last_ = 0;  // The elements that words_ holds.
  std::uint64_t words_[kChunkWords];
  std::uint64_t shifted_[kChunkWords];
};

}  // namespace fallow

#endif  // FALLOW_KERNELS_ROWS_H_
