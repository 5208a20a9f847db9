// What dropout is measured against: loops that any implementation must at least do.
#ifndef FALLOW_BENCH_YARDSTICKS_H_
#define FALLOW_BENCH_YARDSTICKS_H_

#include <cstddef>
#include <cstdint>

#include "fallow/target.h"

namespace fallow::bench {

// y = a x.
void ScaleBy(Target target, const float* x, std::size_t n, float a, float* y);

// y = x with streaming stores: the memory's own speed. `y` is 64-byte aligned and n a multiple of 16.
void StreamCopy(Target target, const float* x, std::size_t n, float* y);

// y = random < threshold ? scale * x : 0, with a vector of xoshiro128+ generators, of 32 bits each. `n` is a multiple
// of 16.
void XoshiroDropout(Target target, const float* x, std::size_t n, std::uint32_t threshold, float scale,
                    std::uint32_t seed, float* y);

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_YARDSTICKS_H_
