#include "runtime/recurrent_memory.h"

namespace fallow::nn {

SequenceMemory::SequenceMemory(const RecurrentSpec& spec, Mode mode, RowMemory& memory) {
  const bool trains = mode == Mode::kTrain, random = mode != Mode::kInfer;
  const std::size_t all = trains ? spec.steps : 1, states = trains ? spec.steps : 2;
  const bool drops_input = random && spec.options.dropout != 0;
  const bool drops_state = random && spec.options.recurrent_dropout != 0;
  lengths = memory.Take(1);
  if (drops_input) factors = memory.Take(spec.inputs);
  if (trains || drops_input) inputs = memory.Take(all * spec.inputs);
  for (std::size_t d = 0; d < spec.directions(); ++d) {
    DirectionMemory& direction = directions[d];
    direction.gates = memory.Take(all * spec.slots());
    direction.h = memory.Take(states * spec.units);
    direction.given = direction.h;
    if (drops_state) {
      direction.factors = memory.Take(spec.units);
      direction.given = memory.Take(states * spec.units);
    }
    if (!spec.lstm()) continue;
    direction.c = memory.Take(states * spec.units);
    direction.tanh_c = memory.Take(all * spec.units);
  }
}

std::size_t SequenceNumbers(const RecurrentSpec& spec, Mode mode) {
  const bool trains = mode == Mode::kTrain;
  const std::size_t of_step = spec.slots() + 4 * spec.units;
  const std::size_t of_direction = (trains ? spec.steps : 2) * of_step + spec.units;
  return 1 + spec.inputs + (trains ? spec.steps : 1) * spec.inputs + spec.directions() * of_direction;
}

std::size_t ScratchNumbers(const RecurrentSpec& spec, Mode mode) {
  const std::size_t forward = spec.units + spec.gates();
  if (mode != Mode::kTrain) return SequenceNumbers(spec, mode) + forward;
  const std::size_t backward = 6 * spec.units + spec.steps * spec.inputs;
  return std::max(forward, backward);
}

}  // namespace fallow::nn
