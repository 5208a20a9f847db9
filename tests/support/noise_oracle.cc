#include "tests/support/noise_oracle.h"

#include <cmath>

#include "tests/support/element_codec.h"
#include "tests/support/word_oracle.h"

namespace fallow::oracle {
namespace {

// u = (word + 1/2) / 2^32. Both are exact.
double WordUniform(std::uint32_t word) { return std::ldexp(word + 0.5, -32); }
double WordComplement(std::uint32_t word) { return std::ldexp(4294967295.5 - word, -32); }

// Calls function(x, i), for floats, and rounds what it returns.
template <class Function>
Elements Transform(Type type, ElementView x, const Function& function) {
  Elements y(x.size());
  WithCodec(type, [&](auto codec) {
    for (std::size_t i = 0; i * codec.kSize < x.size(); ++i) {
      const auto value = static_cast<float>(codec.Load(x.data() + i * codec.kSize));
      codec.Store(function(value, i), y.data() + i * codec.kSize);
    }
  });
  return y;
}

}  // namespace

std::vector<std::uint32_t> Words(const Key& key, std::size_t count) {
  std::vector<std::uint32_t> words(count);
  for (std::size_t i = 0; i < count; ++i) {
    words[i] = NativeWord(key.seed, key.stream, key.rounds, key.first_element + i);
  }
  return words;
}

NormalPair BoxMuller(std::uint32_t first_word, std::uint32_t second_word) {
  // The logarithm of a number near 1 is that of 1 minus what is missing.
  const double u = WordUniform(first_word);
  const double log = u < 0.5 ? std::log(u) : std::log1p(-WordComplement(first_word));
  const double radius = std::sqrt(-2 * log);
  const double angle = 2 * std::acos(-1.0) * WordUniform(second_word);
  return {radius, radius * std::cos(angle), radius * std::sin(angle)};
}

double Uniform(std::uint32_t word, int bits) {
  const double upper = std::floor(word / std::ldexp(1.0, 32 - bits));
  return std::ldexp(upper + 0.5, -bits);
}

Elements AddNoise(Type type, ElementView x, std::span<const float> z, float stddev) {
  return Transform(type, x, [&](float value, std::size_t i) {
    const float noise = stddev * z[i];
    return value + noise;
  });
}

Elements MultiplyByNoise(Type type, ElementView x, std::span<const float> z, float stddev) {
  return Transform(type, x, [&](float value, std::size_t i) {
    const float noise = stddev * z[i];
    const float factor = 1.0f + noise;
    return value * factor;
  });
}

Elements Multiply(Type type, ElementView x, std::span<const float> factors) {
  return Transform(type, x, [&](float value, std::size_t i) { return value * factors[i]; });
}

double ConcreteMask(double p, double temperature, std::uint32_t word) {
  const double logit_p = std::log(p) - std::log1p(-p);
  const double logit_u = std::log(WordUniform(word)) - std::log(WordComplement(word));
  return 1 / (1 + std::exp((logit_p + logit_u) / temperature));
}

double ConcreteLoss(double p, double temperature, std::span<const std::uint32_t> words, std::span<const float> x,
                    std::span<const float> dy) {
  double sum = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    sum += static_cast<double>(dy[i]) * x[i] * ConcreteMask(p, temperature, words[i]) / (1 - p);
  }
  return sum;
}

double ConcreteGradient(double p, double temperature, std::span<const std::uint32_t> words, std::span<const float> x,
                        std::span<const float> dy) {
  double sum = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const double kept = ConcreteMask(p, temperature, words[i]);
    const double logit_u = std::log(WordUniform(words[i])) - std::log(WordComplement(words[i]));
    const double dropped = 1 / (1 + std::exp(-(std::log(p) - std::log1p(-p) + logit_u) / temperature));
    const double mask_by_p = -kept * dropped / (temperature * p * (1 - p));
    sum += static_cast<double>(dy[i]) * x[i] * (mask_by_p / (1 - p) + kept / ((1 - p) * (1 - p)));
  }
  return sum;
}

}  // namespace fallow::oracle
