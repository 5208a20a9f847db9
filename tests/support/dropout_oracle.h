// Dropout of elements of every type, in plain loops, given the mask.
//
// Nothing here may include, link or be copied from kernels/.
#ifndef FALLOW_TESTS_SUPPORT_DROPOUT_ORACLE_H_
#define FALLOW_TESTS_SUPPORT_DROPOUT_ORACLE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fallow::oracle {

enum class Type { kF32, kF64, kBF16, kF16 };

std::size_t SizeOf(Type type);
const char* NameOf(Type type);

// One after the other, as in memory.
using Elements = std::vector<std::byte>;
using ElementView = std::span<const std::byte>;

bool IsNan(Type type, const std::byte* element);

// What elements are multiplied with: 16-bit ones as floats.
struct Factor {
  float f32;
  double f64;
};

// 2^32 / T, rounded once.
Factor TrainingFactor(double drop_probability);
// T / 2^32.
Factor InferenceFactor(double drop_probability);

// x * factor. The product is a float, or a double for f64, rounded to the type.
Elements Scaled(Type type, ElementView x, Factor factor);

// mask[i] != 0 ? kept[i] : dropped[i], to the bit.
Elements Select(Type type, std::span<const std::uint8_t> mask_bytes, ElementView kept, ElementView dropped);

// mask[i] != 0 ? x[i] * factor : +0.
Elements Dropout(Type type, ElementView x, std::span<const std::uint8_t> mask_bytes, Factor factor);

// mask[i] != 0 ? y[i] + x[i] * factor : y[i], product and sum each rounded to float, or double, and the sum to the
// type.
Elements Accumulate(Type type, ElementView x, std::span<const std::uint8_t> mask_bytes, Factor factor, ElementView y);

}  // namespace fallow::oracle

#endif  // FALLOW_TESTS_SUPPORT_DROPOUT_ORACLE_H_
