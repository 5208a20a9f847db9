// What the runs of a sweep came to.
#ifndef FALLOW_TOOLS_SWEEP_RESULTS_H_
#define FALLOW_TOOLS_SWEEP_RESULTS_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "fallow/nn/loss.h"
#include "fallow/nn/training.h"
#include "tools/command/sweep_plan.h"

namespace fallow::tools {

// What a sweep consists of.
struct SweepPlan {
  nn::Loss loss = nn::Loss::kSoftmaxCrossEntropy;
  bool by_accuracy = false;         // Or by loss.
  std::vector<std::size_t> layers;  // Indices of those whose rates are tried.
  bool shared = false;              // All of them have one rate.
  std::vector<Rates> candidates;
  std::vector<Rung> rungs;
  std::vector<std::uint64_t> seeds;

  std::string Label(std::size_t candidate) const;  // "0.3", or "0.2/0.5" with a list a layer.
};

// The epoch whose weights the run's model would have. Nothing: training diverged.
using Outcome = std::optional<nn::EpochRecord>;

struct SweepRun {
  std::size_t rung, candidate;
  std::uint64_t seed;
  auto operator<=>(const SweepRun&) const = default;
};

// Of a candidate's runs in one rung. Score: validation accuracy, or validation loss.
struct Summary {
  std::vector<double> scores;  // Of the runs that did not diverge.
  double mean = 0, deviation = 0, train_mean = 0, epoch_mean = 0;
  bool diverged = false;  // One run did: the candidate is worse than any other.
};

class SweepResults {
 public:
  explicit SweepResults(const SweepPlan& plan) : plan_(plan) {}

  bool Has(const SweepRun& run) const { return outcomes_.contains(run); }
  void Add(const SweepRun& run, const Outcome& outcome) { outcomes_[run] = outcome; }

  // results.csv: a line a run, in the order of rungs, candidates and seeds; nothing in it depends on time.
  std::string Format() const;
  // Adds the runs of such a file. Throws UsageError naming it if it is not one of this plan.
  void Read(const std::filesystem::path& path);

  // All runs of the candidate in the rung must be there.
  Summary Summarize(std::size_t rung, std::size_t candidate) const;
  // The candidates of a rung, in ascending order: all of them in the first, then the best of the one before.
  std::vector<std::size_t> CandidatesOf(std::size_t rung) const;
  std::size_t Winner() const;

 private:
  std::string Header() const;
  double Rank(const Summary& summary) const;  // Higher is better.
  std::vector<std::size_t> BestOf(std::size_t rung, std::size_t count) const;

  const SweepPlan& plan_;
  std::map<SweepRun, Outcome> outcomes_;
};

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_SWEEP_RESULTS_H_
