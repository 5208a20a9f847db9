// The only file that includes oneTBB.
#include "kernels/parallel.h"

#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <atomic>

namespace fallow {

void RunPieces(std::size_t count, int max_threads, PieceFunction function, const void* context) noexcept {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t piece; (piece = next.fetch_add(1, std::memory_order_relaxed)) < count;) function(context, piece);
  };
  if (max_threads == 1 || count <= 1) return work();

  const int threads = max_threads > 0 ? max_threads : tbb::this_task_arena::max_concurrency();
  const std::size_t workers = std::min(count, static_cast<std::size_t>(threads));
  // Isolated: runs to the end even if the caller's own task group is cancelled. With the caller's floating-point
  // settings: other threads must round as the caller's does.
  using Context = tbb::task_group_context;
  Context group(Context::isolated, Context::default_traits | Context::fp_settings);
  // One task a worker, each drawing pieces until none is left, bounds the threads without an arena of our own: nested
  // arenas would take the caller's threads away, and a global_control would reach beyond this call.
  try {
    // While it waits, the caller's thread takes no other task of its arena: that might want a lock the caller holds.
    tbb::this_task_arena::isolate([&] {
      tbb::parallel_for(
          std::size_t{0}, workers, [&](std::size_t) { work(); }, tbb::simple_partitioner{}, group);
    });
  } catch (...) {
    // oneTBB could not allocate a task. Pieces are drawn at most once, so what is left can be done right here.
    work();
  }
}

}  // namespace fallow
