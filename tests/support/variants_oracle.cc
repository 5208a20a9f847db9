#include "tests/support/variants_oracle.h"

#include <cmath>
#include <type_traits>

#include "tests/support/element_codec.h"

namespace fallow::oracle {
namespace {

double KeepProbability(double drop_probability) {
  return std::ldexp(static_cast<double>(Threshold(drop_probability)), -32);
}

}  // namespace

AlphaConstants AlphaOf(double drop_probability) {
  const double alpha = -1.7580993408473766;
  const double q = KeepProbability(drop_probability);
  const double a = 1 / std::sqrt(q * (1 + (1 - q) * alpha * alpha));
  const double b = -a * (1 - q) * alpha;
  return {a, b, a * alpha + b};
}

Elements AlphaDropout(Type type, ElementView x, std::span<const std::uint8_t> mask_bytes, double drop_probability) {
  const AlphaConstants constants = AlphaOf(drop_probability);
  Elements y(x.size());
  WithCodec(type, [&](auto codec) {
    using Number = decltype(codec.Load(nullptr));
    for (std::size_t i = 0; i < mask_bytes.size(); ++i) {
      const std::size_t at = i * codec.kSize;
      const Number product = static_cast<Number>(constants.a) * codec.Load(x.data() + at);
      const Number kept = product + static_cast<Number>(constants.b);
      codec.Store(mask_bytes[i] != 0 ? kept : static_cast<Number>(constants.dropped), y.data() + at);
    }
  });
  return y;
}

Elements Expectation(Type type, ElementView first, ElementView second, double drop_probability) {
  const double q = KeepProbability(drop_probability);
  Elements y(first.size());
  WithCodec(type, [&](auto codec) {
    using Number = decltype(codec.Load(nullptr));
    for (std::size_t at = 0; at < first.size(); at += codec.kSize) {
      const Number kept = static_cast<Number>(q) * codec.Load(first.data() + at);
      const Number dropped = static_cast<Number>(1 - q) * codec.Load(second.data() + at);
      codec.Store(kept + dropped, y.data() + at);
    }
  });
  return y;
}

std::vector<std::uint8_t> DropBlockMask(const BlockShape& shape, double drop_probability, const Key& key) {
  const std::size_t rows = shape.height - shape.block_height + 1;
  const std::size_t cols = shape.width - shape.block_width + 1;
  const std::size_t channels = shape.channels_share ? 1 : shape.channels;
  const double gamma = drop_probability * static_cast<double>(shape.height * shape.width) /
                       static_cast<double>(shape.block_height * shape.block_width * rows * cols);
  const std::vector<std::uint8_t> no_seed = MaskBytes(gamma, key, shape.samples * channels * rows * cols);

  std::vector<std::uint8_t> kept(shape.size(), 1);
  for (std::size_t n = 0; n < shape.samples; ++n) {
    for (std::size_t c = 0; c < shape.channels; ++c) {
      const std::size_t seeds = (n * channels + (shape.channels_share ? 0 : c)) * rows * cols;
      std::uint8_t* map = kept.data() + (n * shape.channels + c) * shape.height * shape.width;
      for (std::size_t seed = 0; seed < rows * cols; ++seed) {
        if (no_seed[seeds + seed] != 0) continue;
        for (std::size_t i = 0; i < shape.block_height; ++i) {
          for (std::size_t j = 0; j < shape.block_width; ++j) {
            map[(seed / cols + i) * shape.width + seed % cols + j] = 0;
          }
        }
      }
    }
  }
  return kept;
}

Factor Renormalisation(std::span<const std::uint8_t> mask_bytes) {
  std::size_t kept = 0;
  for (const std::uint8_t keep : mask_bytes) kept += keep != 0;
  if (kept == 0) return {0.0f, 0.0};
  // The 64 bits of a long double leave no quotient of such numbers close enough to a float's rounding boundary to care.
  const long double ratio = static_cast<long double>(mask_bytes.size()) / static_cast<long double>(kept);
  return {static_cast<float>(ratio), static_cast<double>(mask_bytes.size()) / static_cast<double>(kept)};
}

template <class State>
void WelfordUpdate(Type type, ElementView sample, std::size_t count, std::vector<State>& mean, std::vector<State>& m2) {
  WithCodec(type, [&](auto codec) {
    for (std::size_t i = 0; i < mean.size(); ++i) {
      const auto value = static_cast<State>(codec.Load(sample.data() + i * codec.kSize));
      const State before = value - mean[i];
      mean[i] += before / static_cast<State>(count);
      const State product = before * (value - mean[i]);
      m2[i] += product;
    }
  });
}

template void WelfordUpdate(Type, ElementView, std::size_t, std::vector<float>&, std::vector<float>&);
template void WelfordUpdate(Type, ElementView, std::size_t, std::vector<double>&, std::vector<double>&);

}  // namespace fallow::oracle
