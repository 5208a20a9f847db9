// LSTM and GRU layers: parameters, and how a batch is cut into parts.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/sequences.h"
#include "runtime/blas.h"
#include "runtime/initial_values.h"
#include "runtime/numbers.h"
#include "runtime/recurrent_masks.h"
#include "runtime/recurrent_memory.h"
#include "runtime/recurrent_pass.h"
#include "runtime/region.h"
#include "runtime/row_blocks.h"

namespace fallow::nn {
namespace {

constexpr std::size_t kMaxUnits = std::size_t{1} << 24;  // Four gates of it are a dimension of a BLAS.
constexpr std::size_t kMaxSteps = std::size_t{1} << 24;  // Lengths are kept as floats.
constexpr std::size_t kUnitsPerBlock = 128;              // In one gradient block, of one gate.
constexpr std::size_t kParametersPerDirection = 4;

class Recurrent : public Layer {
 public:
  Recurrent(CellKind cell, std::size_t units, const RecurrentOptions& options)
      : spec_{.cell = cell, .units = units, .options = options} {
    if (units < 1 || units > kMaxUnits) {
      throw Error(kind() + ": " + std::to_string(units) + " units, expected 1 to " + std::to_string(kMaxUnits));
    }
    for (const auto& [name, value] : Probabilities()) {
      if (Rate(value).valid()) continue;
      throw Error(kind() + ": " + name + " is " + FormatNumber(value) + ", expected a number in [0, 1]");
    }
  }

  std::string Spec() const override {
    std::string spec = kind() + ':' + std::to_string(spec_.units);
    if (spec_.options.sequences) spec += ":sequences=1";
    if (spec_.options.bidirectional) spec += ":bidirectional=1";
    for (const auto& [name, value] : Probabilities()) {
      const double now = spec_.RateOf(value).drop_probability();
      if (now != 0) spec += ':' + std::string(name) + '=' + FormatNumber(now);
    }
    if (spec_.options.mask) spec += ":mask=1";
    return spec;
  }

  LayerPlan Plan(const Shape& input) const override {
    if (input.rank() != 2) throw Error(kind() + ": got shape " + input.ToString() + ", expected (steps, features)");
    const std::uint64_t steps = input[0], inputs = input[1];
    if (steps < 1 || steps > kMaxSteps || inputs < 1 || inputs > kMaxBlasDimension) {
      throw Error(kind() + ": got shape " + input.ToString() + ", expected 1 to 2^24 steps of 1 to " +
                  std::to_string(kMaxBlasDimension) + " features");
    }
    const Shape output = spec_.options.sequences ? Shape{steps, spec_.outputs()} : Shape{spec_.outputs()};
    return {output, spec_.directions() * spec_.gates() * (inputs + spec_.units + 2)};
  }

  void Build(const Shape& input, std::uint64_t seed, std::size_t index) override {
    spec_.steps = input[0];
    spec_.inputs = input[1];
    spec_.index = index;
    parameters_.clear();
    for (std::size_t d = 0; d < spec_.directions(); ++d) {
      const std::string end = d == 0 ? "_l0" : "_l0_reverse";
      AddParameter("weight_ih" + end, spec_.gates(), spec_.inputs);
      AddParameter("weight_hh" + end, spec_.gates(), spec_.units);
      AddParameter("bias_ih" + end, 1, spec_.gates());
      AddParameter("bias_hh" + end, 1, spec_.gates());
    }
    FillUniform(seed, index, 1 / std::sqrt(static_cast<double>(spec_.units)), parameters_);
    if (spec_.options.weight_dropout != 0) dropped_ = Tensor(spec_.directions(), Shape{weight_size()});
  }

  std::span<Parameter> parameters() override { return parameters_; }

  bool drops() const override {
    return std::ranges::any_of(Probabilities(), [](const Probability& p) { return p.value != 0; });
  }
  std::optional<double> rate() const override {
    std::optional<double> rate;
    for (const auto& [name, value] : Probabilities()) {
      if (value == 0) continue;
      const double now = spec_.RateOf(value).drop_probability();
      if (rate && *rate != now) return {};
      rate = now;
    }
    return rate;
  }
  bool set_rate(const Rate& moved) override {
    if (!rate()) return false;
    spec_.moved = moved;
    return true;
  }
  std::size_t mask_elements() const override { return spec_.mask_elements(); }

