// An independent reading of the mask contract (stream v1), in plain loops, for tests to hold the kernels against.
//
// Nothing here may include, link or be copied from kernels/: an error that both sides share is one that no test finds.
#ifndef FALLOW_TESTS_SUPPORT_ORACLE_H_
#define FALLOW_TESTS_SUPPORT_ORACLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fallow::oracle {

// Which mask: the arguments of the contract's U(i), and i of the first element.
struct Key {
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;
  std::uint64_t first_element = 0;
  int rounds = 10;
};

std::array<std::uint32_t, 4> Philox4x32(const std::array<std::uint32_t, 4>& counter,
                                        const std::array<std::uint32_t, 2>& key, int rounds);

// T and 2^32 / T of a drop probability in [0, 1], rounded once each.
std::uint64_t Threshold(double drop_probability);
float Scale(double drop_probability);
double ScaleF64(double drop_probability);
// The scales of a threshold in [0, 2^32].
float ScaleOfThreshold(std::uint64_t threshold);
double ScaleF64OfThreshold(std::uint64_t threshold);

// U(key.first_element) ... U(key.first_element + count - 1).
std::vector<std::uint32_t> Uniforms(const Key& key, std::size_t count);

// The mask, one byte an element: 1 keeps, 0 drops.
std::vector<std::uint8_t> MaskBytes(double drop_probability, const Key& key, std::size_t count);
// Compares uniforms with the threshold of `drop_probability`: for callers that need many rates of one key.
std::vector<std::uint8_t> MaskBytes(double drop_probability, std::span<const std::uint32_t> uniforms);

// The mask of an array of `shape` whose element takes the decision of `mask_bytes`, of shape `noise_shape`, at its own
// indices, or at 0 where `noise_shape` is 1: Keras's noise_shape, element by element.
std::vector<std::uint8_t> Repeat(std::span<const std::uint8_t> mask_bytes, std::span<const std::size_t> shape,
                                 std::span<const std::size_t> noise_shape);

// One bit an element, least significant first; any byte but 0 keeps.
std::vector<std::uint8_t> PackBits(std::span<const std::uint8_t> mask_bytes);

// mask[i] != 0 ? x[i] * scale : +0.
std::vector<float> Apply(std::span<const float> x, std::span<const std::uint8_t> mask_bytes, float scale);

// Dropout forward of x, or backward of dy, under the mask `mask_bytes` made for `drop_probability`; copies if that is
// 0.
std::vector<float> Dropout(double drop_probability, std::span<const float> x, std::span<const std::uint8_t> mask_bytes);

}  // namespace fallow::oracle

#endif  // FALLOW_TESTS_SUPPORT_ORACLE_H_
