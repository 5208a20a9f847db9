#include "bench/context.h"

#include <benchmark/benchmark.h>

#include <fstream>
#include <string>

#include "commit.h"
#include "fallow/target.h"

#ifdef FALLOW_BENCH_TRAINING
#include "fallow/nn/blas.h"
#endif

namespace fallow::bench {
namespace {

std::string TargetNames() {
  std::string names;
  for (const Target target : SupportedTargets()) names.append(names.empty() ? "" : " ").append(target.name());
  return names;
}

// The first line of Linux's description of the CPUs that begins with `key`, behind its colon.
std::string CpuInfo(const std::string& key) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with(key + '\t') && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "?";
}

// As x86 names CPUs, or ARM.
std::string CpuName() {
  const std::string name = CpuInfo("model name");
  if (name == "?") return "implementer " + CpuInfo("CPU implementer") + ", part " + CpuInfo("CPU part");
  return name + ", family " + CpuInfo("cpu family") + ", model " + CpuInfo("model");
}

}  // namespace

void AddContext() {
#ifdef FALLOW_BENCH_TRAINING
  benchmark::AddCustomContext("fallow_blas", nn::BlasName());
#endif
  benchmark::AddCustomContext("fallow_commit", FALLOW_COMMIT);
  benchmark::AddCustomContext("fallow_compiler", FALLOW_COMPILER);
  benchmark::AddCustomContext("fallow_cpu", CpuName());
  benchmark::AddCustomContext("fallow_default_target", DefaultTarget().name());
  benchmark::AddCustomContext("fallow_flags", FALLOW_FLAGS);
  benchmark::AddCustomContext("fallow_targets", TargetNames());
}

}  // namespace fallow::bench
