#include <algorithm>
#include <cstddef>
#include <utility>

#include "runtime/blas.h"
#include "runtime/recurrent_kernels.h"
#include "runtime/recurrent_masks.h"
#include "runtime/recurrent_pass.h"

namespace fallow::nn {
namespace {

void AddTo(const float* from, std::size_t count, float* sum) {
  for (std::size_t j = 0; j < count; ++j) sum[j] += from[j];
}

class BackwardPass {
 public:
  BackwardPass(const RecurrentPart& part, const SequenceMemory& memory)
      : spec_(part.spec),
        pass_(part.pass),
        weights_(part.weights),
        memory_(memory),
        rows_(part.rows.count()),
        longest_(LongestLength(memory, rows_)),
        masks_(part.spec, part.pass, part.rows),
        kernels_(RecurrentKernelsFor(part.pass.execution.target)) {}

  void Run(const float* dy, float* dx, RowMemory scratch) const {
    float* zeros = scratch.Take(spec_.units);
    std::fill_n(zeros, rows_ * spec_.units, 0.0f);
    Gradients gradients;
    for (float** array :
         {&gradients.dh, &gradients.dh_before, &gradients.dc, &gradients.dc_before, &gradients.product}) {
      *array = scratch.Take(spec_.units);
    }
    for (std::size_t d = 0; d < spec_.directions(); ++d) RunDirection(d, dy, zeros, gradients);
    if (dx != nullptr) ToInputs(scratch.Take(spec_.steps * spec_.inputs), dx);
  }

 private:
  // Of the states after a step, and of those before it as far as they do not go through the gates.
  struct Gradients {
    float* dh;
    float* dh_before;
    float* dc;
    float* dc_before;  // Of zoneout's part.
    float* product;
  };

  bool IsStep(std::size_t row, std::size_t t) const { return static_cast<float>(t) < memory_.lengths[row]; }
  std::size_t states() const { return rows_ * spec_.units; }
  bool zoneout() const { return spec_.options.zoneout != 0; }

  void RunDirection(std::size_t direction, const float* dy, const float* zeros, Gradients gradients) const {
    const DirectionMemory& memory = memory_.directions[direction];
    const StepOrder order{direction == 1, longest_};
    std::fill_n(gradients.dh, states(), 0.0f);
    std::fill_n(gradients.dc, states(), 0.0f);
    if (!spec_.options.sequences) AddOutputs(dy, direction, 0, gradients.dh);
    for (std::size_t i = longest_; i-- > 0;) {
      const std::size_t t = order[i];
      if (spec_.options.sequences) AddOutputs(dy, direction, t, gradients.dh);
      const std::size_t before = i == 0 ? 0 : order[i - 1] * states();
      Split(direction, t, gradients);
      RunRows(memory, t, i == 0 ? zeros : memory.h + before, i == 0 || !spec_.lstm() ? zeros : memory.c + before,
              gradients);
      if (zoneout() && spec_.lstm()) AddTo(gradients.dc_before, states(), gradients.dc);
      if (i > 0) ThroughProduct(direction, t, gradients);
    }
  }

  // Of step t, or of the last state.
  void AddOutputs(const float* dy, std::size_t direction, std::size_t t, float* dh) const {
    const std::size_t steps = spec_.options.sequences ? spec_.steps : 1;
    for (std::size_t r = 0; r < rows_; ++r) {
      if (spec_.options.sequences && !IsStep(r, t)) continue;
      AddTo(dy + (r * steps + t) * spec_.outputs() + direction * spec_.units, spec_.units, dh + r * spec_.units);
    }
  }

  void Split(std::size_t direction, std::size_t t, const Gradients& gradients) const {
    if (!zoneout()) {
      std::fill_n(gradients.dh_before, states(), 0.0f);
      return;
    }
    masks_.ZoneoutBackward(direction, State::kH, t, gradients.dh, gradients.dh_before);
    if (spec_.lstm()) masks_.ZoneoutBackward(direction, State::kC, t, gradients.dc, gradients.dc_before);
  }

  void RunRows(const DirectionMemory& memory, std::size_t t, const float* h_before, const float* c_before,
               const Gradients& gradients) const {
    const std::size_t units = spec_.units;
    for (std::size_t r = 0; r < rows_; ++r) {
      const std::size_t at = r * units;
      float* gates = memory.gates + (t * rows_ + r) * spec_.slots();
      if (!IsStep(r, t)) {
        std::fill_n(gates, spec_.slots(), 0.0f);
        AddTo(gradients.dh + at, units, gradients.dh_before + at);
      } else if (spec_.lstm()) {
        kernels_.lstm_backward({units, gates, c_before + at, memory.tanh_c + (t * rows_ + r) * units, gradients.dh + at,
                                gradients.dc + at});
      } else {
        kernels_.gru_backward({units, gates, h_before + at, gradients.dh + at, gradients.dh_before + at});
      }
    }
  }

