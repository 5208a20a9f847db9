#include "tests/support/placed_rows.h"

#include <algorithm>
#include <cstring>

namespace fallow::test {
namespace {

constexpr std::size_t kElementsAfter = 64;
constexpr std::byte kPattern{0xA5};

}  // namespace

PlacedRows::PlacedRows(oracle::ElementView elements, std::size_t element_bytes, const Placement& placement)
    : element_bytes_(element_bytes),
      rows_(placement.rows),
      row_bytes_(elements.size() / placement.rows),
      stride_bytes_(row_bytes_ + placement.gap * element_bytes),
      before_bytes_(placement.shift * element_bytes),
      buffer_(BufferBytes(element_bytes, placement), placement.edge) {
  std::ranges::fill(buffer_.span(), kPattern);
  for (std::size_t row = 0; row < rows_ && row_bytes_ != 0; ++row) {
    std::memcpy(data() + row * stride_bytes_, elements.data() + row * row_bytes_, row_bytes_);
  }
}

std::size_t PlacedRows::BufferBytes(std::size_t element_bytes, const Placement& placement) const {
  const std::size_t after = placement.edge == Edge::kStart ? kElementsAfter * element_bytes : 0;
  return before_bytes_ + (rows_ - 1) * stride_bytes_ + row_bytes_ + after;
}

oracle::Elements PlacedRows::Read() const {
  oracle::Elements elements(rows_ * row_bytes_);
  for (std::size_t row = 0; row < rows_ && row_bytes_ != 0; ++row) {
    std::memcpy(elements.data() + row * row_bytes_, data() + row * stride_bytes_, row_bytes_);
  }
  return elements;
}

bool PlacedRows::surroundings_are_intact() const {
  const auto intact = [](oracle::ElementView part) {
    return std::ranges::all_of(part, [](std::byte b) { return b == kPattern; });
  };
  const oracle::ElementView all = buffer_.span();
  if (!intact(all.first(before_bytes_))) return false;
  for (std::size_t row = 0; row + 1 < rows_; ++row) {
    const std::size_t gap_begin = before_bytes_ + row * stride_bytes_ + row_bytes_;
    if (!intact(all.subspan(gap_begin, stride_bytes_ - row_bytes_))) return false;
  }
  return intact(all.subspan(before_bytes_ + (rows_ - 1) * stride_bytes_ + row_bytes_));
}

}  // namespace fallow::test
