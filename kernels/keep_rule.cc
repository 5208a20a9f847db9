// Thresholds of other frameworks' keep rules. All rounding is done here on integers: the caller's rounding mode must
// not decide which elements are kept.
#include "kernels/keep_rule.h"

#include <bit>

namespace fallow {
namespace {

constexpr int kDoubleBits = 53;
constexpr int kFloatBits = 24;

// value * 2^-shift, rounded to an integer, ties to even. A negative shift must not push bits out.
std::uint64_t RoundedShift(std::uint64_t value, int shift) {
  if (shift <= 0) return value << -shift;
  if (shift >= 64) return 0;  // Below a half: no value here has 64 bits.
  const std::uint64_t result = value >> shift;
  const std::uint64_t rest = value - (result << shift);
  const std::uint64_t half = std::uint64_t{1} << (shift - 1);
  return result + (rest > half || (rest == half && (result & 1) != 0) ? 1 : 0);
}

std::uint64_t CeilingShift(std::uint64_t value, int shift) {
  if (shift <= 0) return value << -shift;
  if (shift >= 64) return value != 0 ? 1 : 0;
  return (value >> shift) + ((value & ((std::uint64_t{1} << shift) - 1)) != 0 ? 1 : 0);
}

// Rounded to `bits` significant bits.
std::uint64_t RoundedToBits(std::uint64_t value, int bits) {
  const int excess = static_cast<int>(std::bit_width(value)) - bits;
  return excess <= 0 ? value : RoundedShift(value, excess) << excess;
}

// significand * 2^-places.
struct Binary {
  std::uint64_t significand;
  int places;
};

// A double in [0, 1]. Denormal ones are taken for 0, which no rule below tells apart.
Binary BinaryOf(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const auto exponent = static_cast<int>(bits >> 52 & 0x7FF);
  if (exponent == 0) return {0, kDoubleBits};
  return {(bits & ((std::uint64_t{1} << 52) - 1)) | std::uint64_t{1} << 52, 1075 - exponent};
}

// f32(p). Denormal floats are not rounded as such: every rule treats all p in (2^-150, 2^-126) alike. Half of the least
// denormal, 2^-150, and what is below, is 0.
Binary FloatOf(double p) {
  if (p <= 0x1p-150) return {0, kDoubleBits};
  const Binary exact = BinaryOf(p);
  return {RoundedToBits(exact.significand, kFloatBits), exact.places};
}

// f32(f64(1 - p)) * 2^53.
//
// f64(1 - p) is a multiple of 2^-53 in any case: where p >= 1/2 because p is one, and where p < 1/2 because the result
// lies in [1/2, 1]. Rounding 1 - p to such multiples is rounding p to them, ties included, since 2^53 is even.
std::uint64_t FloatOfKeepProbability(double p) {
  const Binary exact = BinaryOf(p);
  const std::uint64_t q =
      (std::uint64_t{1} << kDoubleBits) - RoundedShift(exact.significand, exact.places - kDoubleBits);
  return RoundedToBits(q, kFloatBits);
}

// The field is uniform * 2^bits, an integer, so that uniform < q is field < ceil(q * 2^bits).
std::uint64_t ThresholdBelow(double p, int bits) { return CeilingShift(FloatOfKeepProbability(p), kDoubleBits - bits); }

// curand_uniform(x) = f32(f32(x) * 2^-32 + 2^-33) never decreases with x, so the words that give less than q are those
// below a threshold. In units of 2^-33 it is u(x) = f32(2 * f32(x) + 1), which is
//
//   2x + 1          for x < 2^23, exactly;
//   2x or 2x + 2    for x in [2^23, 2^24), where floats are two apart: whichever is a multiple of four;
//   2 * f32(x)      for x >= 2^24, where the one is less than half the distance of floats.
//
// If q <= 2^-9 only the first case can be below it: 2x + 1 < q * 2^33 is x < q * 2^32 - 1/2.
//
// If q is larger, b = q * 2^32 is an integer above 2^23, as q is a float, and we ask for u(x)/2 < b.
//   b <= 2^24: u(x)/2 is x for even x, x + 1 for odd ones, so that x < b holds for the words below b if b is odd, and
//              below b - 1 if it is even.
//   b > 2^24:  floats just below b are 2^j apart, j = bits of (b - 1) - 24. Words below b - 2^(j-1) are rounded to less
//              than b, words above to b or more, and that word itself, a tie, to b if b's significand b / 2^j is even.
std::uint64_t CurandThreshold(double p) {
  if (p == 0.0) return std::uint64_t{1} << 32;
  constexpr int kUnit = kDoubleBits - 32;  // q is given in 2^-53; this many places below 2^-32.
  constexpr std::uint64_t kHalf = std::uint64_t{1} << (kUnit - 1);
  const std::uint64_t q = FloatOfKeepProbability(p);
  if (q <= std::uint64_t{1} << (kDoubleBits - 9)) return q <= kHalf ? 0 : CeilingShift(q - kHalf, kUnit);
  const std::uint64_t b = q >> kUnit;
  const int j = static_cast<int>(std::bit_width(b - 1)) - kFloatBits;
  const std::uint64_t distance = j == 0 ? 1 : std::uint64_t{1} << (j - 1);
  return b - distance + (b >> j & 1);
}

// The least word that oneDNN keeps: word > f64(t), t = (2^32 - 1) * f32(p), for integers is word >= floor(f64(t)) + 1.
//
// Rounding t cannot change its floor, so t is taken as it is. Let f32(p) = m * 2^-e with m < 2^24. Then t lies f32(p)
// below m * 2^(32 - e), a multiple of 2^(32 - e), which is more than f32(p): no other multiple is between. If e > 32,
// integers are such multiples; if not, m * 2^(32 - e) is an integer and f32(p) < 1 or t is one too. So the next integer
// is f32(p) or more above t, while rounding moves t by 2^-21 times that at most. (p = 1: t has 32 bits.)
std::uint64_t OneDnnLeastKept(double p) {
  const Binary rounded = FloatOf(p);
  // Of the 53 bits FloatOf has cleared 29: without them the product fits.
  constexpr int kCleared = kDoubleBits - kFloatBits;
  const std::uint64_t product = (rounded.significand >> kCleared) * 0xFFFFFFFF;
  const int places = rounded.places - kCleared;
  return (places >= 64 ? 0 : product >> places) + 1;
}

// word & field >= least, as a rule: the complement of the field is below what it has room for above `least`.
KeepRule AtLeast(std::uint32_t field, std::uint64_t least) {
  return {~std::uint32_t{0}, field, field + std::uint64_t{1} - least};
}

}  // namespace

KeepRule KeepRuleOf(MaskStream layout, const Rate& rate) noexcept {
  constexpr std::uint32_t kAll = 0xFFFFFFFF;
  const double p = rate.drop_probability();
  switch (layout) {
    case MaskStream::kFallow:
      return {0, kAll, rate.threshold()};
    case MaskStream::kCurand:
      return {0, kAll, CurandThreshold(p)};
    case MaskStream::kPyTorchStateless:
      return {0, kAll >> 8, ThresholdBelow(p, 24)};
    case MaskStream::kOneDnn:
    case MaskStream::kOneDnn36:
      return AtLeast(kAll, OneDnnLeastKept(p));
    case MaskStream::kTensorFlow: {
      const Binary rounded = FloatOf(p);  // field * 2^-23 >= f32(p)
      return AtLeast(kAll >> 9, CeilingShift(rounded.significand, rounded.places - 23));
    }
    case MaskStream::kJaxThreefry:
      return {0, kAll, ThresholdBelow(p, 23) << 9};  // word / 2^9 < t is word < t * 2^9.
  }
  return {};
}

}  // namespace fallow
