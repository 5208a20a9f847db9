#include "tests/support/statistics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace fallow::test {
namespace {

// Below, the distribution of a count is too far from normal for the chi-square's tails.
constexpr double kLeastExpected = 32;

std::size_t CountOnes(std::uint64_t word) { return static_cast<std::size_t>(std::popcount(word)); }

std::size_t OnesOfFirst(const BitSequence& bits, std::size_t count) {
  // From the nearer end.
  std::size_t ones = 0;
  if (count < bits.size() / 2) {
    for (std::size_t i = 0; i < count; i += 64) {
      ones += CountOnes(count - i < 64 ? bits.Word(i) << (64 - (count - i)) : bits.Word(i));
    }
    return ones;
  }
  for (std::size_t i = count; i < bits.size(); i += 64) ones += CountOnes(bits.Word(i));
  return bits.ones() - ones;
}

// Calls visit(length, value) for each run of equal bits.
template <class Visit>
void ForEachRun(const BitSequence& bits, const Visit& visit) {
  bool value = bits.size() != 0 && bits[0];
  std::size_t start = 0;
  for (std::size_t i = 0; i < bits.size();) {
    const std::uint64_t other = value ? ~bits.Word(i) : bits.Word(i);
    i = std::min(bits.size(), i + static_cast<std::size_t>(std::countr_zero(other)));  // 64 if there is none.
    if (other == 0 || i == bits.size()) continue;
    visit(i - start, value);
    start = i;
    value = !value;
  }
  visit(bits.size() - start, value);
}

struct Cell {
  double expected;
  double observed;
};

double ChiSquareZOfCells(const std::vector<Cell>& cells) {
  double sum = 0;
  double degrees = -1;
  Cell rare = {0, 0};
  const auto add = [&](const Cell& cell) {
    sum += (cell.observed - cell.expected) * (cell.observed - cell.expected) / cell.expected;
    degrees += 1;
  };
  for (const Cell& cell : cells) {
    if (cell.expected >= kLeastExpected) {
      add(cell);
    } else {
      rare.expected += cell.expected;
      rare.observed += cell.observed;
    }
  }
  if (rare.expected >= kLeastExpected) add(rare);
  return ChiSquareZ(sum, degrees);
}

// Of numbers that are k with probability (1 - ratio) * ratio^k, counts[k] of which were seen.
double GeometricZ(const std::vector<std::size_t>& counts, double ratio) {
  double total = 0;
  for (const std::size_t count : counts) total += static_cast<double>(count);
  std::vector<Cell> cells;
  double probability = 1 - ratio;
  double rest = 1;
  double seen = 0;
  std::size_t k = 0;
  for (; total * probability >= kLeastExpected; ++k) {
    const double observed = k < counts.size() ? static_cast<double>(counts[k]) : 0.0;
    cells.push_back({total * probability, observed});
    seen += observed;
    rest -= probability;
    probability *= ratio;
  }
  cells.push_back({total * rest, total - seen});
  return ChiSquareZOfCells(cells);
}

void Count(std::size_t value, std::vector<std::size_t>& counts) {
  if (counts.size() <= value) counts.resize(value + 1);
  ++counts[value];
}

}  // namespace

double OnesZ(const BitSequence& bits, double q) {
  const auto n = static_cast<double>(bits.size());
  return (static_cast<double>(bits.ones()) - n * q) / std::sqrt(n * q * (1 - q));
}

double CorrelationZ(const BitSequence& a, const BitSequence& b, std::size_t lag, double q) {
  const std::size_t pairs = std::min(a.size(), b.size() - lag);
  std::size_t both = 0;
  for (std::size_t i = 0; i < pairs; i += 64) both += CountOnes(a.Word(i) & b.Word(i + lag));
  const std::size_t ones = OnesOfFirst(a, pairs) + OnesOfFirst(b, lag + pairs) - OnesOfFirst(b, lag);
  // The sum of (bit - q)(bit' - q), multiplied out.
  const auto m = static_cast<double>(pairs);
  const double sum = static_cast<double>(both) - q * static_cast<double>(ones) + m * q * q;
  return sum / (q * (1 - q)) / std::sqrt(m);
}

double TuplesZ(const BitSequence& bits, std::size_t width, double q) {
  std::vector<Cell> cells(std::size_t{1} << width);
  const std::size_t tuples = bits.size() / width;
  for (std::size_t value = 0; value < cells.size(); ++value) {
    const auto ones = static_cast<double>(CountOnes(value));
    const double probability = std::pow(q, ones) * std::pow(1 - q, static_cast<double>(width) - ones);
    cells[value] = {static_cast<double>(tuples) * probability, 0};
  }
  for (std::size_t i = 0; i < tuples; ++i) cells[bits.Word(i * width) % cells.size()].observed += 1;
  return ChiSquareZOfCells(cells);
}

double GapsZ(const BitSequence& bits, double q) {
  std::vector<std::size_t> counts(1);
  bool after_zeros = false;
  ForEachRun(bits, [&](std::size_t length, bool value) {
    if (value) {
      counts[0] += length - after_zeros;  // All but the one after a gap.
    } else {
      Count(length, counts);
    }
    after_zeros = true;  // Or will be, before the next ones.
  });
  return GeometricZ(counts, 1 - q);
}

double RunLengthsZ(const BitSequence& bits, double q) {
  std::vector<std::size_t> counts;
  ForEachRun(bits, [&](std::size_t length, bool value) {
    if (value && length != 0) Count(length - 1, counts);
  });
  return GeometricZ(counts, q);
}

double RunCountZ(const BitSequence& bits, double q) {
  std::size_t differing = 0;
  for (std::size_t i = 0; i + 1 < bits.size(); i += 64) {
    std::uint64_t differ = bits.Word(i) ^ bits.Word(i + 1);
    const std::size_t pairs = bits.size() - 1 - i;
    if (pairs < 64) differ <<= 64 - pairs;
    differing += CountOnes(differ);
  }
  const auto pairs = static_cast<double>(bits.size() - 1);
  const double pq = q * (1 - q);
  const double d = 2 * pq;
  const double variance = pairs * d * (1 - d) + 2 * (pairs - 1) * (pq - d * d);
  return (static_cast<double>(differing) - pairs * d) / std::sqrt(variance);
}

std::vector<double> ColumnPairZs(const BitSequence& bits, std::size_t width, double q) {
  std::vector<BitSequence> columns;
  for (std::size_t column = 0; column < width; ++column) columns.push_back(bits.Every(width, column));
  std::vector<double> zs;
  for (std::size_t a = 0; a < width; ++a) {
    for (std::size_t b = a + 1; b < width; ++b) zs.push_back(CorrelationZ(columns[a], columns[b], 0, q));
  }
  return zs;
}

double ChiSquareZ(double chi_square, double degrees) {
  const double variance = 2 / (9 * degrees);
  return (std::cbrt(chi_square / degrees) - (1 - variance)) / std::sqrt(variance);
}

double TwoSidedP(double z) { return std::erfc(std::abs(z) / std::sqrt(2.0)); }

}  // namespace fallow::test
