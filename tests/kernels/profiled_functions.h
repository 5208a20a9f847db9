// Every public function that takes an Execution, behind one signature.
#ifndef FALLOW_TESTS_KERNELS_PROFILED_FUNCTIONS_H_
#define FALLOW_TESTS_KERNELS_PROFILED_FUNCTIONS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fallow/array.h"
#include "fallow/execution.h"
#include "fallow/mask.h"
#include "fallow/rate.h"
#include "fallow/status.h"

namespace fallow::test {

inline constexpr std::size_t kSamples = 3;  // Of MonteCarloForward.

// What the functions read and write: arrays of floats.
struct Buffers {
  Buffers(std::size_t row_count, std::size_t col_count);

  std::size_t size() const { return rows * cols; }
  ConstArray in() const { return {input.data(), rows, cols, cols}; }
  Array out() { return {output.data(), rows, cols, cols}; }
  Array out2() { return {output2.data(), rows, cols, cols}; }
  bool operator==(const Buffers&) const = default;

  std::size_t rows, cols;
  std::vector<float> input, output, output2, samples, row, row_out, row_out2;
  std::vector<std::uint8_t> stored;
  std::vector<std::uint32_t> words;
  std::size_t kept = 0;
  double dp = 0;
};

// The arguments that calls share. `valid` false: also of those that take neither rate nor key, which then fail.
struct Arguments {
  Rate rate = Rate(0.3);
  MaskKey key = {.seed = 7, .stream = 8};
  bool valid = true;

  Mask mask() const { return {rate, key}; }
};

struct ProfiledFunction {
  const char* name;
  Status (*call)(Buffers&, const Arguments&, const Execution&);
  enum { kTyped, kUntyped } dtype = kTyped;  // Of the record: f32 or kNoDType.
  enum { kMasks, kPlain } words = kMasks;    // Whether it generates masks or random words at p = 0.3.
};

std::span<const ProfiledFunction> ProfiledFunctions();

}  // namespace fallow::test

#endif  // FALLOW_TESTS_KERNELS_PROFILED_FUNCTIONS_H_
