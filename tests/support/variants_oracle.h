// Variants of dropout, in plain loops, given the mask.
//
// Nothing here may include, link or be copied from kernels/.
#ifndef FALLOW_TESTS_SUPPORT_VARIANTS_ORACLE_H_
#define FALLOW_TESTS_SUPPORT_VARIANTS_ORACLE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/support/dropout_oracle.h"
#include "tests/support/oracle.h"

namespace fallow::oracle {

// Alpha dropout's a and b, and what a dropped element becomes, for a drop probability below 1.
struct AlphaConstants {
  double a, b, dropped;
};
AlphaConstants AlphaOf(double drop_probability);

// mask[i] != 0 ? a * x[i] + b : dropped, each constant and each operation rounded to float, or double.
Elements AlphaDropout(Type type, ElementView x, std::span<const std::uint8_t> mask_bytes, double drop_probability);

// first * q + second * (1 - q) for q = T / 2^32, rounded likewise.
Elements Expectation(Type type, ElementView first, ElementView second, double drop_probability);

// [samples, channels, height, width] and the sides of a block.
struct BlockShape {
  std::size_t samples, channels, height, width, block_height, block_width;
  bool channels_share = false;

  std::size_t size() const { return samples * channels * height * width; }
};

// Which elements DropBlock keeps.
std::vector<std::uint8_t> DropBlockMask(const BlockShape& shape, double drop_probability, const Key& key);

// Elements over kept ones; 0 if there are none.
Factor Renormalisation(std::span<const std::uint8_t> mask_bytes);

// Welford's update in State, float or double. `count` samples with this one.
template <class State>
void WelfordUpdate(Type type, ElementView sample, std::size_t count, std::vector<State>& mean, std::vector<State>& m2);

}  // namespace fallow::oracle

#endif  // FALLOW_TESTS_SUPPORT_VARIANTS_ORACLE_H_
