#include <algorithm>
#include <cstddef>

#include "runtime/blas.h"
#include "runtime/ordered_product.h"
#include "runtime/recurrent_kernels.h"
#include "runtime/recurrent_masks.h"
#include "runtime/recurrent_pass.h"

namespace fallow::nn {
namespace {

class ForwardPass {
 public:
  ForwardPass(const RecurrentPart& part, const SequenceMemory& memory)
      : spec_(part.spec),
        pass_(part.pass),
        weights_(part.weights),
        memory_(memory),
        rows_(part.rows.count()),
        trains_(part.pass.mode == Mode::kTrain),
        masks_(part.spec, part.pass, part.rows),
        kernels_(RecurrentKernelsFor(part.pass.execution.target)) {}

  void Run(const float* x, float* y, RowMemory scratch) const {
    FindLengths(x);
    const std::size_t longest = LongestLength(memory_, rows_);
    if (memory_.factors != nullptr) masks_.InputFactors(memory_.factors);
    if (trains_) {
      for (std::size_t t = 0; t < longest; ++t) CopyInputs(x, t, memory_.inputs + t * rows_ * spec_.inputs);
    }
    float* zeros = scratch.Take(spec_.units);
    std::fill_n(zeros, rows_ * spec_.units, 0.0f);
    float* recurrent = scratch.Take(spec_.gates());
    std::fill_n(y, rows_ * (spec_.options.sequences ? spec_.steps : 1) * spec_.outputs(), 0.0f);
    for (std::size_t d = 0; d < spec_.directions(); ++d) RunDirection(d, longest, x, y, zeros, recurrent);
  }

 private:
  // A step of a direction, its arrays at the step.
  struct Step {
    std::size_t direction = 0;
    std::size_t t = 0;
    const float* h_before = nullptr;
    const float* c_before = nullptr;
    float* gates = nullptr;
    float* h = nullptr;
    float* c = nullptr;
    float* tanh_c = nullptr;
    float* given = nullptr;
  };

  bool IsStep(std::size_t row, std::size_t t) const { return static_cast<float>(t) < memory_.lengths[row]; }

  void FindLengths(const float* x) const {
    const std::size_t of_row = spec_.steps * spec_.inputs;
    for (std::size_t r = 0; r < rows_; ++r, x += of_row) {
      std::size_t used = of_row;
      if (spec_.options.mask) {
        while (used > 0 && x[used - 1] == 0) --used;
      }
      memory_.lengths[r] = static_cast<float>((used + spec_.inputs - 1) / spec_.inputs);
    }
  }

  // Those of step t after dropout, row behind row.
  void CopyInputs(const float* x, std::size_t t, float* inputs) const {
    for (std::size_t r = 0; r < rows_; ++r, inputs += spec_.inputs) {
      const float* from = x + (r * spec_.steps + t) * spec_.inputs;
      if (memory_.factors == nullptr) {
        std::copy_n(from, spec_.inputs, inputs);
      } else {
        DropByFactors(spec_.inputs, from, memory_.factors + r * spec_.inputs, inputs);
      }
    }
  }

  // In training every step's gates at once. The biases wait for the kernels.
  void ProjectAll(std::size_t direction, std::size_t longest) const {
    GemmNT({longest * rows_, spec_.gates(), spec_.inputs}, memory_.inputs, spec_.inputs, weights_[direction].weight_ih,
           spec_.inputs, memory_.directions[direction].gates, spec_.slots(), pass_.execution);
  }

  void ProjectStep(const float* x, const Step& step) const {
    const float* inputs = x + step.t * spec_.inputs;
    std::size_t distance = spec_.steps * spec_.inputs;
    if (memory_.inputs != nullptr) {
      CopyInputs(x, step.t, memory_.inputs);
      inputs = memory_.inputs;
      distance = spec_.inputs;
    }
    OrderedProductNT({rows_, spec_.gates(), spec_.inputs}, inputs, distance, weights_[step.direction].weight_ih,
                     spec_.inputs, nullptr, step.gates, spec_.slots(), pass_.execution);
  }

  // `given`: of the step before.
  void ProjectState(std::size_t direction, const float* given, float* recurrent) const {
    const GemmSize size{rows_, spec_.gates(), spec_.units};
    const float* weight = weights_[direction].weight_hh;
    if (trains_) {
      GemmNT(size, given, spec_.units, weight, spec_.units, recurrent, spec_.gates(), pass_.execution);
    } else {
      OrderedProductNT(size, given, spec_.units, weight, spec_.units, nullptr, recurrent, spec_.gates(),
                       pass_.execution);
    }
  }

