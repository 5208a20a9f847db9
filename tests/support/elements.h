// Inputs of every element type, and bitwise comparison of outputs.
#ifndef FALLOW_TESTS_SUPPORT_ELEMENTS_H_
#define FALLOW_TESTS_SUPPORT_ELEMENTS_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>

#include "tests/support/dropout_oracle.h"

namespace fallow::test {

// `count` elements, one in four of them special: quiet and signalling NaNs with payloads, infinities, zeros of both
// signs, denormals, the largest and the smallest normal number. Of 16-bit types the others are any pattern at all. The
// same for the same arguments, everywhere.
oracle::Elements ElementValues(oracle::Type type, std::size_t count, std::uint64_t seed = 1);

// `count` elements in [-4, 4].
oracle::Elements OrdinaryValues(oracle::Type type, std::size_t count, std::uint64_t seed = 1);

// Whether any NaN equals any other: which payload a sum of two has, and which sign one of no NaN, is up to the
// processor.
enum class Nans { kExact, kAny };

// For ASSERT_TRUE. Equal bit by bit; the failure tells the first difference and how many there are.
testing::AssertionResult SameElements(oracle::Type type, oracle::ElementView expected, oracle::ElementView actual,
                                      Nans nans = Nans::kExact);

}  // namespace fallow::test

#endif  // FALLOW_TESTS_SUPPORT_ELEMENTS_H_
