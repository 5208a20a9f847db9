#include "tests/support/dropout_oracle.h"

#include <cmath>
#include <cstring>

#include "tests/support/half_oracle.h"
#include "tests/support/oracle.h"

namespace fallow::oracle {
namespace {

template <class T>
T Read(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

template <class T>
void Write(T value, std::byte* to) {
  std::memcpy(to, &value, sizeof(value));
}

// How a type is read and written as what it is computed in.
template <class T>
struct Plain {
  static constexpr std::size_t kSize = sizeof(T);
  static T Load(const std::byte* from) { return Read<T>(from); }
  static void Store(T value, std::byte* to) { Write(value, to); }
};

template <HalfFormat kFormat>
struct Half {
  static constexpr std::size_t kSize = 2;
  static float Load(const std::byte* from) { return HalfToFloat(kFormat, Read<std::uint16_t>(from), true); }
  static void Store(float value, std::byte* to) { Write(FloatToHalf(kFormat, value), to); }
};

// Calls function(codec) with one of the above.
template <class Function>
auto WithCodec(Type type, const Function& function) {
  switch (type) {
    case Type::kF32:
      return function(Plain<float>());
    case Type::kF64:
      return function(Plain<double>());
    case Type::kBF16:
      return function(Half<kBFloat16>());
    case Type::kF16:
      break;
  }
  return function(Half<kFloat16>());
}

float FactorFor(Factor factor, float) { return factor.f32; }
double FactorFor(Factor factor, double) { return factor.f64; }

// What `mask_bytes` keeps of `kept`, and the rest of `dropped`.
Elements Select(Type type, std::span<const std::uint8_t> mask_bytes, ElementView kept, ElementView dropped) {
  const std::size_t size = SizeOf(type);
  Elements selected(kept.size());
  for (std::size_t i = 0; i < mask_bytes.size(); ++i) {
    const std::byte* from = (mask_bytes[i] != 0 ? kept : dropped).data() + i * size;
    std::memcpy(selected.data() + i * size, from, size);
  }
  return selected;
}

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
