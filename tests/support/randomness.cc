#include "tests/support/randomness.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/support/statistics.h"

namespace fallow::test {
namespace {

constexpr std::uint64_t kSeed = 2026;
constexpr std::uint64_t kStream = (std::uint64_t{1} << 40) + 1;  // Step 1 of layer 1.
constexpr std::size_t kBits = std::size_t{1} << 20;
constexpr std::size_t kBlock = 128;

BitSequence Sequence(const BitSource& source) { return source.bits(kSeed, kStream, 0, kBits); }

void AddAutocorrelations(const BitSequence& bits, double q, std::size_t first_lag, std::size_t last_lag,
                         std::size_t step, Verdict& verdict) {
  for (std::size_t lag = first_lag; lag <= last_lag; lag += step) {
    verdict.Add(CorrelationZ(bits, bits, lag, q), "autocorrelation at lag", static_cast<std::int64_t>(lag));
  }
}

void AddCorrelations(const BitSequence& a, const BitSequence& b, double q, std::size_t last_lag, Verdict& verdict) {
  for (std::size_t lag = 0; lag <= last_lag; ++lag) {
    verdict.Add(CorrelationZ(a, b, lag, q), "correlation at lag", static_cast<std::int64_t>(lag));
    if (lag != 0) verdict.Add(CorrelationZ(b, a, lag, q), "correlation at lag", -static_cast<std::int64_t>(lag));
  }
}

// Rows of kRowBits bits each.
constexpr std::size_t kRows = 4096;

template <class RowOf>
BitSequence Collect(const RowOf& row_of) {
  std::vector<std::uint8_t> packed;
  for (std::uint64_t row = 0; row < kRows; ++row) {
    const std::uint64_t word = row_of(row).Word(0);
    for (std::size_t bit = 0; bit < kRowBits; bit += 8) packed.push_back(static_cast<std::uint8_t>(word >> bit));
  }
  return {packed, kRows * kRowBits};
}

}  // namespace

void Verdict::Add(double z, const char* what, std::int64_t number) {
  ++checks_;
  if (std::isnan(z_) || std::abs(z) <= std::abs(z_)) return;  // Not a number is worse than all.
  z_ = z;
  what_ = what;
  number_ = number;
}

void Verdict::Add(const Verdict& other) {
  const std::size_t checks = checks_ + other.checks_;
  Add(other.z_, other.what_, other.number_);
  checks_ = checks;
}

double Verdict::p_value() const {
  if (std::isnan(z_)) return 0;
  return std::min(1.0, static_cast<double>(checks_) * TwoSidedP(z_));
}

std::string Verdict::Worst() const {
  return "z = " + std::to_string(z_) + ", the worst of " + std::to_string(checks_) + ", of " + what_ + " " +
         std::to_string(number_);
}

testing::AssertionResult IsRandom(const Verdict& verdict) {
  auto result = verdict.random() ? testing::AssertionSuccess() : testing::AssertionFailure();
  return result << verdict.Worst() << "; p = " << verdict.p_value();
}

Verdict KeepRate(const BitSource& source) {
  constexpr std::uint64_t kSeeds = 8;
  Verdict verdict;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    verdict.Add(OnesZ(source.bits(seed, kStream, 0, kBits), source.q), "ones of seed", static_cast<std::int64_t>(seed));
  }
  const BitSequence bits = Sequence(source);
  for (std::size_t position = 0; position < kBlock; ++position) {
    verdict.Add(OnesZ(bits.Every(kBlock, position), source.q), "ones at position", static_cast<std::int64_t>(position));
  }
  return verdict;
}

Verdict Autocorrelation(const BitSource& source) {
  const BitSequence bits = Sequence(source);
  Verdict verdict;
  AddAutocorrelations(bits, source.q, 1, 256, 1, verdict);
  for (std::size_t lag = 512; lag <= 16384; lag *= 2) AddAutocorrelations(bits, source.q, lag, lag, 1, verdict);
  return verdict;
}

Verdict Tuples(const BitSource& source) {
  const BitSequence bits = Sequence(source);
  Verdict verdict;
  for (const std::size_t width : {2, 4, 8}) {
    verdict.Add(TuplesZ(bits, width, source.q), "tuples of", static_cast<std::int64_t>(width));
  }
  return verdict;
}

Verdict PositionPairs(const BitSource& source) {
  const std::vector<double> zs = ColumnPairZs(source.bits(kSeed, kStream, 0, 4 * kBits), kBlock, source.q);
  Verdict verdict;
  double sum = 0;
  for (std::size_t pair = 0; pair < zs.size(); ++pair) {
    verdict.Add(zs[pair], "pair", static_cast<std::int64_t>(pair));
    sum += zs[pair] * zs[pair];
  }
  verdict.Add(ChiSquareZ(sum, static_cast<double>(zs.size())), "all pairs");
  return verdict;
}