  std::size_t saved() const override { return SequenceNumbers(spec_, Mode::kTrain); }
  std::size_t scratch(Mode mode, std::size_t rows) const override {
    const bool draws = mode == Mode::kMonteCarlo && spec_.options.weight_dropout != 0;
    return rows * ScratchNumbers(spec_, mode) + (draws ? spec_.directions() * weight_size() : 0);
  }

  // For weights that all rows of a training step share.
  bool needs_batch() const override { return spec_.options.weight_dropout != 0; }
  void BeginForward(const Pass& pass, std::size_t, const float*, const Memory&) override {
    Draw(pass, pass.seed, pass.step, dropped_.data());
  }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory& memory) override {
    if (pass.mode == Mode::kMonteCarlo && spec_.options.weight_dropout != 0) {
      return ForwardWithOwnWeights(pass, rows, x, y, memory);
    }
    const bool dropped = pass.mode == Mode::kTrain && spec_.options.weight_dropout != 0;
    ForwardParts(pass, rows, dropped ? dropped_.data() : nullptr, x, y, memory);
  }

  void BackwardRows(const Pass& pass, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory& memory) override {
    const bool dropped = spec_.options.weight_dropout != 0;
    const auto weights = Weights(dropped ? dropped_.data() : nullptr);
    ForEachPart(pass, rows, memory, [&](Rows part, const Memory& of_part) {
      const std::size_t at = part.begin - rows.begin;
      RecurrentBackward({spec_, weights, pass, part}, dy + at * output_size(),
                        dx == nullptr ? nullptr : dx + at * input_size(), of_part);
    });
  }

  std::size_t gradient_blocks() const override { return spec_.gates() / spec_.units * spec_.directions() * cuts(); }

  void ParameterGradients(const Pass& pass, std::size_t block, std::size_t rows, const float*, const float*,
                          const Memory& memory) override {
    const std::size_t gate = block / cuts(), gates = spec_.gates() / spec_.units;
    RecurrentGradients gradients{
        .direction = gate / gates, .gate = gate % gates, .unit = block % cuts() * kUnitsPerBlock};
    gradients.count = std::min(kUnitsPerBlock, spec_.units - gradients.unit);
    const std::size_t first = gradients.gate * spec_.units + gradients.unit;
    const auto gradient = [&](std::size_t parameter, std::size_t cols) {
      Tensor& tensor = parameters_[gradients.direction * kParametersPerDirection + parameter].gradient;
      std::fill_n(tensor.data() + first * cols, gradients.count * cols, 0.0f);
      return tensor.data() + first * cols;
    };
    gradients.weight_ih = gradient(0, spec_.inputs);
    gradients.weight_hh = gradient(1, spec_.units);
    gradients.bias_ih = gradient(2, 1);
    gradients.bias_hh = gradient(3, 1);
    const RowBlocks blocks(rows);
    for (std::size_t b = 0; b < blocks.count(); ++b) {
      const RowParts parts(blocks[b].count());
      for (std::size_t i = 0; i < parts.count(); ++i) {
        float* saved_by_part = memory.saved + (blocks[b].begin + parts[i].begin) * saved();
        AddRecurrentGradients(spec_, pass, parts[i].count(), gradients, saved_by_part);
      }
    }
    if (spec_.options.weight_dropout == 0) return;
    DropWeightGradient(spec_, pass, gradients.direction, first, gradients.count, gradients.weight_hh);
  }

 private:
  struct Probability {
    const char* name;
    double value;
  };

  std::string kind() const { return spec_.lstm() ? "lstm" : "gru"; }
  std::array<Probability, 4> Probabilities() const {
    const RecurrentOptions& options = spec_.options;
    return {{{"dropout", options.dropout},
             {"recurrent_dropout", options.recurrent_dropout},
             {"zoneout", options.zoneout},
             {"weight_dropout", options.weight_dropout}}};
  }

