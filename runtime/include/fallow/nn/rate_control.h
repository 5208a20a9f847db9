// Moving the rates of dropout layers while a network trains.
#ifndef FALLOW_NN_RATE_CONTROL_H_
#define FALLOW_NN_RATE_CONTROL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace fallow::nn {

struct EpochRecord;

// With p the rate that a layer has when training begins, and t the training step, counted from 0:
//   kConstant    p
//   kLinear      p (from + (to - from) min(1, t / s)), s the steps of ramp_epochs epochs. from = 1, to = 0 is annealed
//                dropout (Rennie, Goel, Thomas 2014).
//   kCurriculum  p (1 - exp(-gamma t)): curriculum dropout (Morerio, Cavazza, Volpi, Vidal, Murino 2017).
//   kGap         As the gap between the losses on training and validation data asks for, after each epoch: see
//                GapMove. Both losses are those of EpochRecord, without dropout.
enum class RateControl : std::uint8_t { kConstant, kLinear, kCurriculum, kGap };
std::string_view Name(RateControl control);           // "constant", "linear", "curriculum", "gap"
RateControl ParseRateControl(std::string_view name);  // Throws Error naming the known ones.

struct RateControlOptions {
  RateControl control = RateControl::kConstant;
  // Indices of the layers whose rates are moved; the others keep theirs. Empty: all that have a rate and do not learn
  // it.
  std::vector<std::size_t> layers = {};

  double from = 0, to = 1;      // kLinear: in [0, 1].
  std::size_t ramp_epochs = 0;  // kLinear. 0: all epochs of the run.

  double gamma = 0;  // kCurriculum. 0: 10 / all steps of the run, as in the paper; p is reached but for 0.005 % then.

  double low = 0.1, high = 0.3;  // kGap: the gaps that are left alone. low <= high.
  std::size_t hold = 2;          // kGap: epochs in a row that the gap must be beyond them, on the same side.
  double step = 0.05;            // kGap: by how much rates move at once.
  double least = 0, most = 0.8;  // kGap: how far they may go. Those that are moved must begin inside.
};

// The rate at `step` of a layer that began with `rate`, for the first three; `rate` itself for kGap. Rounded to nine
// decimals, which is as fine as masks are.
double ScheduledRate(const RateControlOptions& options, double rate, std::uint64_t step, std::uint64_t total_steps,
                     std::size_t steps_per_epoch);

// (validation loss - training loss) / |validation loss|: 0 where nothing is learnt by heart, 1 where everything is and
// nothing of it helps. Nothing without validation figures; 0 where both losses are 0.
std::optional<double> Gap(const EpochRecord& record);

// What kGap does after the last of `history`'s epochs: 1 if the gap was above `high` in that epoch and the hold - 1
// before it, -1 if it was below `low`, else 0. After a move the counting begins anew, so the next one is `hold` epochs
// away at least, time enough to see what the last one did; between `low` and `high`, too, it begins anew.
int GapMove(const RateControlOptions& options, std::span<const EpochRecord> history);

// The rate behind `history` of a layer that began with `rate`: moved by `step` for every GapMove, each time into
// [least, most], and rounded as above.
double GapRate(const RateControlOptions& options, double rate, std::span<const EpochRecord> history);

}  // namespace fallow::nn

#endif  // FALLOW_NN_RATE_CONTROL_H_
