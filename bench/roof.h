// The memory roof: how fast this machine moves bytes at a size, the least that any kernel must do.
#ifndef FALLOW_BENCH_ROOF_H_
#define FALLOW_BENCH_ROOF_H_

#include <cstddef>

#include "bench/row.h"

namespace fallow::bench {

// What yardsticks do: y from x on as many threads as `c` says, each an equal part.
Status MemcpyInParts(const Case& c, Buffers& b, std::uint64_t iteration);
Status StreamCopyInParts(const Case& c, Buffers& b, std::uint64_t iteration);
Status ScaleInParts(const Case& c, Buffers& b, std::uint64_t iteration);

// Bytes read and written a second by the fastest of them, from and to arrays of `array_bytes` each. Measured when first
// asked for, the best of some passes: what the machine can do, not what it did just now.
double RoofBytesPerSecond(std::size_t array_bytes, int threads);

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_ROOF_H_
