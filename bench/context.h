// What a run's figures mean nothing without: the machine, the compiler, what was built.
#ifndef FALLOW_BENCH_CONTEXT_H_
#define FALLOW_BENCH_CONTEXT_H_

namespace fallow::bench {

// Adds it to what Google Benchmark writes of itself, which has the caches and the date.
void AddContext();

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_CONTEXT_H_
