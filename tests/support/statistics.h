// What a sequence of independent bits, each 1 with probability q, is expected to look like. Pure functions.
//
// Each returns how far the sequence is from that, as a deviate of (nearly) the standard normal distribution.
#ifndef FALLOW_TESTS_SUPPORT_STATISTICS_H_
#define FALLOW_TESTS_SUPPORT_STATISTICS_H_

#include <cstddef>
#include <vector>

#include "tests/support/bit_sequence.h"

namespace fallow::test {

// Ones among n bits: mean nq, variance nq(1 - q).
double OnesZ(const BitSequence& bits, double q);

// With u = (bit - q) / sqrt(q(1 - q)), of mean 0 and variance 1, the sum of u_a[i] * u_b[i + lag] over the m pairs
// inside both sequences has mean 0 and variance m: the products of different pairs are uncorrelated, even where pairs
// share a bit, as they do if a is b. That takes lag > 0 then.
double CorrelationZ(const BitSequence& a, const BitSequence& b, std::size_t lag, double q);

// Chi-square of the values of adjacent groups of `width` <= 8 bits, which do not overlap. Values that are expected less
// than 32 times count together.
double TuplesZ(const BitSequence& bits, std::size_t width, double q);

// Chi-square of the numbers of zeros before each one: k with probability q(1 - q)^k. Long gaps count together, as
// above. (The end of the sequence cuts one short: too few to see.)
double GapsZ(const BitSequence& bits, double q);

// Chi-square of the lengths of the runs of ones: k with probability (1 - q)q^(k - 1).
double RunLengthsZ(const BitSequence& bits, double q);

// Neighbours that differ. A pair does with probability d = 2q(1 - q); pairs that share a bit both do with probability
// q(1 - q), so n - 1 pairs have the mean (n - 1)d and the variance (n - 1)d(1 - d) + 2(n - 2)(q(1 - q) - d^2).
double RunCountZ(const BitSequence& bits, double q);

// The bits as rows of `width`: for each two columns the CorrelationZ of what they hold in the same row. There are
// width * (width - 1) / 2, and any two of them are uncorrelated.
std::vector<double> ColumnPairZs(const BitSequence& bits, std::size_t width, double q);

// Of a chi-square with `degrees` degrees of freedom: Wilson and Hilferty, The distribution of chi-square, PNAS 17,
// 1931.
double ChiSquareZ(double chi_square, double degrees);

// Probability that a standard normal deviate is at least as far from 0.
double TwoSidedP(double z);

}  // namespace fallow::test

#endif  // FALLOW_TESTS_SUPPORT_STATISTICS_H_
