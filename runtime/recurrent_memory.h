// What a recurrent layer is, and the memory of a pass over its steps.
//
// What is kept for the backward pass lies step by step, each step's rows together, so that the products of all steps
// with the input's weights are one, and so are those for the gradients of all weights.
#ifndef FALLOW_RUNTIME_RECURRENT_MEMORY_H_
#define FALLOW_RUNTIME_RECURRENT_MEMORY_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "fallow/nn/layer.h"
#include "fallow/nn/sequences.h"
#include "fallow/rate.h"

namespace fallow::nn {

enum class CellKind : std::uint8_t { kLstm, kGru };

struct RecurrentSpec {
  CellKind cell;
  std::size_t units;
  RecurrentOptions options;
  std::optional<Rate> moved = {};  // See Layer::set_rate: instead of each probability that is not 0.
  // Of a built layer.
  std::size_t steps = 0;
  std::size_t inputs = 0;  // Of a step.
  std::size_t index = 0;   // In its model.

  bool lstm() const { return cell == CellKind::kLstm; }
  std::size_t directions() const { return options.bidirectional ? 2 : 1; }
  std::size_t outputs() const { return directions() * units; }  // Of a step.
  std::size_t gates() const { return (lstm() ? 4 : 3) * units; }
  std::size_t slots() const { return 4 * units; }  // Room for a step's gates: see GruForwardRow.
  // Of one of the options' probabilities, as it is now.
  Rate RateOf(double option) const { return option != 0 && moved ? *moved : Rate(option); }
  std::uint64_t mask_elements() const { return inputs + outputs() + std::uint64_t{2} * steps * outputs(); }
};

// Rows are cut into parts that go through the steps by themselves, on different threads. The parts depend on the number
// of rows alone.
class RowParts {
 public:
  static constexpr std::size_t kMaxRows = 32;

  explicit RowParts(std::size_t rows) : rows_(rows), count_((rows + kMaxRows - 1) / kMaxRows) {}
  std::size_t count() const { return count_; }
  Rows operator[](std::size_t i) const { return {i * rows_ / count_, (i + 1) * rows_ / count_}; }

 private:
  std::size_t rows_;
  std::size_t count_;
};

// Hands out arrays of so many numbers a row.
class RowMemory {
 public:
  RowMemory(float* memory, std::size_t rows) : next_(memory), rows_(rows) {}
  float* Take(std::size_t numbers) {
    float* array = next_;
    next_ += numbers * rows_;
    return array;
  }

 private:
  float* next_;
  std::size_t rows_;
};

struct DirectionMemory {
  float* factors = nullptr;  // What recurrent dropout multiplies the state with; null without it.
  float* gates = nullptr;
  float* h = nullptr;
  float* c = nullptr;  // Of an LSTM, as tanh_c.
  float* tanh_c = nullptr;
  float* given = nullptr;  // What the next step's product takes: h, or h after recurrent dropout.
};

// In training everything of all steps; otherwise of the last two, and gates and inputs of one.
struct SequenceMemory {
  SequenceMemory(const RecurrentSpec& spec, Mode mode, RowMemory& memory);

  float* lengths;            // How many steps each row has.
  float* factors = nullptr;  // What dropout multiplies the input with; null without it.
  float* inputs = nullptr;   // After dropout. Null if the layer's input itself will do.
  std::array<DirectionMemory, 2> directions;
};

// Numbers a row of a SequenceMemory, and of what else a call needs.
std::size_t SequenceNumbers(const RecurrentSpec& spec, Mode mode);
std::size_t ScratchNumbers(const RecurrentSpec& spec, Mode mode);

// How many steps the longest row has.
inline std::size_t LongestLength(const SequenceMemory& memory, std::size_t rows) {
  return static_cast<std::size_t>(*std::max_element(memory.lengths, memory.lengths + rows));
}

// The order in which a direction takes `count` steps.
struct StepOrder {
  bool reverse;
  std::size_t count;
  std::size_t operator[](std::size_t i) const { return reverse ? count - 1 - i : i; }
};

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_RECURRENT_MEMORY_H_
