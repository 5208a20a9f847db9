#include "tests/kernels/mask_cases.h"

#include <cmath>
#include <cstdint>
#include <sstream>

namespace fallow::test {

std::vector<double> ContractRates() {
  std::vector<double> rates = {0.0, 1.0, 1e-300, 1e-12, 0.01, 0.1, 0.2, 0.25, 0.3, 0.75, 0.9, 0.999, 1 - 0x1p-53};
  for (int planes = 1; planes <= 32; ++planes) {
    rates.push_back(std::ldexp(1.0, -planes));      // T = 2^32 - 2^(32 - planes): a run of ones.
    rates.push_back(1 - std::ldexp(1.0, -planes));  // T = 2^(32 - planes): a single one.
  }
  // Thresholds that agree with the uniforms of many elements for eight and more planes, then end at odd places.
  for (const std::uint32_t threshold :
       {0x80000001u, 0x7FFFFFFFu, 0xAAAAAAAAu, 0x55555555u, 0x00800000u, 0x01800000u, 0xFF7FFFFFu, 0x12345678u}) {
    rates.push_back(1 - threshold * 0x1p-32);
  }
  return rates;
}

std::vector<MaskKey> ContractKeys(std::size_t count) {
  constexpr std::uint64_t kBlockCarry = std::uint64_t{1} << 39;  // Block 2^32: its high word changes here.
  constexpr std::uint64_t kEnd = std::uint64_t{1} << 57;
  const MaskKey places[] = {
      {.seed = 0, .stream = 0, .first_element = 0},
      {.seed = 1, .stream = 0, .first_element = 1},
      {.seed = 42, .stream = 7, .first_element = 31},
      {.seed = 42, .stream = StreamOf(3, 1'000'000), .first_element = 63},
      {.seed = 0x0123456789ABCDEF, .stream = 0xFEDCBA9876543210, .first_element = 127},
      {.seed = 0xFFFFFFFFFFFFFFFF, .stream = 0xFFFFFFFFFFFFFFFF, .first_element = 129},
      {.seed = 0xDEADBEEF00000000, .stream = 0x8000000000000000, .first_element = 1'000'000'007},
      {.seed = 5, .stream = 9, .first_element = kBlockCarry - 1'000},
      {.seed = 0x8000000080000000, .stream = 0x100000000, .first_element = kBlockCarry - 129},
      {.seed = 6, .stream = 2, .first_element = kBlockCarry},
      {.seed = 0x100000001, .stream = 11, .first_element = 5 * kBlockCarry - 517},
      {.seed = 0x9E3779B97F4A7C15, .stream = 0xBB67AE8584CAA73B, .first_element = kEnd / 3},
      {.seed = 77, .stream = 0xFFFFFF0000000001, .first_element = kEnd - count},
  };
  std::vector<MaskKey> keys;
  for (MaskKey key : places) {
    for (const Rounds rounds : {Rounds::k10, Rounds::k7}) {
      key.rounds = rounds;
      keys.push_back(key);
    }
  }
  return keys;
}

oracle::Key ToOracle(const MaskKey& key) {
  return {.seed = key.seed,
          .stream = key.stream,
          .first_element = key.first_element,
          .rounds = static_cast<int>(key.rounds)};
}

std::string Describe(const MaskKey& key) {
  std::ostringstream out;
  out << std::hex << "seed 0x" << key.seed << ", stream 0x" << key.stream << ", first element 0x" << key.first_element
      << std::dec << ", " << static_cast<int>(key.rounds) << " rounds";
  return out.str();
}

}  // namespace fallow::test
