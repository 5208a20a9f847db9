// Work in pieces, on as many threads as the caller allows.
#ifndef FALLOW_KERNELS_PARALLEL_H_
#define FALLOW_KERNELS_PARALLEL_H_

#include <cstddef>
#include <cstdint>

namespace fallow {

using PieceFunction = void (*)(const void* context, std::size_t piece);

// See ParallelFor and TimedParallelFor.
void RunPieces(std::size_t count, int max_threads, PieceFunction function, const void* context) noexcept;
std::int64_t TimePieces(std::size_t count, int max_threads, PieceFunction function, const void* context) noexcept;

template <class Body>
void CallPiece(const void* context, std::size_t piece) {
  (*static_cast<const Body*>(context))(piece);
}

// How many threads `count` pieces may take: at most `max_threads` (see ParallelFor), and no more than the caller's
// arena has.
int MostThreads(std::size_t count, int max_threads) noexcept;

// Calls body(piece) once for every piece in [0, count), in any order, on at most `max_threads` threads of the caller's
// oneTBB arena, the caller's included (0: as many as the arena has; 1: all on the caller's, without oneTBB), and
// returns when all are done. `body` must not throw. What a piece is must not depend on the number of threads. Allocates
// nothing outside oneTBB's own pools.
template <class Body>
void ParallelFor(std::size_t count, int max_threads, const Body& body) noexcept {
  RunPieces(count, max_threads, CallPiece<Body>, &body);
}

// The same, for profiles. Returns the nanoseconds that all pieces took, summed over threads, less those that the
// caller's thread spent here.
template <class Body>
std::int64_t TimedParallelFor(std::size_t count, int max_threads, const Body& body) noexcept {
  return TimePieces(count, max_threads, CallPiece<Body>, &body);
}

}  // namespace fallow

#endif  // FALLOW_KERNELS_PARALLEL_H_
