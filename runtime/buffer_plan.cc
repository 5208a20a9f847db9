#include "runtime/buffer_plan.h"

#include <algorithm>

namespace fallow::nn {
namespace {

// What backward passes read, in kTrain, of the outputs that share the present buffer.
bool MayOverwrite(const Layer& layer, NeedsOutput needed, Mode mode) {
  if (!layer.in_place()) return false;
  if (mode != Mode::kTrain) return true;
  if (layer.needs_input() || needed == NeedsOutput::kValue) return false;
  return needed == NeedsOutput::kNothing || layer.keeps_sign();
}

// Runs of values that share memory, numbered from 1; 0 is the caller's.
std::vector<std::size_t> ShareValues(Layers layers, Mode mode) {
  std::vector<std::size_t> run(layers.size() + 1, 0);
  NeedsOutput needed = NeedsOutput::kNothing;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Layer& layer = *layers[i];
    const bool callers = run[i] == 0;
    const bool last = i + 1 == layers.size();
    if (layer.identity(mode) && !(callers && last)) {
      run[i + 1] = run[i];
    } else if (!callers && MayOverwrite(layer, needed, mode)) {
      run[i + 1] = run[i];
      needed = std::max(needed, layer.needs_output());
    } else {
      run[i + 1] = run[i] + 1;
      needed = layer.needs_output();
    }
  }
  return run;
}

}  // namespace

BufferPlan PlanValues(Layers layers, std::span<const std::size_t> cols, Mode mode) {
  BufferPlan plan;
  plan.buffer = ShareValues(layers, mode);
  const std::size_t last_run = plan.buffer.back();
  for (std::size_t i = 0; i < plan.buffer.size(); ++i) {
    std::size_t& buffer = plan.buffer[i];
    if (buffer == 0) {
      buffer = BufferPlan::kCaller;
      continue;
    }
    if (buffer == last_run) {
      buffer = 0;
    } else if (mode != Mode::kTrain) {
      buffer = 1 + buffer % 2;
    }
    if (buffer >= plan.cols.size()) plan.cols.resize(buffer + 1, 0);
    plan.cols[buffer] = std::max(plan.cols[buffer], cols[i]);
  }
  return plan;
}

BufferPlan PlanGradients(Layers layers, std::span<const std::size_t> cols, std::size_t first) {
  BufferPlan plan;
  plan.buffer.assign(layers.size() + 1, BufferPlan::kCaller);
  for (std::size_t i = layers.size(); i-- > first + 1;) {
    const std::size_t behind = plan.buffer[i + 1];
    const bool share = layers[i]->identity(Mode::kTrain) || (behind != BufferPlan::kCaller && layers[i]->in_place());
    if (!share) plan.cols.push_back(cols[i]);
    plan.buffer[i] = share ? behind : plan.cols.size() - 1;
  }
  return plan;
}

}  // namespace fallow::nn
