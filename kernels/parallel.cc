#include "kernels/parallel.h"

#include <algorithm>
#include <atomic>

#include "kernels/clock.h"
#include "kernels/workers.h"

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace fallow {
namespace {

// Tell ThreadSanitizer the order that oneTBB establishes between a caller and its workers, out of its sight
// (workers.cc).
void HandOver([[maybe_unused]] void* job) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(job);
#endif
}

void TakeOver([[maybe_unused]] void* job) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(job);
#endif
}

struct Job {
  PieceFunction function;
  const void* context;
  std::size_t count;
  std::atomic<std::size_t> next;
};

void DrawPieces(Job& job) {
  for (std::size_t piece; (piece = job.next.fetch_add(1, std::memory_order_relaxed)) < job.count;) {
    job.function(job.context, piece);
  }
}

void WorkOn(void* job) {
  TakeOver(job);
  DrawPieces(*static_cast<Job*>(job));
  HandOver(job);
}

}  // namespace

int MostThreads(std::size_t count, int max_threads) noexcept {
  if (max_threads == 1 || count <= 1) return 1;
  const int arena = ArenaThreads();
  const auto threads = static_cast<std::size_t>(max_threads > 0 ? std::min(max_threads, arena) : arena);
  return static_cast<int>(std::min(count, threads));
}

void RunPieces(std::size_t count, int max_threads, PieceFunction function, const void* context) noexcept {
  if (max_threads == 1 || count <= 1) {
    for (std::size_t piece = 0; piece < count; ++piece) function(context, piece);
    return;
  }
  Job job{function, context, count, 0};
  HandOver(&job);
  // One task a worker, each drawing pieces until none is left, bounds the threads without an arena of our own: nested
  // arenas would take the caller's threads away, and a global_control would reach beyond this call.
  const auto threads = static_cast<std::size_t>(max_threads > 0 ? max_threads : ArenaThreads());
  try {
    RunWorkers(std::min(count, threads), WorkOn, &job);
  } catch (...) {
    // Pieces are drawn at most once, so what is left can be done right here.
    DrawPieces(job);
  }
  TakeOver(&job);
}

std::int64_t TimePieces(std::size_t count, int max_threads, PieceFunction function, const void* context) noexcept {
  if (MostThreads(count, max_threads) == 1) {
    RunPieces(count, max_threads, function, context);
    return 0;
  }
  const std::int64_t start = NowNanoseconds();
  std::atomic<std::int64_t> sum = 0;
  ParallelFor(count, max_threads, [&](std::size_t piece) {
    const std::int64_t piece_start = NowNanoseconds();
    function(context, piece);
    sum.fetch_add(NowNanoseconds() - piece_start, std::memory_order_relaxed);
  });
  return sum - (NowNanoseconds() - start);
}

}  // namespace fallow
