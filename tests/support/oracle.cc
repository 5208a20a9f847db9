#include "tests/support/oracle.h"

#include <cmath>

namespace fallow::oracle {
namespace {

constexpr std::uint64_t kBlockElements = 128;
constexpr std::uint64_t kTwoTo32 = std::uint64_t{1} << 32;

std::uint32_t Low(std::uint64_t v) { return static_cast<std::uint32_t>(v % kTwoTo32); }
std::uint32_t High(std::uint64_t v) { return static_cast<std::uint32_t>(v / kTwoTo32); }

// The uniforms of one block of 128 elements, which share their 32 Philox calls, one a bit plane.
std::array<std::uint32_t, kBlockElements> BlockUniforms(const Key& key, std::uint64_t block) {
  std::array<std::uint32_t, kBlockElements> uniforms = {};
  for (std::uint32_t plane = 0; plane < 32; ++plane) {
    const std::uint32_t plane_field = plane * (std::uint32_t{1} << 26);
    const auto words = Philox4x32({Low(block), High(block) + plane_field, Low(key.stream), High(key.stream)},
                                  {Low(key.seed), High(key.seed)}, key.rounds);
    for (std::size_t i = 0; i < kBlockElements; ++i) {
      uniforms[i] = 2 * uniforms[i] + (words[i / 32] >> (i % 32)) % 2;
    }
  }
  return uniforms;
}

// 2^32 / T = significand * 2^exponent with a significand of exactly `digits` bits: numerator or denominator is doubled
// until the integer quotient has them, and the remainder decides the rounding.
double RoundedScale(std::uint64_t threshold, int digits) {
  using Wide = unsigned __int128;
  if (threshold == 0) return 0.0;
  const Wide end = Wide{1} << digits;
  Wide numerator = kTwoTo32;
  Wide denominator = threshold;
  int exponent = 0;
  while (numerator / denominator < end / 2) {
    numerator *= 2;
    --exponent;
  }
  while (numerator / denominator >= end) {
    denominator *= 2;
    ++exponent;
  }
  Wide significand = numerator / denominator;
  const Wide twice_rest = 2 * (numerator % denominator);
  if (twice_rest > denominator || (twice_rest == denominator && significand % 2 == 1)) ++significand;
  return std::ldexp(static_cast<double>(static_cast<std::uint64_t>(significand)), exponent);  // At most 2^53: exact.
}

}  // namespace

std::array<std::uint32_t, 4> Philox4x32(const std::array<std::uint32_t, 4>& counter,
                                        const std::array<std::uint32_t, 2>& key, int rounds) {
  auto [r0, l0, r1, l1] = counter;  // Right and left halves of the paper's two Feistel pairs.
  auto [k0, k1] = key;
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t m0 = r0 * std::uint64_t{0xD2511F53};
    const std::uint64_t m1 = r1 * std::uint64_t{0xCD9E8D57};
    r0 = High(m1) ^ k0 ^ l0;
    l0 = Low(m1);
    r1 = High(m0) ^ k1 ^ l1;
    l1 = Low(m0);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return {r0, l0, r1, l1};
}

std::uint64_t Threshold(double drop_probability) {
  const double keep_probability = 1.0 - drop_probability;
  const double exact = keep_probability * static_cast<double>(kTwoTo32);  // A power of two: no rounding here.
  const double floor = std::floor(exact);
  auto threshold = static_cast<std::uint64_t>(floor);
  const double rest = exact - floor;
  if (rest > 0.5 || (rest == 0.5 && threshold % 2 == 1)) ++threshold;

  if (drop_probability == 0.0 || drop_probability == 1.0) return threshold;
  if (threshold == 0) return 1;
  if (threshold == kTwoTo32) return kTwoTo32 - 1;
  return threshold;
}

float Scale(double drop_probability) { return ScaleOfThreshold(Threshold(drop_probability)); }
double ScaleF64(double drop_probability) { return ScaleF64OfThreshold(Threshold(drop_probability)); }

// Exact conversions: RoundedScale has rounded to what they hold.
float ScaleOfThreshold(std::uint64_t threshold) { return static_cast<float>(RoundedScale(threshold, 24)); }
double ScaleF64OfThreshold(std::uint64_t threshold) { return RoundedScale(threshold, 53); }

std::vector<std::uint32_t> Uniforms(const Key& key, std::size_t count) {
  std::vector<std::uint32_t> uniforms;
  uniforms.reserve(count);
  std::uint64_t block = key.first_element / kBlockElements;
  std::size_t in_block = key.first_element % kBlockElements;
  while (uniforms.size() < count) {
    const auto of_block = BlockUniforms(key, block);
    while (in_block < kBlockElements && uniforms.size() < count) uniforms.push_back(of_block[in_block++]);
    in_block = 0;
    ++block;
  }
  return uniforms;
}

std::vector<std::uint8_t> MaskBytes(double drop_probability, const Key& key, std::size_t count) {
  return MaskBytes(drop_probability, Uniforms(key, count));
}

std::vector<std::uint8_t> MaskBytes(double drop_probability, std::span<const std::uint32_t> uniforms) {
  const std::uint64_t threshold = Threshold(drop_probability);
  std::vector<std::uint8_t> mask(uniforms.size());
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = uniforms[i] < threshold;
  return mask;
}

std::vector<std::uint8_t> Repeat(std::span<const std::uint8_t> mask_bytes, std::span<const std::size_t> shape,
                                 std::span<const std::size_t> noise_shape) {
  std::size_t count = 1;
  for (const std::size_t size : shape) count *= size;
  std::vector<std::uint8_t> repeated(count);
  for (std::size_t element = 0; element < count; ++element) {
    std::size_t rest = element;
    std::size_t noise_element = 0;
    std::size_t noise_stride = 1;
    for (std::size_t i = shape.size(); i-- > 0;) {
      const std::size_t index = rest % shape[i];
      rest /= shape[i];
      if (noise_shape[i] != 1) noise_element += index * noise_stride;
      noise_stride *= noise_shape[i];
    }
    repeated[element] = mask_bytes[noise_element];
  }
  return repeated;
}

std::vector<std::uint8_t> PackBits(std::span<const std::uint8_t> mask_bytes) {
  std::vector<std::uint8_t> bits((mask_bytes.size() + 7) / 8);
  for (std::size_t i = 0; i < mask_bytes.size(); ++i) {
    if (mask_bytes[i] != 0) bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] + (1 << (i % 8)));
  }
  return bits;
}

std::vector<float> Apply(std::span<const float> x, std::span<const std::uint8_t> mask_bytes, float scale) {
  std::vector<float> y(x.size());
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = mask_bytes[i] != 0 ? x[i] * scale : 0.0f;
  return y;
}

std::vector<float> Dropout(double drop_probability, std::span<const float> x,
                           std::span<const std::uint8_t> mask_bytes) {
  // A multiplication by 1 would quiet signalling NaNs, and p = 0 promises every bit.
  if (drop_probability == 0.0) return {x.begin(), x.end()};
  return Apply(x, mask_bytes, Scale(drop_probability));
}

}  // namespace fallow::oracle
