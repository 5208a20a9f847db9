// The keys and rates on which masks are compared with the oracle.
#ifndef FALLOW_TESTS_KERNELS_MASK_CASES_H_
#define FALLOW_TESTS_KERNELS_MASK_CASES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "fallow/mask.h"
#include "tests/support/oracle.h"

namespace fallow::test {

// Drop probabilities whose thresholds end at every one of the 32 bit planes or at none, so that every number of planes
// that a kernel may stop after is met, besides the rates that people use and both ends.
std::vector<double> ContractRates();

// Keys of both round numbers, for calls of `count` elements: starts at every kind of offset into a word and into a
// block, at the carries of the block index into its high word, and as far as 2^57 lets a call reach; seeds and streams
// with all words in use.
std::vector<MaskKey> ContractKeys(std::size_t count);

oracle::Key ToOracle(const MaskKey& key);

// For failure messages.
std::string Describe(const MaskKey& key);

}  // namespace fallow::test

#endif  // FALLOW_TESTS_KERNELS_MASK_CASES_H_
