#include "bench/cycles.h"

#if defined(__linux__)
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace fallow::bench {

#if defined(__linux__)
namespace {

// A counter that runs from now on, or -1.
int OpenCounter() {
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.config = PERF_COUNT_HW_CPU_CYCLES;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  constexpr int kThisThread = 0, kAnyCpu = -1, kNoGroup = -1, kNoFlags = 0;
  return static_cast<int>(syscall(SYS_perf_event_open, &attributes, kThisThread, kAnyCpu, kNoGroup, kNoFlags));
}

}  // namespace

std::optional<std::uint64_t> ThreadCycles() {
  thread_local const int counter = OpenCounter();
  std::uint64_t cycles;
  if (counter < 0 || read(counter, &cycles, sizeof(cycles)) != sizeof(cycles)) return std::nullopt;
  return cycles;
}
#else
std::optional<std::uint64_t> ThreadCycles() { return std::nullopt; }
#endif

}  // namespace fallow::bench
