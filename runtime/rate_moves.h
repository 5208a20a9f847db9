// The rates of one training run.
#ifndef FALLOW_RUNTIME_RATE_MOVES_H_
#define FALLOW_RUNTIME_RATE_MOVES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fallow/nn/model.h"
#include "fallow/nn/rate_control.h"
#include "fallow/nn/training.h"

namespace fallow::nn {

// Everything it does is a function of the options, the rates that the model had at first, and the step or the history.
// So a run that is resumed has the rates it would have had.
class RateMoves {
 public:
  // Throws Error for options out of range or that do not fit the model. Both must outlive it.
  RateMoves(const RateControlOptions& options, Model& model, bool validated);

  void BeginEpoch(std::span<const EpochRecord> history);
  void BeginStep(std::uint64_t step, std::uint64_t total_steps, std::size_t steps_per_epoch);
  // Gives the model the rates of an epoch, or those it had at first.
  void Restore(const EpochRecord* record);

  std::string Describe() const;  // All that decides the rates, in words.
  // Whether another number of epochs gives other rates from the first step on.
  static bool StretchesOverAllEpochs(const RateControlOptions& options);

 private:
  const RateControlOptions& options_;
  Model& model_;
  std::vector<LayerRate> bases_;  // Of the layers that are moved.
};

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_RATE_MOVES_H_
