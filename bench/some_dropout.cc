#include "bench/some_dropout.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench/check.h"

namespace fallow::bench {
namespace {

// What is left of a residual that was added and subtracted again, and what it does not hide.
constexpr double kRounding = 2e-6;
constexpr double kSmallest = 1e-4;

double Tolerance(DType type) { return type == DType::kBF16 ? 0x1p-6 : 2e-5; }

// Within six standard deviations of the binomial distribution.
bool IsShare(std::size_t kept, std::size_t count, double p) {
  const auto n = static_cast<double>(count);
  return std::abs(static_cast<double>(kept) - n * (1 - p)) <= 6 * std::sqrt(n * p * (1 - p));
}

}  // namespace

bool IsDropoutOf(const Case& c, Buffers& b, const ValuesOf& values, const ValuesOf& y) {
  std::size_t kept = 0;
  std::size_t counted = 0;
  const bool all = InWindows(c.n, [&](std::size_t first, std::size_t count) {
    const std::vector<double> value = values(b, first, count);
    const std::vector<double> got = y(b, first, count);
    for (std::size_t i = 0; i < count; ++i) {
      const double expected = value[i] * c.rate.scale();
      if (std::abs(expected) < kSmallest) continue;
      ++counted;
      if (std::abs(got[i]) <= kRounding) continue;
      ++kept;
      if (!(std::abs(got[i] - expected) <= Tolerance(c.type) * std::abs(expected) + kRounding)) return false;
    }
    return true;
  });
  return all && IsShare(kept, counted, c.p());
}

bool IsDropoutOf(const Case& c, Buffers& b, const ValuesOf& values) {
  return IsDropoutOf(c, b, values, [](Buffers& buffers, std::size_t first, std::size_t count) {
    return Numbers(buffers.y(), first, count);
  });
}

bool IsSomeDropout(const Case& c, Buffers& b) {
  return IsDropoutOf(
      c, b, [](Buffers& buffers, std::size_t first, std::size_t count) { return Numbers(buffers.x(), first, count); });
}

bool IsSomeMask(const Case& c, Buffers& b) {
  std::size_t kept = 0;
  for (const std::uint8_t byte : b.mask()) kept += static_cast<std::size_t>(std::popcount(byte));
  return IsShare(kept, c.n, c.p());
}

}  // namespace fallow::bench
