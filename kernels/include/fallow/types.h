// The element types of the kernels, and scalar conversions of the two that C++20 lacks.
#ifndef FALLOW_TYPES_H_
#define FALLOW_TYPES_H_

#include <bit>
#include <cstddef>
#include <cstdint>

namespace fallow {

enum class DType : std::uint8_t {
  kF32,   // float
  kF64,   // double
  kBF16,  // BFloat16: 8 bits of exponent, 7 of fraction; the upper half of a float
  kF16,   // Float16: IEEE binary16, 5 bits of exponent, 10 of fraction
};

// Storage only: kernels compute in float. Any 16-bit type of the same layout (at::BFloat16, _Float16, …) may be viewed
// as these by handing its address and DType to an Array.
struct BFloat16 {
  std::uint16_t bits;
};
struct Float16 {
  std::uint16_t bits;
};

// Bytes of one element; 0 for a value that is no DType.
constexpr std::size_t SizeOf(DType type) noexcept {
  switch (type) {
    case DType::kF32:
      return 4;
    case DType::kF64:
      return 8;
    case DType::kBF16:
    case DType::kF16:
      return 2;
  }
  return 0;
}

// "f32", "f64", "bf16", "f16"; "none" for a value that is no DType.
constexpr const char* NameOf(DType type) noexcept {
  switch (type) {
    case DType::kF32:
      return "f32";
    case DType::kF64:
      return "f64";
    case DType::kBF16:
      return "bf16";
    case DType::kF16:
      return "f16";
  }
  return "none";
}

template <class T>
inline constexpr bool kIsElement = false;
template <class T>
inline constexpr DType kDTypeOf = DType::kF32;

template <>
inline constexpr bool kIsElement<float> = true;
template <>
inline constexpr bool kIsElement<double> = true;
template <>
inline constexpr DType kDTypeOf<double> = DType::kF64;
template <>
inline constexpr bool kIsElement<BFloat16> = true;
template <>
inline constexpr DType kDTypeOf<BFloat16> = DType::kBF16;
template <>
inline constexpr bool kIsElement<Float16> = true;
template <>
inline constexpr DType kDTypeOf<Float16> = DType::kF16;

// Conversions as the kernels do them on every target: to nearest, ties to even; overflow becomes infinite; a NaN
// becomes quiet and keeps its sign and the upper bits of its payload. From BFloat16 to float every bit stays, also of a
// signalling NaN.
constexpr float ToFloat(BFloat16 value) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

constexpr BFloat16 ToBFloat16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return {static_cast<std::uint16_t>((bits >> 16) | 0x40)};
  return {static_cast<std::uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16)};
}

constexpr float ToFloat(Float16 value) noexcept {
  const std::uint32_t sign = static_cast<std::uint32_t>(value.bits & 0x8000) << 16;
  const std::uint32_t magnitude = value.bits & 0x7FFF;
  if (magnitude > 0x7C00) return std::bit_cast<float>(sign | 0x7FC00000 | magnitude << 13);  // NaN.
  if (magnitude == 0x7C00) return std::bit_cast<float>(sign | 0x7F800000);
  if (magnitude >= 0x0400) return std::bit_cast<float>(sign | ((magnitude << 13) + 0x38000000));
  const float denormal = static_cast<float>(magnitude) * 0x1p-24f;
  return sign == 0 ? denormal : -denormal;
}

constexpr Float16 ToFloat16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000;
  const std::uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return {static_cast<std::uint16_t>(sign | 0x7E00 | (magnitude >> 13 & 0x3FF))};
  if (magnitude >= 0x477FF000) return {static_cast<std::uint16_t>(sign | 0x7C00)};  // 65520 and more.
  if (magnitude >= 0x38800000) {
    const std::uint32_t rounded = magnitude - 0x38000000 + 0xFFF + ((magnitude >> 13) & 1);
    return {static_cast<std::uint16_t>(sign | rounded >> 13)};
  }
  // A denormal, a multiple of 2^-24: adding 0.5, whose last bit is worth that, rounds it.
  const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
  return {static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000))};
}

}  // namespace fallow

#endif  // FALLOW_TYPES_H_
