// How a call is cut up: tasks for threads, and chunks that stay in cache.
#ifndef FALLOW_KERNELS_CHUNKS_H_
#define FALLOW_KERNELS_CHUNKS_H_

#include <algorithm>
#include <cstddef>

#include "fallow/execution.h"
#include "kernels/mask_plan.h"
#include "kernels/parallel.h"

namespace fallow {

// Some ten microseconds of work: more than it costs to hand a task to another thread.
inline constexpr std::size_t kTaskElements = 2 * kChunkElements;

// Calls body(first, n) for chunks that cover [0, count). All bounds are multiples of kChunkElements, so chunks never
// share a byte of a bit mask, and depend on `count` alone.
template <class Body>
void ForEachChunk(std::size_t count, const Execution& execution, const Body& body) noexcept {
  const std::size_t tasks = count / kTaskElements + (count % kTaskElements != 0);
  ParallelFor(tasks, execution.max_threads, [&](std::size_t task) {
    const std::size_t begin = task * kTaskElements;
    const std::size_t end = std::min(count, begin + kTaskElements);
    for (std::size_t first = begin; first < end; first += kChunkElements) {
      body(first, std::min(kChunkElements, end - first));
    }
  });
}

}  // namespace fallow

#endif  // FALLOW_KERNELS_CHUNKS_H_
