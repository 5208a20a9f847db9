#include "runtime/buffer_plan.h"

#include <algorithm>

namespace fallow::nn {
namespace {

// Runs of values that share memory, numbered from 1; 0 is the caller's.
class Runs {
 public:
  Runs(Layers layers, const Wiring& wiring, std::span<const std::size_t> block_rows, Mode mode)
      : layers_(layers), wiring_(wiring), block_rows_(block_rows), mode_(mode) {
    Append(/*run=*/0);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const std::size_t run = of_value_[wiring.input[i]];
      const bool callers = run == 0;
      const bool last = i + 1 == layers.size();
      if (IsIdentity(*layers[i], mode) && !(callers && last)) {
        Append(run);
      } else if (!callers && MayOverwrite(i, run)) {
        Append(run);
        runs_[run].needed = std::max(runs_[run].needed, layers[i]->needs_output());
      } else {
        Append(runs_.size());
        runs_.back().needed = layers[i]->needs_output();
      }
      if (!layers[i]->needs_input()) continue;
      runs_[run].is_input = true;
      if (wiring.other[i] != Wiring::kNone) runs_[of_value_[wiring.other[i]]].is_input = true;
    }
  }

  std::size_t count() const { return runs_.size(); }
  std::size_t operator[](std::size_t value) const { return of_value_[value]; }

  // The first layer to write the run, and the last to read it.
  std::size_t FirstWriter(std::size_t run) const { return runs_[run].first_value - 1; }
  std::size_t LastReader(std::size_t run) const { return runs_[run].last_reader; }
  // Whether blocks of other rows read it than wrote it.
  bool IsCut(std::size_t run) const { return runs_[run].cut; }

 private:
  struct Run {
    std::size_t first_value;
    std::size_t last_reader = 0;
    NeedsOutput needed = NeedsOutput::kNothing;  // By the backward passes of the layers that wrote it.
    bool is_input = false;                       // That the backward pass of a layer so far needs.
    bool cut = false;
  };

  // The next value, into a run there is or the next one.
  void Append(std::size_t run) {
    const std::size_t value = of_value_.size();
    if (run == runs_.size()) runs_.push_back({.first_value = value});
    for (const std::size_t reader : wiring_.readers[value]) {
      runs_[run].last_reader = std::max(runs_[run].last_reader, reader);
      if (value > 0 && block_rows_[reader] != block_rows_[value - 1]) runs_[run].cut = true;
    }
    of_value_.push_back(run);
  }

  // Whether layer `i` may leave its output where its input is.
  bool MayOverwrite(std::size_t i, std::size_t run) const {
    const Layer& layer = *layers_[i];
    if (!layer.in_place() || runs_[run].last_reader > i) return false;
    if (mode_ != Mode::kTrain) return true;
    const NeedsOutput needed = runs_[run].needed;
    if (layer.needs_input() || runs_[run].is_input || needed == NeedsOutput::kValue) return false;
    return needed == NeedsOutput::kNothing || layer.keeps_sign();
  }

  Layers layers_;
  const Wiring& wiring_;
  std::span<const std::size_t> block_rows_;
  Mode mode_;
  std::vector<std::size_t> of_value_;
  std::vector<Run> runs_;
};

// Buffers of runs outside of training. A buffer is free for the next run once the last layer that reads what is in it
// has run, unless its run is cut. Buffer 0 is the last value's.
std::vector<std::size_t> ShareBuffers(const Runs& runs, std::size_t last_run) {
  constexpr auto kNeverFree = static_cast<std::size_t>(-1);
  std::vector<std::size_t> buffer_of_run(runs.count(), 0);
  std::vector<std::size_t> busy_until = {0};  // Of each buffer: the last layer to read it.
  for (std::size_t run = 1; run < runs.count(); ++run) {
    if (run == last_run) continue;
    std::size_t buffer = runs.IsCut(run) ? busy_until.size() : 1;
    while (buffer < busy_until.size() && busy_until[buffer] >= runs.FirstWriter(run)) ++buffer;
    if (buffer == busy_until.size()) busy_until.push_back(0);
    busy_until[buffer] = runs.IsCut(run) ? kNeverFree : runs.LastReader(run);
    buffer_of_run[run] = buffer;
  }
  return buffer_of_run;
}

}  // namespace

bool IsIdentity(const Layer& layer, Mode mode) {
  return layer.identity(mode) && !(mode == Mode::kMonteCarlo && layer.drops());
}

BufferPlan PlanValues(Layers layers, const Wiring& wiring, std::span<const std::size_t> cols,
                      std::span<const std::size_t> block_rows, Mode mode) {
  const Runs runs(layers, wiring, block_rows, mode);
  const std::size_t last_run = runs[layers.size()];
  std::vector<std::size_t> buffer_of_run(runs.count());
  if (mode == Mode::kTrain) {
    for (std::size_t run = 1; run < runs.count(); ++run) buffer_of_run[run] = run == last_run ? 0 : run;
  } else {
    buffer_of_run = ShareBuffers(runs, last_run);
  }
  BufferPlan plan;
  for (std::size_t value = 0; value <= layers.size(); ++value) {
    plan.buffer.push_back(runs[value] == 0 ? BufferPlan::kCaller : buffer_of_run[runs[value]]);
    if (plan.buffer.back() == BufferPlan::kCaller) continue;
    if (plan.buffer.back() >= plan.cols.size()) plan.cols.resize(plan.buffer.back() + 1, 0);
    plan.cols[plan.buffer.back()] = std::max(plan.cols[plan.buffer.back()], cols[value]);
  }
  return plan;
}

BufferPlan PlanGradients(Layers layers, const Wiring& wiring, std::span<const std::size_t> cols, std::size_t first) {
  BufferPlan plan;
  plan.buffer.assign(layers.size() + 1, BufferPlan::kCaller);
  for (std::size_t value = layers.size(); value-- > first + 1;) {
    const std::size_t reader = wiring.readers[value].back();
    const std::size_t behind = plan.buffer[reader + 1];
    const bool share =
        wiring.IsLink(value) &&
        (IsIdentity(*layers[reader], Mode::kTrain) ||
         (behind != BufferPlan::kCaller && layers[reader]->in_place() && layers[reader]->gradient_blocks() == 0));
    if (!share) plan.cols.push_back(cols[value]);
    plan.buffer[value] = share ? behind : plan.cols.size() - 1;
  }
  return plan;
}

}  // namespace fallow::nn
