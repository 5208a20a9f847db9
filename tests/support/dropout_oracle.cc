#include "tests/support/dropout_oracle.h"

#include <cmath>
#include <cstring>

#include "tests/support/element_codec.h"
#include "tests/support/oracle.h"

namespace fallow::oracle {
namespace {

float FactorFor(Factor factor, float) { return factor.f32; }
double FactorFor(Factor factor, double) { return factor.f64; }

}  // namespace

std::size_t SizeOf(Type type) {
  return WithCodec(type, [](auto codec) { return codec.kSize; });
}

const char* NameOf(Type type) {
  constexpr const char* kNames[] = {"f32", "f64", "bf16", "f16"};
  return kNames[static_cast<int>(type)];
}

bool IsNan(Type type, const std::byte* element) {
  return WithCodec(type, [&](auto codec) { return std::isnan(codec.Load(element)); });
}

Factor TrainingFactor(double drop_probability) { return {Scale(drop_probability), ScaleF64(drop_probability)}; }

Factor InferenceFactor(double drop_probability) {
  const double q = std::ldexp(static_cast<double>(Threshold(drop_probability)), -32);
  return {static_cast<float>(q), q};
}

Elements Scaled(Type type, ElementView x, Factor factor) {
  Elements y(x.size());
  WithCodec(type, [&](auto codec) {
    for (std::size_t at = 0; at < x.size(); at += codec.kSize) {
      const auto value = codec.Load(x.data() + at);
      codec.Store(value * FactorFor(factor, value), y.data() + at);
    }
  });
  return y;
}

Elements Select(Type type, std::span<const std::uint8_t> mask_bytes, ElementView kept, ElementView dropped) {
  const std::size_t size = SizeOf(type);
  Elements selected(kept.size());
  for (std::size_t i = 0; i < mask_bytes.size(); ++i) {
    const std::byte* from = (mask_bytes[i] != 0 ? kept : dropped).data() + i * size;
    std::memcpy(selected.data() + i * size, from, size);
  }
  return selected;
}

Elements Dropout(Type type, ElementView x, std::span<const std::uint8_t> mask_bytes, Factor factor) {
  return Select(type, mask_bytes, Scaled(type, x, factor), Elements(x.size()));
}

Elements Accumulate(Type type, ElementView x, std::span<const std::uint8_t> mask_bytes, Factor factor, ElementView y) {
  Elements sums(x.size());
  WithCodec(type, [&](auto codec) {
    for (std::size_t at = 0; at < x.size(); at += codec.kSize) {
      const auto value = codec.Load(x.data() + at);
      const auto product = value * FactorFor(factor, value);
      codec.Store(codec.Load(y.data() + at) + product, sums.data() + at);
    }
  });
  return Select(type, mask_bytes, sums, y);
}

}  // namespace fallow::oracle
