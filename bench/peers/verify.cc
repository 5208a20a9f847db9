// What can be checked of a peer's result: it has a mask of its own.
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "bench/peers/peers.h"

namespace fallow::bench {
namespace {

// Six standard deviations of the binomial distribution.
bool IsShare(std::size_t kept, std::size_t count, const Rate& rate) {
  const double p = rate.drop_probability();
  const auto n = static_cast<double>(count);
  return std::abs(static_cast<double>(kept) - n * (1 - p)) <= 6 * std::sqrt(n * p * (1 - p));
}

double Tolerance(DType type) { return type == DType::kBF16 ? 0x1p-6 : 2e-5; }

// What is left of a residual that was added and subtracted again, and what it does not hide.
constexpr double kRounding = 2e-6;
constexpr double kSmallest = 1e-4;

}  // namespace

double ElementOf(ConstArray array, std::size_t i) {
  switch (array.type()) {
    case DType::kF32:
      return static_cast<const float*>(array.data())[i];
    case DType::kF64:
      return static_cast<const double*>(array.data())[i];
    case DType::kBF16:
      return ToFloat(static_cast<const BFloat16*>(array.data())[i]);
    case DType::kF16:
      return ToFloat(static_cast<const Float16*>(array.data())[i]);
  }
  return 0;
}

bool IsDropoutOf(const Case& c, Buffers& b, const ElementValue& value, const ElementValue& y) {
  std::size_t kept = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < c.n; i += c.n / 8192 + 1) {
    const double expected = value(b, i) * c.rate.scale();
    const double got = y(b, i);
    if (std::abs(expected) < kSmallest) continue;
    ++count;
    const double tolerance = Tolerance(c.type) * std::abs(expected) + kRounding;
    if (std::abs(got) <= kRounding) continue;
    ++kept;
    if (!(std::abs(got - expected) <= tolerance)) return false;
  }
  return IsShare(kept, count, c.rate);
}

bool IsDropoutOf(const Case& c, Buffers& b, const ElementValue& value) {
  return IsDropoutOf(c, b, value, [](Buffers& k, std::size_t i) { return ElementOf(k.y(), i); });
}

bool IsSomeDropout(const Case& c, Buffers& b) {
  return IsDropoutOf(c, b, [](Buffers& k, std::size_t i) { return ElementOf(k.x(), i); });
}

bool IsSomeMask(const Case& c, Buffers& b) {
  std::size_t kept = 0;
  for (const std::uint8_t byte : b.mask()) kept += static_cast<std::size_t>(std::popcount(byte));
  return IsShare(kept, b.mask().size() * 8, c.rate);
}

}  // namespace fallow::bench
