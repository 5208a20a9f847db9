// Google Benchmark's reporters with the names that the rows were given: without its "/real_time", which nearly all of
// them have, and "/iterations:1/manual_time".
#ifndef FALLOW_BENCH_REPORTERS_H_
#define FALLOW_BENCH_REPORTERS_H_

#include <benchmark/benchmark.h>

#include <vector>

namespace fallow::bench {

template <class Reporter>
class PlainNames : public Reporter {
 public:
  using Reporter::Reporter;

  void ReportRuns(const std::vector<benchmark::BenchmarkReporter::Run>& runs) override {
    std::vector<benchmark::BenchmarkReporter::Run> plain = runs;
    for (benchmark::BenchmarkReporter::Run& run : plain) {
      run.run_name.time_type.clear();
      run.run_name.iterations.clear();
    }
    Reporter::ReportRuns(plain);
  }
};

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_REPORTERS_H_
