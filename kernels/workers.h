// Threads, from oneTBB.
#ifndef FALLOW_KERNELS_WORKERS_H_
#define FALLOW_KERNELS_WORKERS_H_

#include <cstddef>

namespace fallow {

// How many threads the caller's arena has, the caller's included.
int ArenaThreads() noexcept;

// Calls work(context) `workers` times, at once where the arena has threads to spare, and returns when all are done.
// Throws if oneTBB cannot allocate; `work` may then have been called fewer times.
void RunWorkers(std::size_t workers, void (*work)(void* context), void* context);

}  // namespace fallow

#endif  // FALLOW_KERNELS_WORKERS_H_
