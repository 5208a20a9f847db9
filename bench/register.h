// Each file of rows registers them with Google Benchmark here. Names: Operation/dtype/p=0.1/n=65536/t=1/AVX2, that is
// operation, type, rate, elements, threads, target, without what does not apply.
#ifndef FALLOW_BENCH_REGISTER_H_
#define FALLOW_BENCH_REGISTER_H_

#include "bench/row.h"

namespace fallow::bench {

void RegisterDropout();
void RegisterFused();
void RegisterMasks();
void RegisterNoise();
void RegisterRows();
void RegisterTraining();
void RegisterVariants();
void RegisterYardsticks();

// Memcpy, StreamCopy and Scale of a case.
void RegisterCopies(const Case& c);

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_REGISTER_H_
