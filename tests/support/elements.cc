#include "tests/support/elements.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <sstream>
#include <vector>

#include "tests/support/half_oracle.h"

namespace fallow::test {
namespace {

using oracle::Elements;
using oracle::ElementView;
using oracle::Type;

// Quiet NaNs with a payload, signalling NaNs, infinities, zeros, the smallest and the largest denormal, the smallest
// normal number, the largest: of both signs.
std::vector<std::uint64_t> SpecialBits(Type type) {
  switch (type) {
    case Type::kF32:
      return {0x7FC12345, 0xFFC00001, 0x7F812345, 0xFF800001, 0x7F800000, 0xFF800000, 0x00000000,
              0x80000000, 0x00000001, 0x807FFFFF, 0x00800000, 0x7F7FFFFF, 0xFF7FFFFF};
    case Type::kF64:
      return {0x7FF8123456789ABC, 0xFFF8000000000001, 0x7FF0123456789ABC, 0xFFF0000000000001, 0x7FF0000000000000,
              0xFFF0000000000000, 0x0000000000000000, 0x8000000000000000, 0x0000000000000001, 0x800FFFFFFFFFFFFF,
              0x0010000000000000, 0x7FEFFFFFFFFFFFFF, 0xFFEFFFFFFFFFFFFF};
    case Type::kBF16:
      return {0x7FC5, 0xFFFF, 0x7F85, 0xFF81, 0x7F80, 0xFF80, 0x0000, 0x8000, 0x0001, 0x807F, 0x0080, 0x7F7F, 0xFF7F};
    case Type::kF16:
      break;
  }
  return {0x7E05, 0xFFFF, 0x7C05, 0xFC01, 0x7C00, 0xFC00, 0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x7BFF, 0xFBFF};
}

// In [-4, 4].
double OrdinaryValue(std::uint64_t random) {
  return std::ldexp(static_cast<double>(static_cast<std::int64_t>(random)), -61);
}

std::uint64_t OrdinaryBits(Type type, std::uint64_t random) {
  const double f64 = OrdinaryValue(random);
  if (type == Type::kF64) return std::bit_cast<std::uint64_t>(f64);
  const auto f32 = static_cast<float>(f64);
  if (type == Type::kF32) return std::bit_cast<std::uint32_t>(f32);
  return oracle::FloatToHalf(type == Type::kBF16 ? oracle::kBFloat16 : oracle::kFloat16, f32);
}

// The low bytes of `bits`, which come first on the machines that there are.
void Put(Type type, std::uint64_t bits, std::size_t index, Elements& elements) {
  const std::size_t size = oracle::SizeOf(type);
  std::memcpy(elements.data() + index * size, &bits, size);
}

std::string Show(const std::byte* element, std::size_t size) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, element, size);
  std::ostringstream out;
  out << "0x" << std::hex << bits;
  return out.str();
}

}  // namespace

Elements ElementValues(Type type, std::size_t count, std::uint64_t seed) {
  const std::vector<std::uint64_t> special = SpecialBits(type);
  const bool any_pattern = oracle::SizeOf(type) == 2;
  std::mt19937_64 random(seed);
  Elements elements(count * oracle::SizeOf(type));
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t choice = random();
    const std::uint64_t value = random();
    Put(type,
        choice % 4 == 0 ? special[choice / 4 % special.size()]
        : any_pattern   ? value
                        : OrdinaryBits(type, value),
        i, elements);
  }
  return elements;
}

Elements OrdinaryValues(Type type, std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Elements elements(count * oracle::SizeOf(type));
  for (std::size_t i = 0; i < count; ++i) Put(type, OrdinaryBits(type, random()), i, elements);
  return elements;
}

testing::AssertionResult SameElements(Type type, ElementView expected, ElementView actual, Nans nans) {
  const std::size_t size = oracle::SizeOf(type);
  if (expected.size() != actual.size()) {
    return testing::AssertionFailure() << "expected " << expected.size() << " bytes, not " << actual.size();
  }
  if (expected.empty() || std::memcmp(expected.data(), actual.data(), expected.size()) == 0) {
    return testing::AssertionSuccess();
  }
  std::size_t differences = 0;
  std::size_t first = 0;
  for (std::size_t at = 0; at < expected.size(); at += size) {
    const std::byte* a = expected.data() + at;
    const std::byte* b = actual.data() + at;
    if (std::memcmp(a, b, size) == 0) continue;
    if (nans == Nans::kAny && oracle::IsNan(type, a) && oracle::IsNan(type, b)) continue;
    if (differences++ == 0) first = at;
  }
  if (differences == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure() << differences << " of " << expected.size() / size << " elements differ, first ["
                                     << first / size << "]: expected bits " << Show(expected.data() + first, size)
                                     << ", not " << Show(actual.data() + first, size);
}

}  // namespace fallow::test
