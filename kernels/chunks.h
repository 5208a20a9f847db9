// How a call is cut up: into chunks that stay in cache, and are worth another thread.
#ifndef FALLOW_KERNELS_CHUNKS_H_
#define FALLOW_KERNELS_CHUNKS_H_

#include <algorithm>
#include <cstddef>

#include "kernels/call.h"
#include "kernels/mask_plan.h"

namespace fallow {

// Some three microseconds of work, or more: what it is worth to hand to another thread.
inline constexpr std::size_t kTaskElements = kChunkElements / 2;

// Calls body(first, n) for chunks that cover [0, count), each of which may go to another thread. All bounds are
// multiples of kTaskElements, so chunks never share a byte of a bit mask; no result may depend on where they are.
template <class Body>
void ForEachChunk(std::size_t count, const Call& call, const Body& body) noexcept {
  const std::size_t size = call.max_threads() == 1 ? kChunkElements : kTaskElements;
  const std::size_t chunks = count / size + (count % size != 0);
  ParallelFor(chunks, call, [&](std::size_t chunk) {
    const std::size_t first = chunk * size;
    body(first, std::min(size, count - first));
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
