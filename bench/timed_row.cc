// Rows as Google Benchmark runs them: checked, then timed.
#include <benchmark/benchmark.h>

#include <optional>
#include <utility>

#include "bench/cycles.h"
#include "bench/roof.h"
#include "bench/row.h"

namespace fallow::bench {
namespace {

void Run(benchmark::State& state, const Case& c, double bytes, const Operation& operation, const Verify& verify) {
  const double roof = RoofBytesPerSecond(c.n * SizeOf(c.type), c.execution.max_threads);
  Buffers& buffers = Buffers::For(c.type, c.n);
  buffers.Refill();
  if (!operation(c, buffers, 0).ok()) return state.SkipWithError("the call failed");
  if (!verify(c, buffers)) return state.SkipWithError("the result differs from the oracle's");
  const bool alone = c.execution.max_threads == 1;
  std::uint64_t iteration = 0;
  const std::optional<std::uint64_t> first_cycle = alone ? ThreadCycles() : std::nullopt;
  for (auto _ : state) {
    if (!operation(c, buffers, ++iteration).ok()) return state.SkipWithError("the call failed");
    benchmark::ClobberMemory();
  }
  const std::optional<std::uint64_t> last_cycle = alone ? ThreadCycles() : std::nullopt;
  const double elements = static_cast<double>(c.n) * static_cast<double>(state.iterations());
  using benchmark::Counter;
  state.SetItemsProcessed(static_cast<std::int64_t>(elements));
  if (bytes > 0) {
    state.SetBytesProcessed(static_cast<std::int64_t>(elements * bytes));
    state.counters["roof"] = Counter(elements * bytes / roof, Counter::kIsRate);
  }
  if (first_cycle && last_cycle) {
    state.counters["cycles_per_element"] = static_cast<double>(*last_cycle - *first_cycle) / elements;
  }
}

}  // namespace

void AddRow(const std::string& name, const Case& c, double bytes, Operation operation, Verify verify) {
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
    Run(state, c, bytes, operation, verify);
  })->UseRealTime();
}

}  // namespace fallow::bench
