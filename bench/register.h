// Each file of rows registers them with Google Benchmark here. Names: Operation/dtype/p=0.1/n=65536/t=1/AVX2, that is
// operation, type, rate, elements, threads, target, without what does not apply.
#ifndef FALLOW_BENCH_REGISTER_H_
#define FALLOW_BENCH_REGISTER_H_

namespace fallow::bench {

void RegisterFused();
void RegisterKernels();
void RegisterRows();
void RegisterNoise();
void RegisterTraining();
void RegisterVariants();

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_REGISTER_H_
