// Sums over the rows of an array, for each column, to the same bits with any number of threads.
//
// Tasks are blocks of rows, cut into strips of columns where rows are long. Each takes its sums in float over some 16
// rows, then in double, and leaves them, rounded to float, in a row of its own; those are added in order, in double. So
// errors do not grow with the rows: 15 + 1 + 1 roundings to float on the way.
#ifndef FALLOW_KERNELS_COLUMN_SUMS_H_
#define FALLOW_KERNELS_COLUMN_SUMS_H_

#include <algorithm>
#include <array>
#include <cstddef>

#include "kernels/call.h"
#include "kernels/chunks.h"

namespace fallow {

// How `count` elements in rows of `period` are cut up. Depends on these alone.
struct ColumnPlan {
  static constexpr std::size_t kPartialSums = 16384;  // 64 KiB.
  static constexpr std::size_t kStrip = 1024;
  static constexpr std::size_t kRowsInFloat = 16;  // So that a chunk holds as many rows of a strip.

  ColumnPlan(std::size_t elements, std::size_t columns)
      : count(elements),
        period(columns),
        strips((period + kStrip - 1) / kStrip),
        blocks(std::clamp(count / kTaskElements, std::size_t{1}, std::max<std::size_t>(1, kPartialSums / period))) {
    const std::size_t rows = (count + period - 1) / period;
    rows_per_block = (rows + blocks - 1) / blocks;
  }

  std::size_t count;
  std::size_t period;
  std::size_t strips;
  std::size_t blocks;
  std::size_t rows_per_block;
};

// The sums of one task.
class StripSums {
 public:
  float* floats() { return floats_.data(); }

  void AddRows(std::size_t rows) {
    rows_ += rows;
    if (rows_ >= ColumnPlan::kRowsInFloat) Flush();
  }

  void Finish(std::size_t count, float* sums) {
    Flush();
    for (std::size_t i = 0; i < count; ++i) sums[i] = static_cast<float>(doubles_[i]);
  }

 private:
  void Flush() {
    for (std::size_t i = 0; i < ColumnPlan::kStrip; ++i) doubles_[i] += floats_[i];
    floats_.fill(0.0f);
    rows_ = 0;
  }

  std::array<float, ColumnPlan::kStrip> floats_{};
  std::array<double, ColumnPlan::kStrip> doubles_{};
  std::size_t rows_ = 0;
};

// One task: calls body(first, n, column, sums) for its elements.
template <class Body>
void SumStrip(const ColumnPlan& plan, std::size_t block, std::size_t column, const Body& body, float* sums) {
  const std::size_t width = std::min(ColumnPlan::kStrip, plan.period - column);
  const std::size_t rows_at_once = plan.strips == 1 ? ColumnPlan::kRowsInFloat : 1;
  const std::size_t end_row = (block + 1) * plan.rows_per_block;
  StripSums strip;
  for (std::size_t row = block * plan.rows_per_block; row < end_row; row += rows_at_once) {
    const std::size_t rows = std::min(rows_at_once, end_row - row);
    const std::size_t first = row * plan.period + column;
    if (first >= plan.count) break;
    body(first, std::min((rows - 1) * plan.period + width, plan.count - first), column, strip.floats());
    strip.AddRows(rows);
  }
  strip.Finish(width, sums);
}

// Calls body(first, n, column, sums) for runs of at most kChunkElements that cover [0, count); it adds each element i
// to sums[i % period - column]. Then result[c] is the sum over all i with i % cols = c. `period` is a multiple of cols,
// and cols itself if more than kStrip.
template <class Body>
void SumColumns(const ColumnPlan& plan, std::size_t cols, const Call& call, const Body& body, float* result) noexcept {
  std::array<float, ColumnPlan::kPartialSums> scratch;
  float* partial = plan.blocks == 1 && plan.period == cols ? result : scratch.data();
  const int threads = plan.count <= kTaskElements ? 1 : call.max_threads();
  ParallelFor(plan.blocks * plan.strips, call, threads, [&](std::size_t task) {
    const std::size_t block = task / plan.strips;
    const std::size_t column = task % plan.strips * ColumnPlan::kStrip;
    SumStrip(plan, block, column, body, partial + block * plan.period + column);
  });
  if (partial == result) return;
  for (std::size_t c = 0; c < cols; ++c) {
    double sum = 0;
    for (std::size_t i = c; i < plan.blocks * plan.period; i += cols) sum += partial[i];
    result[c] = static_cast<float>(sum);
  }
}

}  // namespace fallow

#endif  // FALLOW_KERNELS_COLUMN_SUMS_H_
