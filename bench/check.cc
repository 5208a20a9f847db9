#include "bench/check.h"

#include <cmath>
#include <cstring>

#include "tests/support/element_codec.h"

namespace fallow::bench {

oracle::Key OracleKey(const Case& c, std::size_t first, std::uint64_t streams) {
  const MaskKey key = c.KeyOf(0);
  return {.seed = key.seed,
          .stream = key.stream + streams,
          .first_element = first,
          .rounds = key.rounds == Rounds::k7 ? 7 : 10};
}

std::vector<std::uint8_t> OracleMask(const Case& c, std::size_t first, std::size_t count) {
  return oracle::MaskBytes(c.p(), OracleKey(c, first), count);
}

oracle::ElementView Part(const ConstArray& array, std::size_t first, std::size_t count) {
  const std::size_t size = SizeOf(array.type());
  return {static_cast<const std::byte*>(array.data()) + first * size, count * size};
}

bool Same(const ConstArray& array, std::size_t first, const oracle::Elements& expected) {
  const oracle::ElementView actual = Part(array, first, expected.size() / SizeOf(array.type()));
  return std::memcmp(actual.data(), expected.data(), expected.size()) == 0;
}

std::vector<double> Numbers(const ConstArray& array, std::size_t first, std::size_t count) {
  std::vector<double> numbers(count);
  const oracle::ElementView part = Part(array, first, count);
  oracle::WithCodec(test::ToOracle(array.type()), [&](auto codec) {
    for (std::size_t i = 0; i < count; ++i) numbers[i] = codec.Load(part.data() + i * codec.kSize);
  });
  return numbers;
}

bool Near(const ConstArray& array, std::size_t first, std::span<const double> expected, double tolerance) {
  const double rounding = array.type() == DType::kBF16 ? 0x1p-8 : array.type() == DType::kF16 ? 0x1p-11 : 0x1p-24;
  const std::vector<double> actual = Numbers(array, first, expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double bound = (tolerance + rounding) * std::max(1.0, std::abs(expected[i]));
    if (!(std::abs(actual[i] - expected[i]) <= bound)) return false;
  }
  return true;
}

}  // namespace fallow::bench
