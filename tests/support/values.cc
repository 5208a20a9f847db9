#include "tests/support/values.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <iomanip>
#include <random>
#include <sstream>
#include <string>

namespace fallow::test {
namespace {

constexpr std::uint32_t kSpecialBits[] = {
    0x7FC12345,  // Quiet NaN with a payload.
    0xFFC00001,  // The same, negative.
    0x7F812345,  // Signalling NaN.
    0x7F800000,  // +Inf.
    0xFF800000,  // -Inf.
    0x00000000,  // +0.
    0x80000000,  // -0.
    0x00000001,  // Smallest denormal.
    0x807FFFFF,  // Largest denormal, negative.
    0x00800000,  // Smallest normal.
    0x7F7FFFFF,  // Largest number: any scale above 1 makes it infinite.
    0xFF7FFFFF,  // The same, negative.
};

std::string Show(float v) {
  std::ostringstream out;
  out << v << " (bits 0x" << std::hex << std::setw(8) << std::setfill('0') << std::bit_cast<std::uint32_t>(v) << ")";
  return out.str();
}
std::string Show(std::uint8_t v) { return std::to_string(v); }

bool Identical(float a, float b) { return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b); }
bool Identical(std::uint8_t a, std::uint8_t b) { return a == b; }

template <typename T, typename Equal>
testing::AssertionResult Same(std::span<const T> expected, std::span<const T> actual, Equal equal) {
  if (expected.size() != actual.size()) {
    return testing::AssertionFailure() << "expected " << expected.size() << " elements, not " << actual.size();
  }
  // Large tests compare gigabytes, nearly all of them equal.
  if (expected.empty() || std::memcmp(expected.data(), actual.data(), expected.size_bytes()) == 0) {
    return testing::AssertionSuccess();
  }
  std::size_t differences = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (equal(expected[i], actual[i])) continue;
    if (differences++ == 0) first = i;
  }
  if (differences == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure() << differences << " of " << expected.size() << " elements differ, first [" << first
                                     << "]: expected " << Show(expected[first]) << ", not " << Show(actual[first]);
}

}  // namespace

std::vector<float> FloatValues(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    const std::uint64_t bits = random();
    if (bits % 4 == 0) {
      value = std::bit_cast<float>(kSpecialBits[bits / 4 % std::size(kSpecialBits)]);
    } else {
      value = std::ldexp(static_cast<float>(static_cast<std::int32_t>(bits >> 32)), -29);  // In [-4, 4].
    }
  }
  return values;
}

std::vector<std::uint8_t> ByteValues(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::uint8_t> values(count);
  for (std::uint8_t& value : values) {
    const std::uint64_t bits = random();
    value = bits % 2 == 0 ? 0 : static_cast<std::uint8_t>(1 + bits / 2 % 255);
  }
  return values;
}

testing::AssertionResult SameBits(std::span<const float> expected, std::span<const float> actual) {
  return Same(expected, actual, [](float a, float b) { return Identical(a, b); });
}

testing::AssertionResult SameBits(std::span<const std::uint8_t> expected, std::span<const std::uint8_t> actual) {
  return Same(expected, actual, [](std::uint8_t a, std::uint8_t b) { return Identical(a, b); });
}

testing::AssertionResult SameFloats(std::span<const float> expected, std::span<const float> actual) {
  return Same(expected, actual, [](float a, float b) { return Identical(a, b) || (std::isnan(a) && std::isnan(b)); });
}

}  // namespace fallow::test
