// What dropout is measured against: loops that any implementation must at least do.
#ifndef FALLOW_BENCH_YARDSTICKS_H_
#define FALLOW_BENCH_YARDSTICKS_H_

#include <cstddef>

#include "fallow/target.h"

namespace fallow::bench {

// y = a x.
void Scale(Target target, const float* x, std::size_t n, float a, float* y);

// y = x with streaming stores: the memory's own speed. `y` is 64-byte aligned and n a multiple of 16.
void StreamCopy(Target target, const float* x, std::size_t n, float* y);

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_YARDSTICKS_H_