  // gradients.dh becomes that of the state before.
  void ThroughProduct(std::size_t direction, std::size_t t, Gradients& gradients) const {
    const float* factors = memory_.directions[direction].factors;
    if (factors != nullptr) {
      std::fill_n(gradients.product, states(), 0.0f);
      AddProduct(direction, t, gradients.product);
      DropByFactors(states(), gradients.product, factors, gradients.product);
      AddTo(gradients.product, states(), gradients.dh_before);
    } else {
      AddProduct(direction, t, gradients.dh_before);
    }
    std::swap(gradients.dh, gradients.dh_before);
  }

  void AddProduct(std::size_t direction, std::size_t t, float* dh) const {
    const std::size_t units = spec_.units;
    const float* gates = memory_.directions[direction].gates + t * rows_ * spec_.slots();
    const float* weight = weights_[direction].weight_hh;
    const std::size_t together = spec_.lstm() ? 4 * units : 2 * units;  // Those a GRU's n has another slot than.
    AddGemmNN({rows_, units, together}, gates, spec_.slots(), weight, units, dh, units, pass_.execution);
    if (spec_.lstm()) return;
    AddGemmNN({rows_, units, units}, gates + 3 * units, spec_.slots(), weight + 2 * units * units, units, dh, units,
              pass_.execution);
  }

  void ToInputs(float* gradients, float* dx) const {
    const std::size_t inputs = spec_.inputs, rows = longest_ * rows_;
    for (std::size_t d = 0; d < spec_.directions() && rows > 0; ++d) {
      const auto product = d == 0 ? GemmNN : AddGemmNN;
      product({rows, inputs, spec_.gates()}, memory_.directions[d].gates, spec_.slots(), weights_[d].weight_ih, inputs,
              gradients, inputs, pass_.execution);
    }
    for (std::size_t r = 0; r < rows_; ++r, dx += spec_.steps * inputs) {
      for (std::size_t t = 0; t < longest_; ++t) {
        const float* from = gradients + (t * rows_ + r) * inputs;
        if (memory_.factors == nullptr) {
          std::copy_n(from, inputs, dx + t * inputs);
        } else {
          DropByFactors(inputs, from, memory_.factors + r * inputs, dx + t * inputs);
        }
      }
      std::fill(dx + longest_ * inputs, dx + spec_.steps * inputs, 0.0f);
    }
  }

  const RecurrentSpec& spec_;
  const Pass& pass_;
  std::span<const RecurrentWeights> weights_;
  const SequenceMemory& memory_;
  std::size_t rows_;
  std::size_t longest_;
  RecurrentMasks masks_;
  const RecurrentKernels& kernels_;
};

}  // namespace

void RecurrentBackward(const RecurrentPart& part, const float* dy, float* dx, const Memory& memory) {
  RowMemory saved(memory.saved, part.rows.count());
  const SequenceMemory sequence(part.spec, Mode::kTrain, saved);
  BackwardPass(part, sequence).Run(dy, dx, RowMemory(memory.scratch, part.rows.count()));
}

void AddRecurrentGradients(const RecurrentSpec& spec, const Pass& pass, std::size_t rows,
                           const RecurrentGradients& gradients, float* saved) {
  RowMemory memory(saved, rows);
  const SequenceMemory sequence(spec, Mode::kTrain, memory);
  const std::size_t longest = LongestLength(sequence, rows);
  if (longest == 0) return;
  const DirectionMemory& direction = sequence.directions[gradients.direction];
  const std::size_t slots = spec.slots(), units = spec.units;
  const bool apart = !spec.lstm() && gradients.gate == 2;  // A GRU's n: the state's part is elsewhere.
  const float* of_input = direction.gates + gradients.gate * units + gradients.unit;
  const float* of_state = apart ? of_input + units : of_input;
  AddGemmTN({gradients.count, spec.inputs, longest * rows}, of_input, slots, sequence.inputs, spec.inputs,
            gradients.weight_ih, spec.inputs, pass.execution);
  // Every step but the direction's first has a state given by another.
  const bool reverse = gradients.direction == 1;
  if (longest > 1) {
    AddGemmTN({gradients.count, units, (longest - 1) * rows}, of_state + (reverse ? 0 : rows * slots), slots,
              direction.given + (reverse ? rows * units : 0), units, gradients.weight_hh, units, pass.execution);
  }
  AddRows(longest * rows, of_input, slots, gradients.count, gradients.bias_ih);
  AddRows(longest * rows, of_state, slots, gradients.count, gradients.bias_hh);
}

}  // namespace fallow::nn
