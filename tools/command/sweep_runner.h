// Trains what a sweep asks for, many runs at once, each on one thread.
#ifndef FALLOW_TOOLS_SWEEP_RUNNER_H_
#define FALLOW_TOOLS_SWEEP_RUNNER_H_

#include <chrono>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <mutex>
#include <span>
#include <vector>

#include "tools/command/progress.h"
#include "tools/command/sweep_results.h"
#include "tools/command/train_options.h"
#include "tools/command/training_data.h"

namespace fallow::tools {

// What a sweep's folder holds.
struct SweepFiles {
  std::filesystem::path folder;

  std::filesystem::path config() const { return folder / "config.toml"; }
  std::filesystem::path results() const { return folder / "results.csv"; }
  std::filesystem::path picture() const { return folder / "sweep.png"; }
  std::filesystem::path model() const { return folder / "model.safetensors"; }
  // Checkpoints of runs that are not done, or go on in the next rung.
  std::filesystem::path unfinished() const { return folder / "unfinished"; }
};

class SweepRunner {
 public:
  // All of these must outlive it. Runs that `results` has already are not run again; others go on from their
  // checkpoints. Results do not depend on how many runs there are at once: `options.threads`, or one a core.
  SweepRunner(const SweepPlan& plan, const TrainOptions& options, const TrainingData& data, const SweepFiles& files,
              SweepResults& results);

  // Trains all that the rung lacks, and writes results.csv after each run. Returns false if a signal came first (see
  // InterruptGuard). Throws what a run throws, unless it diverged, which is a result.
  bool RunRung(std::size_t rung);

 private:
  void Work(std::span<const SweepRun> runs);
  void TrainOne(const SweepRun& run);
  Outcome Train(const SweepRun& run, bool* finished);
  std::filesystem::path CheckpointOf(const SweepRun& run) const;
  void RemoveCheckpoints(std::size_t rung) const;

  std::size_t EpochsBefore(std::size_t rung) const { return rung == 0 ? 0 : plan_.rungs[rung - 1].epochs; }
  std::size_t EpochsOf(std::size_t rung) const { return plan_.rungs[rung].epochs - EpochsBefore(rung); }
  void ShowProgress(double epochs, bool trained);

  const SweepPlan& plan_;
  const TrainOptions& options_;
  const TrainingData& data_;
  const SweepFiles& files_;
  SweepResults& results_;

  std::mutex mutex_;  // Of all that follows, and of results_.
  std::size_t next_ = 0;
  std::exception_ptr error_;
  ProgressBar bar_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double epochs_ = 0, done_ = 0, trained_ = 0;  // Of all runs of all rungs; those behind them; those of this session.
  std::size_t runs_ = 0, runs_done_ = 0;
};

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_SWEEP_RUNNER_H_
