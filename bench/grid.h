// What rows vary over: sizes, rates, types, threads and targets.
#ifndef FALLOW_BENCH_GRID_H_
#define FALLOW_BENCH_GRID_H_

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <thread>
#include <vector>

#include "bench/row.h"
#include "fallow/target.h"
#include "fallow/types.h"

namespace fallow::bench {

using Rates = std::initializer_list<const char*>;
using Types = std::initializer_list<DType>;

// Of f32 elements: in the caches of the first, second and last level, and beyond them.
inline constexpr std::size_t kSizes[] = {4096, 65536, 1 << 20, 64 << 20};
inline constexpr Rates kRates = {"0.1", "0.5"};
inline constexpr Rates kNoRate = {""};
inline constexpr Types kF32 = {DType::kF32};
inline constexpr Types kComputedInFloat = {DType::kF32, DType::kBF16, DType::kF16};
inline constexpr Types kAllTypes = {DType::kF32, DType::kBF16, DType::kF16, DType::kF64};

// 1, 2, 4, … and all that the machine has.
inline std::vector<int> ThreadCounts() {
  const int all = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  std::vector<int> counts;
  for (int count = 1; count < all; count *= 2) counts.push_back(count);
  counts.push_back(all);
  return counts;
}

// Calls body(case) for all of them.
template <class Body>
void ForEachCase(Rates rates, Types types, const Body& body) {
  for (const std::size_t n : kSizes) {
    for (const int threads : ThreadCounts()) {
      for (const Target target : SupportedTargets()) {
        for (const char* rate : rates) {
          for (const DType type : types) body(Case(n, {.max_threads = threads, .target = target}, rate, type));
        }
      }
    }
  }
}

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_GRID_H_
