#include "runtime/rate_moves.h"

#include <algorithm>
#include <cmath>

#include "fallow/nn/error.h"
#include "runtime/numbers.h"

namespace fallow::nn {
namespace {

void CheckRange(const char* name, double value, double least, double most) {
  if (value >= least && value <= most) return;
  throw Error(std::string("rate_control.") + name + ": got " + FormatNumber(value) + ", expected a number in [" +
              FormatNumber(least) + ", " + FormatNumber(most) + "]");
}

void CheckOptions(const RateControlOptions& options) {
  CheckRange("from", options.from, 0, 1);
  CheckRange("to", options.to, 0, 1);
  if (!(options.gamma >= 0 && std::isfinite(options.gamma))) {
    throw Error("rate_control.gamma: got " + FormatNumber(options.gamma) + ", expected a number of at least 0");
  }
  if (!(std::isfinite(options.low) && std::isfinite(options.high) && options.low <= options.high)) {
    throw Error("rate_control: got low " + FormatNumber(options.low) + " and high " + FormatNumber(options.high) +
                ", expected low <= high");
  }
  if (options.hold == 0) throw Error("rate_control.hold: got 0, expected at least 1");
  CheckRange("most", options.most, 0, 1);
  CheckRange("least", options.least, 0, options.most);
  CheckRange("step", options.step, 0, 1);
}

void CheckBase(const RateControlOptions& options, const LayerRate& base) {
  if (options.control != RateControl::kGap || (base.rate >= options.least && base.rate <= options.most)) return;
  throw Error("rate_control: layer " + std::to_string(base.layer) + " begins at rate " + FormatNumber(base.rate) +
              ", expected one in [" + FormatNumber(options.least) + ", " + FormatNumber(options.most) + "]");
}

}  // namespace

RateMoves::RateMoves(const RateControlOptions& options, Model& model, bool validated)
    : options_(options), model_(model) {
  CheckOptions(options);
  if (options.control == RateControl::kConstant) return;
  if (options.control == RateControl::kGap && !validated) throw Error("rate_control: gap needs validation data");
  const std::vector<LayerRate> rates = model.dropout_rates();
  for (const std::size_t layer : options.layers) {
    if (std::ranges::find(rates, layer, &LayerRate::layer) == rates.end()) {
      throw Error("rate_control.layers: got " + std::to_string(layer) + ", which is no layer with a dropout rate");
    }
  }
  for (const LayerRate& base : rates) {
    const bool wanted = options.layers.empty() || std::ranges::count(options.layers, base.layer) > 0;
    if (!wanted || !model.set_dropout_rate(base.layer, base.rate)) continue;
    CheckBase(options, base);
    bases_.push_back(base);
  }
  if (bases_.empty()) throw Error("rate_control: the model has no dropout rate to move");
}

void RateMoves::BeginEpoch(std::span<const EpochRecord> history) {
  if (options_.control != RateControl::kGap) return;
  for (const LayerRate& base : bases_) {
    model_.set_dropout_rate(base.layer, GapRate(options_, base.rate, history));
  }
}

void RateMoves::BeginStep(std::uint64_t step, std::uint64_t total_steps, std::size_t steps_per_epoch) {
  if (options_.control == RateControl::kGap) return;
  for (const LayerRate& base : bases_) {
    model_.set_dropout_rate(base.layer, ScheduledRate(options_, base.rate, step, total_steps, steps_per_epoch));
  }
}

void RateMoves::Restore(const EpochRecord* record) {
  for (const LayerRate& base : bases_) {
    const auto& rates = record == nullptr ? bases_ : record->dropout_rates;
    model_.set_dropout_rate(base.layer, std::ranges::find(rates, base.layer, &LayerRate::layer)->rate);
  }
}

std::string RateMoves::Describe() const {
  std::string text(Name(options_.control));
  for (const LayerRate& base : bases_) text.append(" ").append(FormatNumber(base.layer));
  switch (options_.control) {
    case RateControl::kConstant:
      break;
    case RateControl::kLinear:
      text += ": " + FormatNumber(options_.from) + " to " + FormatNumber(options_.to) + " in " +
              FormatNumber(options_.ramp_epochs) + " epochs";
      break;
    case RateControl::kCurriculum:
      text += ": gamma " + FormatNumber(options_.gamma);
      break;
    case RateControl::kGap:
      text += ": band " + FormatNumber(options_.low) + " to " + FormatNumber(options_.high) + ", hold " +
              FormatNumber(options_.hold) + ", step " + FormatNumber(options_.step) + ", bounds " +
              FormatNumber(options_.least) + " to " + FormatNumber(options_.most);
      break;
  }
  return text;
}

bool RateMoves::StretchesOverAllEpochs(const RateControlOptions& options) {
  return (options.control == RateControl::kLinear && options.ramp_epochs == 0) ||
         (options.control == RateControl::kCurriculum && options.gamma == 0);
}

}  // namespace fallow::nn