  std::size_t input_size() const { return spec_.steps * spec_.inputs; }
  std::size_t output_size() const { return (spec_.options.sequences ? spec_.steps : 1) * spec_.outputs(); }
  std::size_t weight_size() const { return spec_.gates() * spec_.units; }  // Of weight_hh.
  std::size_t cuts() const { return (spec_.units + kUnitsPerBlock - 1) / kUnitsPerBlock; }

  void AddParameter(std::string name, std::size_t rows, std::size_t cols) {
    parameters_.push_back(
        {.name = std::move(name), .value = Tensor(rows, Shape{cols}), .gradient = Tensor(rows, Shape{cols})});
  }

  const float* value(std::size_t direction, std::size_t parameter) const {
    return parameters_[direction * kParametersPerDirection + parameter].value.data();
  }

  // `dropped`: instead of each direction's weight_hh, or null.
  std::array<RecurrentWeights, 2> Weights(const float* dropped) const {
    std::array<RecurrentWeights, 2> weights;
    for (std::size_t d = 0; d < spec_.directions(); ++d) {
      weights[d] = {value(d, 0), dropped == nullptr ? value(d, 1) : dropped + d * weight_size(), value(d, 2),
                    value(d, 3)};
    }
    return weights;
  }

  void Draw(const Pass& pass, std::uint64_t seed, std::uint64_t step, float* dropped) const {
    for (std::size_t d = 0; d < spec_.directions(); ++d) {
      DropWeights(spec_, pass, seed, step, d, value(d, 1), dropped + d * weight_size());
    }
  }

  // Calls body(part, memory of the part).
  template <class Body>
  void ForEachPart(const Pass& pass, Rows rows, const Memory& memory, const Body& body) const {
    const RowParts parts(rows.count());
    const std::size_t of_row = scratch(pass.mode, 1) - scratch(pass.mode, 0);
    Region region(kRowsInParts, rows.count(), pass.execution);
    region.Run(parts.count(), [&](std::size_t i) {
      const auto [begin, end] = parts[i];
      Memory of_part = memory;
      of_part.scratch += begin * of_row;
      if (of_part.saved != nullptr) of_part.saved += begin * saved();
      body(Rows{rows.begin + begin, rows.begin + end}, of_part);
    });
  }

  void ForwardParts(const Pass& pass, Rows rows, const float* dropped, const float* x, float* y,
                    const Memory& memory) const {
    const auto weights = Weights(dropped);
    ForEachPart(pass, rows, memory, [&](Rows part, const Memory& of_part) {
      const std::size_t at = part.begin - rows.begin;
      RecurrentForward({spec_, weights, pass, part}, x + at * input_size(), y + at * output_size(), of_part);
    });
  }

  // Rows that follow each other and have the same seed and step share their weights.
  void ForwardWithOwnWeights(const Pass& pass, Rows rows, const float* x, float* y, const Memory& memory) const {
    float* dropped = memory.scratch + rows.count() * (scratch(pass.mode, 1) - scratch(pass.mode, 0));
    const auto masks_of = [&](std::size_t row) {
      return pass.row_masks.empty() ? RowMasks{pass.seed, pass.step, 0} : pass.row_masks[row];
    };
    for (std::size_t begin = rows.begin, end = begin; begin < rows.end; begin = end) {
      const RowMasks masks = masks_of(begin);
      while (end < rows.end && masks_of(end).seed == masks.seed && masks_of(end).step == masks.step) ++end;
      Draw(pass, masks.seed, masks.step, dropped);
      const std::size_t at = begin - rows.begin;
      ForwardParts(pass, {begin, end}, dropped, x + at * input_size(), y + at * output_size(), memory);
    }
  }

  RecurrentSpec spec_;
  std::vector<Parameter> parameters_;
  Tensor dropped_;  // Each direction's weight_hh in the present training step, with weight dropout.
};

}  // namespace

std::unique_ptr<Layer> MakeLSTM(std::size_t units, const RecurrentOptions& options) {
  return std::make_unique<Recurrent>(CellKind::kLstm, units, options);
}

std::unique_ptr<Layer> MakeGRU(std::size_t units, const RecurrentOptions& options) {
  return std::make_unique<Recurrent>(CellKind::kGru, units, options);
}

}  // namespace fallow::nn
