#include "tools/command/sweep_results.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include "tools/command/command.h"
#include "tools/command/numbers.h"
#include "tools/command/text.h"

namespace fallow::tools {
namespace {

// Takes the cells of a line one by one.
class Cells {
 public:
  explicit Cells(const std::string& line) : cells_(Split(line, ',')) {}

  bool Whole(std::uint64_t* value) { return next_ < cells_.size() && ParseWhole(cells_[next_++], value); }
  bool Real(double* value) { return next_ < cells_.size() && ParseReal(cells_[next_++], value); }
  bool AllEmpty() const {
    return std::all_of(cells_.begin() + next_, cells_.end(), [](auto& c) { return c.empty(); });
  }
  std::size_t left() const { return cells_.size() - next_; }

 private:
  std::vector<std::string> cells_;
  std::size_t next_ = 0;
};

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// Of a sample: with n - 1. 0 for one value.
double Deviation(const std::vector<double>& values) {
  const double mean = Mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return values.size() < 2 ? 0 : std::sqrt(sum / static_cast<double>(values.size() - 1));
}

}  // namespace

std::string SweepPlan::Label(std::size_t candidate) const {
  std::vector<std::string> parts;
  for (const double rate : candidates[candidate]) parts.push_back(FormatReal(rate));
  return shared ? parts.front() : Join(parts, '/');
}

std::string SweepResults::Header() const {
  std::string text = "rung,epochs";
  for (const std::size_t layer : plan_.layers) text += ",dropout_rate_" + std::to_string(layer);
  text += ",seed,epoch,train_loss,validation_loss";
  return nn::HasAccuracy(plan_.loss) ? text + ",train_accuracy,validation_accuracy" : text;
}

std::string SweepResults::Format() const {
  std::string text = Header() + "\n";
  for (const auto& [run, outcome] : outcomes_) {
    text += std::to_string(run.rung + 1) + "," + std::to_string(plan_.rungs[run.rung].epochs);
    for (const double rate : plan_.candidates[run.candidate]) text.append(",").append(FormatReal(rate));
    text += "," + std::to_string(run.seed) + ",";
    if (outcome) text += std::to_string(outcome->epoch);
    std::vector<std::string> figures(nn::HasAccuracy(plan_.loss) ? 4 : 2);
    if (outcome) {
      const double values[] = {outcome->train_loss, outcome->validation_loss.value_or(NAN), outcome->train_accuracy,
                               outcome->validation_accuracy.value_or(NAN)};
      for (std::size_t i = 0; i < figures.size(); ++i) figures[i] = FormatReal(values[i]);
    }
    text += "," + Join(figures, ',') + "\n";
  }
  return text;
}

void SweepResults::Read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  const auto fail = [&] { throw UsageError(path.string() + ": is not the results of this sweep"); };
  if (!std::getline(file, line) || line != Header()) fail();
  while (std::getline(file, line)) {
    Cells cells(line);
    std::uint64_t rung = 0, epochs = 0, seed = 0, epoch = 0;
    Rates rates(plan_.layers.size());
    bool good = cells.Whole(&rung) && rung >= 1 && rung <= plan_.rungs.size() && cells.Whole(&epochs);
    for (double& rate : rates) good = good && cells.Real(&rate);
    good = good && cells.Whole(&seed) && std::ranges::count(plan_.seeds, seed) > 0;
    const auto candidate = std::ranges::find(plan_.candidates, rates);
    const bool accuracy = nn::HasAccuracy(plan_.loss);
    if (!good || candidate == plan_.candidates.end() || cells.left() != (accuracy ? 5u : 3u)) fail();
    const SweepRun run{rung - 1, static_cast<std::size_t>(candidate - plan_.candidates.begin()), seed};
    if (cells.AllEmpty()) {
      Add(run, {});
      continue;
    }
    nn::EpochRecord record;
    double loss = 0, validation_accuracy = 0;
    good = cells.Whole(&epoch) && cells.Real(&record.train_loss) && cells.Real(&loss);
    if (accuracy) good = good && cells.Real(&record.train_accuracy) && cells.Real(&validation_accuracy);
    if (!good) fail();
    record.epoch = epoch;
    record.validation_loss = loss;
    if (accuracy) record.validation_accuracy = validation_accuracy;
    Add(run, record);
  }
}

Summary SweepResults::Summarize(std::size_t rung, std::size_t candidate) const {
  Summary summary;
  std::vector<double> train, epochs;
  for (const std::uint64_t seed : plan_.seeds) {
    const Outcome& outcome = outcomes_.at({rung, candidate, seed});
    if (!outcome) {
      summary.diverged = true;
      continue;
    }
    summary.scores.push_back(plan_.by_accuracy ? *outcome->validation_accuracy : *outcome->validation_loss);
    train.push_back(plan_.by_accuracy ? outcome->train_accuracy : outcome->train_loss);
    epochs.push_back(static_cast<double>(outcome->epoch));
  }
  if (summary.scores.empty()) return summary;
  summary.mean = Mean(summary.scores);
  summary.deviation = Deviation(summary.scores);
  summary.train_mean = Mean(train);
  summary.epoch_mean = Mean(epochs);
  return summary;
}

double SweepResults::Rank(const Summary& summary) const {
  if (summary.diverged) return -std::numeric_limits<double>::infinity();
  return plan_.by_accuracy ? summary.mean : -summary.mean;
}

std::vector<std::size_t> SweepResults::BestOf(std::size_t rung, std::size_t count) const {
  const std::vector<std::size_t> candidates = CandidatesOf(rung);
  std::vector<double> ranks;
  for (const std::size_t candidate : candidates) ranks.push_back(Rank(Summarize(rung, candidate)));
  std::vector<std::size_t> best = Best(ranks, count);
  for (std::size_t& index : best) index = candidates[index];
  return best;
}

std::vector<std::size_t> SweepResults::CandidatesOf(std::size_t rung) const {
  if (rung > 0) return BestOf(rung - 1, plan_.rungs[rung].candidates);
  std::vector<std::size_t> all(plan_.candidates.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  return all;
}

std::size_t SweepResults::Winner() const { return BestOf(plan_.rungs.size() - 1, 1).front(); }

}  // namespace fallow::tools
