#include <benchmark/benchmark.h>

#include <string>

#include "bench/register.h"
#include "fallow/target.h"

namespace {

std::string TargetNames() {
  std::string names;
  for (const fallow::Target target : fallow::SupportedTargets()) names += std::string(target.name()) + " ";
  return names;
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::AddCustomContext("fallow_commit", FALLOW_COMMIT);
  benchmark::AddCustomContext("fallow_compiler", FALLOW_COMPILER);
  benchmark::AddCustomContext("fallow_targets", TargetNames());
  benchmark::AddCustomContext("fallow_default_target", fallow::DefaultTarget().name());
  fallow::bench::RegisterKernels();
  fallow::bench::RegisterVariants();
  fallow::bench::RegisterRows();
  fallow::bench::RegisterFused();
  fallow::bench::RegisterNoise();
#ifdef FALLOW_BENCH_TRAINING
  fallow::bench::RegisterTraining();
#endif
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