  void RunDirection(std::size_t direction, std::size_t longest, const float* x, float* y, const float* zeros,
                    float* recurrent) const {
    const DirectionMemory& memory = memory_.directions[direction];
    if (memory.factors != nullptr) masks_.StateFactors(direction, memory.factors);
    if (trains_ && longest > 0) ProjectAll(direction, longest);
    const StepOrder order{direction == 1, longest};
    std::fill_n(recurrent, rows_ * spec_.gates(), 0.0f);
    Step step{.direction = direction, .h_before = zeros, .c_before = zeros};
    for (std::size_t i = 0; i < longest; ++i) {
      if (i > 0) ProjectState(direction, step.given, recurrent);
      step = StepAt(direction, order[i], step);
      if (!trains_) ProjectStep(x, step);
      RunRows(step, recurrent);
      if (spec_.options.zoneout != 0) Zoneout(step);
      Give(step, i + 1 == longest, y);
      step.h_before = step.h;
      step.c_before = step.c;
    }
  }

  Step StepAt(std::size_t direction, std::size_t t, const Step& last) const {
    const DirectionMemory& memory = memory_.directions[direction];
    const std::size_t of_all = (trains_ ? t : 0) * rows_, of_states = (trains_ ? t : t % 2) * rows_ * spec_.units;
    Step step{.direction = direction, .t = t, .h_before = last.h_before, .c_before = last.c_before};
    step.gates = memory.gates + of_all * spec_.slots();
    step.h = memory.h + of_states;
    step.given = memory.given + of_states;
    if (spec_.lstm()) {
      step.c = memory.c + of_states;
      step.tanh_c = memory.tanh_c + of_all * spec_.units;
    }
    return step;
  }

  void RunRows(const Step& step, const float* recurrent) const {
    const RecurrentWeights& weights = weights_[step.direction];
    for (std::size_t r = 0; r < rows_; ++r) {
      const std::size_t at = r * spec_.units;
      float* gates = step.gates + r * spec_.slots();
      if (!IsStep(r, step.t)) {
        Keep(step, r);
      } else if (spec_.lstm()) {
        kernels_.lstm_forward({spec_.units, gates, recurrent + r * spec_.gates(), weights.bias_ih, weights.bias_hh,
                               step.c_before + at, step.c + at, step.tanh_c + at, step.h + at});
      } else {
        kernels_.gru_forward({spec_.units, gates, recurrent + r * spec_.gates(), weights.bias_ih, weights.bias_hh,
                              step.h_before + at, step.h + at});
      }
    }
  }

  // A row's state in a step of padding.
  void Keep(const Step& step, std::size_t row) const {
    const std::size_t at = row * spec_.units;
    std::copy_n(step.h_before + at, spec_.units, step.h + at);
    if (spec_.lstm()) std::copy_n(step.c_before + at, spec_.units, step.c + at);
  }

  void Zoneout(const Step& step) const {
    masks_.Zoneout(step.direction, State::kH, step.t, step.h_before, step.h);
    if (spec_.lstm()) masks_.Zoneout(step.direction, State::kC, step.t, step.c_before, step.c);
    if (pass_.mode != Mode::kInfer) return;
    for (std::size_t r = 0; r < rows_; ++r) {
      if (!IsStep(r, step.t)) Keep(step, r);  // The mean of two equal numbers may be another, by rounding.
    }
  }

  // To the next step and to the output.
  void Give(const Step& step, bool last, float* y) const {
    const std::size_t units = spec_.units;
    if (const float* factors = memory_.directions[step.direction].factors; factors != nullptr) {
      DropByFactors(rows_ * units, step.h, factors, step.given);
    }
    float* to = y + step.direction * units;
    for (std::size_t r = 0; r < rows_; ++r) {
      if (!spec_.options.sequences) {
        if (last) std::copy_n(step.h + r * units, units, to + r * spec_.outputs());
      } else if (IsStep(r, step.t)) {
        std::copy_n(step.h + r * units, units, to + (r * spec_.steps + step.t) * spec_.outputs());
      }
    }
  }

  const RecurrentSpec& spec_;
  const Pass& pass_;
  std::span<const RecurrentWeights> weights_;
  const SequenceMemory& memory_;
  std::size_t rows_;
  bool trains_;
  RecurrentMasks masks_;
  const RecurrentKernels& kernels_;
};

}  // namespace

void RecurrentForward(const RecurrentPart& part, const float* x, float* y, const Memory& memory) {
  const Mode mode = part.pass.mode;
  RowMemory scratch(memory.scratch, part.rows.count());
  RowMemory saved(memory.saved, part.rows.count());
  const SequenceMemory sequence(part.spec, mode, mode == Mode::kTrain ? saved : scratch);
  ForwardPass(part, sequence).Run(x, y, scratch);
}

}  // namespace fallow::nn
