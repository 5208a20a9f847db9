#include "bench/peers/peers.h"

#include <benchmark/benchmark.h>

namespace fallow::bench {

void RegisterPeers() {
#ifdef FALLOW_BENCH_PYTORCH
  RegisterPyTorch();
#else
  benchmark::AddCustomContext("peer_PyTorch", "not found");
#endif
#ifdef FALLOW_BENCH_RANDOM123
  RegisterRandom123();
#else
  benchmark::AddCustomContext("peer_Random123", "not found");
#endif
#ifdef FALLOW_BENCH_STD_PHILOX
  RegisterStdPhilox();
#else
  benchmark::AddCustomContext("peer_StdPhilox", "not found: std::philox_engine is C++26");
#endif
#ifdef FALLOW_BENCH_EIGEN
  RegisterEigen();
#else
  benchmark::AddCustomContext("peer_Eigen", "not found");
#endif
}

}  // namespace fallow::bench
