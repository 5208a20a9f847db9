// How elements of each type are read and written, for oracles.
//
// Nothing here may include, link or be copied from kernels/.
#ifndef FALLOW_TESTS_SUPPORT_ELEMENT_CODEC_H_
#define FALLOW_TESTS_SUPPORT_ELEMENT_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tests/support/dropout_oracle.h"
#include "tests/support/half_oracle.h"

namespace fallow::oracle {

template <class T>
T ReadBytes(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

template <class T>
void WriteBytes(T value, std::byte* to) {
  std::memcpy(to, &value, sizeof(value));
}

// How a type is read and written as what it is computed in.
template <class T>
struct PlainCodec {
  static constexpr std::size_t kSize = sizeof(T);
  static T Load(const std::byte* from) { return ReadBytes<T>(from); }
  static void Store(T value, std::byte* to) { WriteBytes(value, to); }
};

template <HalfFormat kFormat>
struct HalfCodec {
  static constexpr std::size_t kSize = 2;
  static float Load(const std::byte* from) { return HalfToFloat(kFormat, ReadBytes<std::uint16_t>(from), true); }
  static void Store(float value, std::byte* to) { WriteBytes(FloatToHalf(kFormat, value), to); }
};

// Calls function(codec) with one of the above.
template <class Function>
auto WithCodec(Type type, const Function& function) {
  switch (type) {
    case Type::kF32:
      return function(PlainCodec<float>());
    case Type::kF64:
      return function(PlainCodec<double>());
    case Type::kBF16:
      return function(HalfCodec<kBFloat16>());
    case Type::kF16:
      break;
  }
  return function(HalfCodec<kFloat16>());
}

}  // namespace fallow::oracle

#endif  // FALLOW_TESTS_SUPPORT_ELEMENT_CODEC_H_
