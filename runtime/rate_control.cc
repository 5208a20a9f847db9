#include "fallow/nn/rate_control.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "fallow/nn/training.h"
#include "runtime/names.h"

namespace fallow::nn {
namespace {

constexpr std::pair<RateControl, std::string_view> kNames[] = {{RateControl::kConstant, "constant"},
                                                               {RateControl::kLinear, "linear"},
                                                               {RateControl::kCurriculum, "curriculum"},
                                                               {RateControl::kGap, "gap"}};

double Rounded(double rate) { return std::round(rate * 1e9) / 1e9; }

// Counts epochs beyond the band, one after the other.
class GapCounter {
 public:
  explicit GapCounter(const RateControlOptions& options) : options_(options) {}

  int Add(const EpochRecord& record) {
    const std::optional<double> gap = Gap(record);
    const int side = !gap ? 0 : *gap > options_.high ? 1 : *gap < options_.low ? -1 : 0;
    count_ = side == 0 ? 0 : side == side_ ? count_ + 1 : 1;
    side_ = side;
    if (side == 0 || count_ < options_.hold) return 0;
    count_ = 0;
    return side;
  }

 private:
  const RateControlOptions& options_;
  int side_ = 0;
  std::size_t count_ = 0;
};

}  // namespace

std::string_view Name(RateControl control) { return FindName(kNames, control); }

RateControl ParseRateControl(std::string_view name) { return ParseName(kNames, name, "rate control"); }

double ScheduledRate(const RateControlOptions& options, double rate, std::uint64_t step, std::uint64_t total_steps,
                     std::size_t steps_per_epoch) {
  const auto t = static_cast<double>(step);
  switch (options.control) {
    case RateControl::kConstant:
    case RateControl::kGap:
      break;
    case RateControl::kLinear: {
      const double ramp = options.ramp_epochs == 0
                              ? static_cast<double>(total_steps)
                              : static_cast<double>(options.ramp_epochs) * static_cast<double>(steps_per_epoch);
      return Rounded(rate * (options.from + (options.to - options.from) * std::min(1.0, t / ramp)));
    }
    case RateControl::kCurriculum: {
      const double gamma = options.gamma == 0 ? 10.0 / static_cast<double>(total_steps) : options.gamma;
      return Rounded(rate * -std::expm1(-gamma * t));
    }
  }
  return rate;
}

std::optional<double> Gap(const EpochRecord& record) {
  if (!record.validation_loss) return {};
  const double gap = *record.validation_loss - record.train_loss;
  return gap == 0 ? 0 : gap / std::abs(*record.validation_loss);
}

int GapMove(const RateControlOptions& options, std::span<const EpochRecord> history) {
  GapCounter counter(options);
  int move = 0;
  for (const EpochRecord& record : history) move = counter.Add(record);
  return move;
}

double GapRate(const RateControlOptions& options, double rate, std::span<const EpochRecord> history) {
  GapCounter counter(options);
  for (const EpochRecord& record : history) {
    const int move = counter.Add(record);
    if (move != 0) rate = Rounded(std::clamp(rate + move * options.step, options.least, options.most));
  }
  return rate;
}

}  // namespace fallow::nn
