// How a call is cut up: into chunks that stay in cache, and are worth another thread.
#ifndef FALLOW_KERNELS_CHUNKS_H_
#define FALLOW_KERNELS_CHUNKS_H_

#include <algorithm>
#include <cstddef>

#include "fallow/execution.h"
#include "kernels/mask_plan.h"
#include "kernels/parallel.h"

namespace fallow {

// Calls body(first, n) for chunks that cover [0, count), each of which may go to another thread. All bounds are
// multiples of kChunkElements, so chunks never share a byte of a bit mask, and depend on `count` alone.
template <class Body>
void ForEachChunk(std::size_t count, const Execution& execution, const Body& body) noexcept {
  const std::size_t chunks = count / kChunkElements + (count % kChunkElements != 0);
  ParallelFor(chunks, execution.max_threads, [&](std::size_t chunk) {
    const std::size_t first = chunk * kChunkElements;
    body(first, std::min(kChunkElements, count - first));
  });
}

// Calls body(row, col, n, done) for the parts of rows of `cols` elements that elements [first, first + count) fall
// into; `done` elements came before.
template <class Body>
void ForEachRowPart(std::size_t first, std::size_t count, std::size_t cols, const Body& body) {
  for (std::size_t done = 0; done < count;) {
    const std::size_t row = (first + done) / cols;
    const std::size_t col = (first + done) % cols;
    const std::size_t n = std::min(cols - col, count - done);
    body(row, col, n, done);
    done += n;
  }
}

}  // namespace fallow

#endif  // FALLOW_KERNELS_CHUNKS_H_
