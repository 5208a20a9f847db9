#include "runtime/dataset.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>

#include "fallow/nn/data.h"
#include "fallow/nn/error.h"
#include "fallow/nn/training.h"
#include "fallow/philox.h"
#include "runtime/numbers.h"

namespace fallow::nn {
namespace {

// Never set in the counter of a dropout mask, so that no choice of seed and stream makes the two share random bits.
constexpr std::uint32_t kNotAMask = 1u << 31;

// The training loop shuffles with streams 1, 2, … (its epochs).
constexpr std::uint64_t kSplitStream = std::numeric_limits<std::uint64_t>::max();

// 32-bit words of Philox4x32-10: four from each counter (n, kNotAMask, stream), n = 0, 1, …
class RandomWords {
 public:
  RandomWords(std::uint64_t seed, std::uint64_t stream)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        stream_{static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)} {}

  // Uniform in [0, bound) for a bound of at least 1. Source: Lemire, "Fast random integer generation in an interval",
  // ACM TOMACS 29, 2019.
  std::uint32_t Below(std::uint32_t bound) {
    std::uint64_t product = std::uint64_t{Next()} * bound;
    if (static_cast<std::uint32_t>(product) < bound) {
      const std::uint32_t reject = -bound % bound;
      while (static_cast<std::uint32_t>(product) < reject) product = std::uint64_t{Next()} * bound;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

 private:
  std::uint32_t Next() {
    if (used_ == words_.size()) {
      words_ = Philox4x32({block_++, kNotAMask, stream_[0], stream_[1]}, key_, Rounds::k10);
      used_ = 0;
    }
    return words_[used_++];
  }

  std::array<std::uint32_t, 2> key_, stream_;
  std::array<std::uint32_t, 4> words_{};
  std::size_t used_ = 4;
  std::uint32_t block_ = 0;
};

void GatherRows(const Tensor& from, std::span<const std::uint32_t> rows, Tensor* to) {
  to->Resize(rows.size(), from.sample_shape());
  for (std::size_t r = 0; r < rows.size(); ++r) std::ranges::copy(from.row(rows[r]), to->row(r).begin());
}

}  // namespace

void CopyRows(const Tensor& from, std::size_t begin, std::size_t count, Tensor* to) {
  to->Resize(count, from.sample_shape());
  std::ranges::copy(from.values().subspan(begin * from.cols(), count * from.cols()), to->data());
}

void Select(const Dataset& data, std::span<const std::uint32_t> rows, Dataset* selected) {
  for (const std::uint32_t row : rows) {
    if (row >= data.rows()) {
      throw Error("row " + std::to_string(row) + " of a data set of " + std::to_string(data.rows()) + " rows");
    }
  }
  GatherRows(data.x, rows, &selected->x);
  GatherRows(data.y, rows, &selected->y);
}

Dataset Select(const Dataset& data, std::span<const std::uint32_t> rows) {
  Dataset selected;
  Select(data, rows, &selected);
  return selected;
}

void Permute(std::span<std::uint32_t> order, std::uint64_t seed, std::uint64_t stream) {
  std::iota(order.begin(), order.end(), 0u);
  RandomWords random(seed, stream);
  for (auto left = static_cast<std::uint32_t>(order.size()); left > 1; --left) {
    std::swap(order[left - 1], order[random.Below(left)]);
  }
}

std::vector<std::uint32_t> Permutation(std::size_t count, std::uint64_t seed, std::uint64_t stream) {
  if (count > std::numeric_limits<std::uint32_t>::max()) {
    throw Error("a permutation of " + std::to_string(count) + " rows, expected fewer than 2^32");
  }
  std::vector<std::uint32_t> order(count);
  Permute(order, seed, stream);
  return order;
}

Split SplitValidation(const Dataset& data, double fraction, std::uint64_t seed) {
  if (!(fraction > 0.0 && fraction < 1.0)) {
    throw Error("validation fraction: got " + FormatNumber(fraction) + ", expected a number between 0 and 1");
  }
  if (data.rows() < 2) throw Error("a data set of " + std::to_string(data.rows()) + " rows cannot be split");
  const auto wanted = static_cast<std::size_t>(std::llround(fraction * static_cast<double>(data.rows())));
  const std::size_t validation = std::clamp<std::size_t>(wanted, 1, data.rows() - 1);
  const std::vector<std::uint32_t> order = Permutation(data.rows(), seed, kSplitStream);
  const std::span<const std::uint32_t> rows(order);
  return {Select(data, rows.first(rows.size() - validation)), Select(data, rows.last(validation))};
}

}  // namespace fallow::nn