Verdict Gaps(const BitSource& source) {
  const BitSequence bits = Sequence(source);
  Verdict verdict;
  verdict.Add(GapsZ(bits, source.q), "gaps between ones");
  verdict.Add(GapsZ(bits.Complement(), 1 - source.q), "gaps between zeros");
  return verdict;
}

Verdict Runs(const BitSource& source) {
  const BitSequence bits = Sequence(source);
  Verdict verdict;
  verdict.Add(RunLengthsZ(bits, source.q), "lengths of runs of ones");
  verdict.Add(RunLengthsZ(bits.Complement(), 1 - source.q), "lengths of runs of zeros");
  verdict.Add(RunCountZ(bits, source.q), "number of runs");
  return verdict;
}

Verdict AdjacentSeeds(const BitSource& source) {
  const BitSequence bits = Sequence(source);
  Verdict verdict;
  for (const std::uint64_t seed : {kSeed + 1, kSeed + (std::uint64_t{1} << 32)}) {
    AddCorrelations(bits, source.bits(seed, kStream, 0, kBits), source.q, 256, verdict);
  }
  return verdict;
}

Verdict AdjacentStreams(const BitSource& source) {
  const BitSequence bits = Sequence(source);
  Verdict verdict;
  for (const std::uint64_t stream : {kStream + 1, kStream + (std::uint64_t{1} << 40)}) {
    AddCorrelations(bits, source.bits(kSeed, stream, 0, kBits), source.q, 256, verdict);
  }
  return verdict;
}

Verdict AdjacentParts(const BitSource& source) {
  const BitSequence bits = Sequence(source);
  Verdict verdict;
  for (const std::uint64_t first : {std::uint64_t{kBits}, std::uint64_t{1} << 39}) {
    AddCorrelations(bits, source.bits(kSeed, kStream, first, kBits), source.q, 256, verdict);
  }
  return verdict;
}

Verdict SameBitsOfSeeds(const BitSource& source) {
  return Rows(Collect([&](std::uint64_t i) { return source.bits(kSeed + i, kStream, 0, kRowBits); }), source.q);
}

Verdict SameBitsOfStreams(const BitSource& source) {
  return Rows(Collect([&](std::uint64_t i) { return source.bits(kSeed, kStream + i, 0, kRowBits); }), source.q);
}

Verdict RowStarts(const BitSource& source) {
  Verdict verdict;
  for (const std::uint64_t columns : {1000, 1024}) {
    const auto start = [&](std::uint64_t row) { return source.bits(kSeed, kStream, row * columns, kRowBits); };
    verdict.Add(Rows(Collect(start), source.q));
  }
  return verdict;
}

Verdict ChunkBounds(const BitSource& source) {
  constexpr std::uint64_t kChunk = 32768;
  Verdict verdict;
  // At the bound, and half before it.
  for (const std::uint64_t offset : {kChunk, kChunk - kRowBits / 2}) {
    const auto around = [&](std::uint64_t chunk) {
      return source.bits(kSeed, kStream, chunk * kChunk + offset, kRowBits);
    };
    verdict.Add(Rows(Collect(around), source.q));
  }
  return verdict;
}

Verdict Rows(const BitSequence& bits, double q) {
  Verdict verdict;
  for (std::size_t column = 0; column < kRowBits; ++column) {
    const BitSequence same = bits.Every(kRowBits, column);
    verdict.Add(OnesZ(same, q), "ones in column", static_cast<std::int64_t>(column));
    verdict.Add(RunCountZ(same, q), "runs in column", static_cast<std::int64_t>(column));
  }
  AddAutocorrelations(bits, q, 1, kRowBits - 1, 1, verdict);
  AddAutocorrelations(bits, q, kRowBits, 256 * kRowBits, kRowBits, verdict);
  return verdict;
}

Verdict Planes(std::span<const BitSequence> planes) {
  constexpr std::size_t kLags = 64;
  constexpr double kHalf = 0.5;
  Verdict verdict;
  for (std::size_t plane = 0; plane < planes.size(); ++plane) {
    verdict.Add(OnesZ(planes[plane], kHalf), "ones of plane", static_cast<std::int64_t>(plane));
    AddAutocorrelations(planes[plane], kHalf, 1, kLags, 1, verdict);
    for (std::size_t other = plane + 1; other < planes.size(); ++other) {
      AddCorrelations(planes[plane], planes[other], kHalf, other == plane + 1 ? kLags : 0, verdict);
    }
  }
  return verdict;
}

}  // namespace fallow::test
