#include "tools/command/sweep_runner.h"

#include <algorithm>
#include <string>
#include <thread>

#include "fallow/nn/training.h"
#include "tools/command/files.h"
#include "tools/command/interrupt.h"

namespace fallow::tools {
namespace {

// The epoch whose weights the run's model has.
const nn::EpochRecord& ModelEpoch(std::span<const nn::EpochRecord> history, bool keeps_best) {
  if (!keeps_best) return history.back();
  return *std::ranges::min_element(history, {}, [](const auto& record) { return *record.validation_loss; });
}

}  // namespace

SweepRunner::SweepRunner(const SweepPlan& plan, const TrainOptions& options, const TrainingData& data,
                         const SweepFiles& files, SweepResults& results)
    : plan_(plan), options_(options), data_(data), files_(files), results_(results), bar_(false) {
  for (std::size_t rung = 0; rung < plan.rungs.size(); ++rung) {
    const std::size_t runs = plan.rungs[rung].candidates * plan.seeds.size();
    runs_ += runs;
    epochs_ += static_cast<double>(runs * EpochsOf(rung));
  }
}

bool SweepRunner::RunRung(std::size_t rung) {
  std::vector<SweepRun> runs;
  for (const std::uint64_t seed : plan_.seeds) {  // First all candidates once.
    for (const std::size_t candidate : results_.CandidatesOf(rung)) {
      const SweepRun run{rung, candidate, seed};
      if (results_.Has(run)) {
        ++runs_done_;
        done_ += static_cast<double>(EpochsOf(rung));
      } else {
        runs.push_back(run);
      }
    }
  }
  next_ = 0;
  const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
  const std::size_t workers = std::min<std::size_t>(options_.threads == 0 ? cores : options_.threads, runs.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < workers; ++i) threads.emplace_back([&] { Work(runs); });
    if (workers > 0) Work(runs);
  }
  bar_.Clear();
  if (error_) std::rethrow_exception(error_);
  for (const SweepRun& run : runs) {
    if (!results_.Has(run)) return false;
  }
  RemoveCheckpoints(rung);
  return true;
}

void SweepRunner::Work(std::span<const SweepRun> runs) {
  for (;;) {
    std::size_t index = 0;
    {
      const std::lock_guard lock(mutex_);
      if (error_ || next_ == runs.size() || InterruptGuard::signal() != 0) return;
      index = next_++;
    }
    try {
      TrainOne(runs[index]);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }
}

void SweepRunner::TrainOne(const SweepRun& run) {
  bool finished = true;
  Outcome outcome;
  try {
    outcome = Train(run, &finished);
  } catch (const nn::DivergedError&) {
  }
  if (!finished) return;
  {
    const std::lock_guard lock(mutex_);
    results_.Add(run, outcome);
    WriteWhole(files_.results(), results_.Format());
    ++runs_done_;
  }
  if (run.rung + 1 == plan_.rungs.size()) std::filesystem::remove(CheckpointOf(run));
}

// Sets `finished` to whether the run got as far as the rung's epochs, or as early stopping lets it.
Outcome SweepRunner::Train(const SweepRun& run, bool* finished) {
  nn::Model model(data_.train.x.sample_shape(), options_.layers, run.seed);
  for (std::size_t i = 0; i < plan_.layers.size(); ++i) {
    model.set_dropout_rate(plan_.layers[i], plan_.candidates[run.candidate][i]);
  }
  nn::TrainingOptions training = ToTrainingOptions(options_);
  training.seed = run.seed;
  training.execution.max_threads = 1;
  training.checkpoint = CheckpointOf(run);

  const std::size_t last = plan_.rungs[run.rung].epochs;
  const auto before = static_cast<double>(EpochsBefore(run.rung));
  double shown = 0;  // Epochs of this rung.
  bool reached = false;
  nn::TrainingCallbacks callbacks;
  callbacks.on_resume = [&](std::span<const nn::EpochRecord> past) {
    reached = past.size() >= last;
    shown = std::max(0.0, static_cast<double>(past.size()) - before);
    ShowProgress(shown, /*trained=*/false);
  };
  callbacks.on_step = [&](const nn::Progress& progress) {
    reached = reached || (progress.epoch == last && progress.step == progress.steps_per_epoch);
    const double part = static_cast<double>(progress.step) / static_cast<double>(progress.steps_per_epoch);
    const double epochs = std::max(0.0, static_cast<double>(progress.epoch - 1) + part - before);
    ShowProgress(epochs - shown, /*trained=*/true);
    shown = epochs;
  };
  callbacks.should_stop = [&] { return reached || InterruptGuard::signal() != 0; };

  const nn::TrainingResult result =
      nn::Train(model, data_.train, data_.held_out(), training, callbacks, /*resume=*/true);
  *finished = !result.interrupted || result.history.size() >= last;
  if (!*finished) return {};
  ShowProgress(static_cast<double>(EpochsOf(run.rung)) - shown, /*trained=*/false);
  return ModelEpoch(std::span(result.history).first(std::min(last, result.history.size())), options_.patience > 0);
}

std::filesystem::path SweepRunner::CheckpointOf(const SweepRun& run) const {
  return files_.unfinished() / (std::to_string(run.candidate) + "-" + std::to_string(run.seed) + ".safetensors");
}

// Of candidates that are not in the next rung.
void SweepRunner::RemoveCheckpoints(std::size_t rung) const {
  if (rung + 1 == plan_.rungs.size()) return;
  const std::vector<std::size_t> kept = results_.CandidatesOf(rung + 1);
  for (const std::size_t candidate : results_.CandidatesOf(rung)) {
    if (std::ranges::count(kept, candidate) > 0) continue;
    for (const std::uint64_t seed : plan_.seeds) std::filesystem::remove(CheckpointOf({rung, candidate, seed}));
  }
}

// Adds epochs that are done, by training now or before.
void SweepRunner::ShowProgress(double epochs, bool trained) {
  const std::lock_guard lock(mutex_);
  done_ += epochs;
  if (trained) trained_ += epochs;
  if (trained_ == 0) return;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  bar_.Show("run " + std::to_string(runs_done_ + 1) + "/" + std::to_string(runs_), done_ / epochs_,
            TimeLeft(seconds * (epochs_ - done_) / trained_));
}

}  // namespace fallow::tools
