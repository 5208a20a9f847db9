// Learning-rate schedules.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "fallow/nn/optimizer.h"
#include "runtime/names.h"

namespace fallow::nn {
namespace {

constexpr std::pair<Schedule, std::string_view> kNames[] = {
    {Schedule::kConstant, "constant"}, {Schedule::kCosine, "cosine"}, {Schedule::kStep, "step"}};

double Cosine(std::size_t step, std::size_t total_steps) {
  if (step >= total_steps) return 0.0;
  const double part = static_cast<double>(step) / static_cast<double>(total_steps);
  return 0.5 * (1.0 + std::cos(std::numbers::pi * part));
}

}  // namespace

std::string_view Name(Schedule schedule) { return FindName(kNames, schedule); }

Schedule ParseSchedule(std::string_view name) { return ParseName(kNames, name, "schedule"); }

double ScheduleFactor(const ScheduleOptions& options, std::size_t step, std::size_t total_steps,
                      std::size_t steps_per_epoch) {
  if (step < options.warmup_steps) {
    return static_cast<double>(step + 1) / static_cast<double>(options.warmup_steps + 1);
  }
  const std::size_t warmup = std::min(options.warmup_steps, total_steps);
  switch (options.schedule) {
    case Schedule::kConstant:
      break;
    case Schedule::kCosine:
      return Cosine(step - options.warmup_steps, total_steps - warmup);
    case Schedule::kStep: {
      const std::size_t epochs =
          std::max<std::size_t>(1, options.step_epochs) * std::max<std::size_t>(1, steps_per_epoch);
      return std::pow(options.step_factor, static_cast<double>(step / epochs));
    }
  }
  return 1.0;
}

}  // namespace fallow::nn
