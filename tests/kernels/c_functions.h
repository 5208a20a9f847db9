// Every function of the C++ headers that takes an Execution, and the C function that does the same, behind one
// signature.
#ifndef FALLOW_TESTS_KERNELS_C_FUNCTIONS_H_
#define FALLOW_TESTS_KERNELS_C_FUNCTIONS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fallow/execution.h"
#include "fallow/fallow.h"
#include "fallow/status.h"

namespace fallow::test {

inline constexpr std::size_t kCRows = 12, kCCols = 60, kCCount = kCRows * kCCols, kCSamples = 3;

// What the functions write; inputs are constants, another for each argument.
struct COutputs {
  bool operator==(const COutputs&) const = default;

  std::vector<float> a = std::vector<float>(kCCount, 0.5f);
  std::vector<float> b = std::vector<float>(kCCount, 0.25f);
  std::vector<float> samples = std::vector<float>(kCSamples * kCCount);
  std::vector<float> row = std::vector<float>(kCCols);
  std::vector<float> row2 = std::vector<float>(kCCols);
  std::vector<std::uint8_t> bits = std::vector<std::uint8_t>(fallow_bit_mask_bytes(kCCount));
  std::vector<std::uint32_t> words = std::vector<std::uint32_t>(kCCount);
  std::size_t kept = 0;
  double dp = 0;
};

struct CFunction {
  std::string name;  // In C++.
  Status (*cpp)(COutputs&, const Execution&);
  fallow_status (*c)(COutputs&, const fallow_execution*);
};

std::span<const CFunction> CFunctions();

// "rate: got 1.5, expected a number in [0, 1]"
std::string MessageOf(const fallow_status& status);

}  // namespace fallow::test

#endif  // FALLOW_TESTS_KERNELS_C_FUNCTIONS_H_
