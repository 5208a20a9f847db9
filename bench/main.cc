#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "bench/context.h"
#include "bench/peers/peers.h"
#include "bench/register.h"
#include "bench/reporters.h"

namespace {

// Google Benchmark takes a reporter for a file only if it is to write one.
bool WantsFile(int argc, char** argv) {
  return std::any_of(argv, argv + argc,
                     [](std::string_view argument) { return argument.starts_with("--benchmark_out="); });
}

}  // namespace

int main(int argc, char** argv) {
  fallow::bench::AddContext();
  fallow::bench::RegisterKernels();
#ifdef FALLOW_BENCH_TRAINING
  fallow::bench::RegisterTraining();
#endif
  fallow::bench::RegisterPeers();
  const bool to_file = WantsFile(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  using benchmark::ConsoleReporter;
  fallow::bench::PlainNames<ConsoleReporter> display(isatty(STDOUT_FILENO) != 0 ? ConsoleReporter::OO_Defaults
                                                                                : ConsoleReporter::OO_None);
  fallow::bench::PlainNames<benchmark::JSONReporter> file;
  benchmark::RunSpecifiedBenchmarks(&display, to_file ? &file : nullptr);
  benchmark::Shutdown();
  return 0;
}
