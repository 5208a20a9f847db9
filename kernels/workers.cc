// The only file that includes oneTBB. It is compiled without ThreadSanitizer, which does not see the synchronisation
// inside oneTBB's binary and takes the rest of it, in these headers, for races; parallel.cc tells it the order.
#include "kernels/workers.h"

#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

namespace fallow {

int ArenaThreads() noexcept { return tbb::this_task_arena::max_concurrency(); }

void RunWorkers(std::size_t workers, void (*work)(void* context), void* context) {
  // Isolated: runs to the end even if the caller's own task group is cancelled. With the caller's floating-point
  // settings: other threads must round as the caller's does.
  using Context = tbb::task_group_context;
  Context group(Context::isolated, Context::default_traits | Context::fp_settings);
  // While it waits, the caller's thread takes no other task of its arena: that might want a lock the caller holds.
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(
        std::size_t{0}, workers, [&](std::size_t) { work(context); }, tbb::simple_partitioner{}, group);
  });
}

}  // namespace fallow
