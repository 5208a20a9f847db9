// CPU cycles, where the machine counts them for its programs. Virtual machines seldom do.
#ifndef FALLOW_BENCH_CYCLES_H_
#define FALLOW_BENCH_CYCLES_H_

#include <cstdint>
#include <optional>

namespace fallow::bench {

// Those that the calling thread has taken in user mode since some time; nothing if they are not counted.
std::optional<std::uint64_t> ThreadCycles();

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_CYCLES_H_
