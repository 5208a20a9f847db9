// Is a source of random bits one? Tests for whatever makes bits from a seed, a stream and a position, by name.
//
// Bounds. Each test is many checks, of which each yields a deviate that is standard normal, or nearly, if the bits are
// independent and 1 with probability q (statistics.h). With P the probability that such a deviate is as far from 0 as
// the worst of them, `checks * P` bounds the probability that any is (Bonferroni): no independence of the checks is
// needed. A test fails if that is less than kFalseAlarm. So one call in a million reports a perfect source; one as far
// off as 6 to 8 standard deviations of any check is reported nearly always, and a defect is hundreds off.
//
// The deviates are sums over at least 2^12 bits, and no sum of few: where q is 0.1 or 0.9 their skewness may raise the
// probability of so large ones to ten times the normal one, for which a millionth leaves room.
#ifndef FALLOW_TESTS_SUPPORT_RANDOMNESS_H_
#define FALLOW_TESTS_SUPPORT_RANDOMNESS_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "tests/support/bit_sequence.h"

namespace fallow::test {

inline constexpr double kFalseAlarm = 1e-6;

// Bits [first, first + count) of what `seed` and `stream` name, each 1 with probability q.
struct BitSource {
  double q;
  std::function<BitSequence(std::uint64_t seed, std::uint64_t stream, std::uint64_t first, std::size_t count)> bits;
};

// The outcome of a test.
class Verdict {
 public:
  // One check, and what it looked at, for the failure message.
  void Add(double z, const char* what, std::int64_t number = 0);
  void Add(const Verdict& other);

  // At most this is the probability that a perfect source looks as bad.
  double p_value() const;
  bool random() const { return p_value() >= kFalseAlarm; }
  std::string Worst() const;

 private:
  std::size_t checks_ = 0;
  double z_ = 0;
  const char* what_ = "nothing";
  std::int64_t number_ = 0;
};

// For EXPECT_TRUE and EXPECT_FALSE.
testing::AssertionResult IsRandom(const Verdict& verdict);

// How many are 1: in sequences of adjacent seeds, and at each position of a block of 128.
Verdict KeepRate(const BitSource& source);

// Bits of one sequence: at lags 1 to 256, and at those of 1 to 16 Ki that are powers of two.
Verdict Autocorrelation(const BitSource& source);

// Adjacent bits: values of pairs, fours and eights.
Verdict Tuples(const BitSource& source);

// Each two positions in a block of 128, and all of them together.
Verdict PositionPairs(const BitSource& source);

// Zeros between ones, ones between zeros.
Verdict Gaps(const BitSource& source);

// Lengths of runs of ones and of zeros, and how many runs there are.
Verdict Runs(const BitSource& source);

// Two sequences, at lags -256 to 256: of seeds that follow each other or differ in the upper half alone; of streams
// that follow each other, as steps do, or differ in bit 40, as layers do; of parts that follow each other or are 2^39
// bits (2^32 blocks) apart.
Verdict AdjacentSeeds(const BitSource& source);
Verdict AdjacentStreams(const BitSource& source);
Verdict AdjacentParts(const BitSource& source);

// Rows of kRowBits bits, some thousands. Is each column 1 as often as it should be; do bits agree as often as they
// should that are up to 63 apart, or in one column and up to 256 rows apart?
inline constexpr std::size_t kRowBits = 64;
Verdict Rows(const BitSequence& bits, double q);

// The same, of rows that are the same few bits of 4,096 seeds that follow each other, or streams; the starts of the
// rows of a matrix; what follows and what lies around the bounds of chunks of 32,768 bits.
Verdict SameBitsOfSeeds(const BitSource& source);
Verdict SameBitsOfStreams(const BitSource& source);
Verdict RowStarts(const BitSource& source);
Verdict ChunkBounds(const BitSource& source);

// Bit planes, all of one size, of q = 1/2: each with itself at lags 1 to 64, each with the next at lags -64 to 64, each
// with every other at lag 0.
Verdict Planes(std::span<const BitSequence> planes);

}  // namespace fallow::test

#endif  // FALLOW_TESTS_SUPPORT_RANDOMNESS_H_
