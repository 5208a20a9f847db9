// The rows of each file. Names: Operation/dtype/p=0.1/n=65536/t=1/AVX2, that is operation, type, rate, elements,
// threads, target, without what does not apply.
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

// All of them but those of training: of fallow::kernels and its yardsticks.
inline void RegisterKernels() {
  RegisterYardsticks();
  RegisterDropout();
  RegisterMasks();
  RegisterVariants();
  RegisterRows();
  RegisterFused();
  RegisterNoise();
}

// Memcpy, StreamCopy and Scale of a case.
void RegisterCopies(const Case& c);

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_REGISTER_H_
