// Inputs for kernels, and bitwise comparison of their outputs.
#ifndef FALLOW_TESTS_SUPPORT_VALUES_H_
#define FALLOW_TESTS_SUPPORT_VALUES_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fallow::test {

// `count` floats, one in four of them special: quiet and signalling NaNs with payloads, infinities, zeros of both
// signs, denormals, the largest and the smallest normal number. The same for the same arguments, everywhere.
std::vector<float> FloatValues(std::size_t count, std::uint64_t seed = 1);

// `count` bytes, about half of them 0 and the others anything else: masks as a caller might hand them in.
std::vector<std::uint8_t> ByteValues(std::size_t count, std::uint64_t seed = 1);

// For ASSERT_TRUE. Equal bit by bit; the failure tells the first difference and how many there are.
testing::AssertionResult SameBits(std::span<const float> expected, std::span<const float> actual);
testing::AssertionResult SameBits(std::span<const std::uint8_t> expected, std::span<const std::uint8_t> actual);

// The same, but any NaN equals any other: which payload a product has is up to the processor.
testing::AssertionResult SameFloats(std::span<const float> expected, std::span<const float> actual);

}  // namespace fallow::test

#endif  // FALLOW_TESTS_SUPPORT_VALUES_H_
