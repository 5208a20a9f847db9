// What the tests of fused.h share: arrays, their oracle, and the bounds of the header.
#ifndef FALLOW_TESTS_KERNELS_FUSED_CASES_H_
#define FALLOW_TESTS_KERNELS_FUSED_CASES_H_

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fallow/fused.h"
#include "tests/kernels/mask_cases.h"
#include "tests/kernels/typed_targets.h"
#include "tests/support/elements.h"
#include "tests/support/fused_oracle.h"
#include "tests/support/oracle.h"
#include "tests/support/placed_rows.h"

namespace fallow::test {

inline constexpr Activation kActivations[] = {Activation::kLinear, Activation::kReLU,    Activation::kLeakyReLU,
                                              Activation::kELU,    Activation::kSELU,    Activation::kGELU,
                                              Activation::kSiLU,   Activation::kSigmoid, Activation::kTanh};
// The same bits on every target: the oracle's.
inline constexpr Activation kExactActivations[] = {Activation::kLinear, Activation::kReLU, Activation::kLeakyReLU};
inline constexpr DType kFusedTypes[] = {DType::kF32, DType::kBF16, DType::kF16};
inline constexpr float kSlope = 0.3f;

inline oracle::Activation ToOracle(Activation activation) {
  return static_cast<oracle::Activation>(static_cast<int>(activation));
}

// The header's bound on the error of the activation at x, whose value is `value`.
inline double ValueBound(Activation activation, double x, double value) {
  if (activation == Activation::kGELU) return (5e-7 + 1e-7 * x * x) * std::abs(value);
  return 1e-6 * std::abs(value) + 2e-7 * std::max(1.0, std::abs(x));
}

// What rounding to the type, twice, may change.
inline double RoundingBound(oracle::Type type, double value) {
  switch (type) {
    case oracle::Type::kBF16:
      return 0x1p-7 * std::abs(value) + 1e-38;
    case oracle::Type::kF16:
      return 0x1p-10 * std::abs(value) + 0x1p-24;
    default:
      return 0x1p-22 * std::abs(value) + 1e-38;
  }
}

// Inputs of rows x cols elements.
struct FusedCase {
  FusedCase(oracle::Type element_type, std::size_t row_count, std::size_t col_count, double drop_probability)
      : type(element_type),
        rows(row_count),
        cols(col_count),
        p(drop_probability),
        key{.seed = 7 + rows, .stream = cols, .first_element = 1000 * cols + rows},
        mask_bytes(oracle::MaskBytes(p, ToOracle(key), rows * cols)) {}

  Mask mask() const { return {Rate(p), key}; }

  // `bias` as floats; empty for none.
  oracle::Fused Oracle(Activation activation, std::vector<float> bias) const {
    return {ToOracle(activation), kSlope, cols, std::move(bias), mask_bytes, oracle::Scale(p)};
  }

  oracle::Type type;
  std::size_t rows;
  std::size_t cols;
  double p;
  MaskKey key;
  std::vector<std::uint8_t> mask_bytes;
};

class FusedTypedTest : public TypedTargetTest {
 protected:
  PlacedRows PlaceRows(const oracle::Elements& elements, std::size_t rows, Placement placement) const {
    placement.rows = rows;
    return Place(elements, placement);
  }
  static ConstArray Matrix(const oracle::Elements& elements, std::size_t rows, std::size_t cols) {
    return {elements.data(), dtype(), rows, cols, cols};
  }
  static Array Matrix(oracle::Elements& elements, std::size_t rows, std::size_t cols) {
    return {elements.data(), dtype(), rows, cols, cols};
  }
  static std::vector<float> Floats(const oracle::Elements& elements) { return oracle::ToFloats(type(), elements); }
};

#define FALLOW_TEST_EVERY_TARGET_AND_FUSED_TYPE(Suite)                                                               \
  INSTANTIATE_TEST_SUITE_P(, Suite,                                                                                  \
                           testing::Combine(testing::ValuesIn(SupportedTargets().begin(), SupportedTargets().end()), \
                                            testing::ValuesIn(fallow::test::kFusedTypes)),                           \
                           fallow::test::TypedTargetTestName)

}  // namespace fallow::test

#endif  // FALLOW_TESTS_KERNELS_FUSED_CASES_H_
