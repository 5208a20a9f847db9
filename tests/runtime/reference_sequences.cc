// Embeddings, LSTMs and GRUs, step by step.
#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "tests/runtime/reference_layers.h"
#include "tests/support/oracle.h"

namespace fallow::nn::reference {
namespace {

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

struct States {
  Row h, c;
};

// Row `row` of W x + b.
double Sum(const Row& weight, const Row& bias, std::size_t row, const Row& x) {
  double sum = bias[row];
  for (std::size_t j = 0; j < x.size(); ++j) sum += weight[row * x.size() + j] * x[j];
  return sum;
}

class Recurrent {
 public:
  Recurrent(const LayerContext& context, std::size_t gates)
      : context_(context),
        units_(std::stoul(context.Field(1))),
        gates_(gates),
        steps_(context.input[0]),
        inputs_(context.input[1]),
        directions_(context.Option("bidirectional") == "1" ? 2 : 1),
        first_((context.pass.first_row + context.row) * (inputs_ + directions_ * units_ * (1 + 2 * steps_))) {}

  Row Forward(const Row& x) const {
    const bool sequences = context_.Option("sequences") == "1";
    const std::size_t outputs = directions_ * units_;
    Row y(sequences ? steps_ * outputs : outputs, 0.0);
    for (std::size_t d = 0; d < directions_; ++d) {
      const std::vector<States> states = Direction(d, x);
      for (std::size_t j = 0; j < units_; ++j) {
        if (!sequences) y[d * units_ + j] = states.back().h[j];
        for (std::size_t i = 1; sequences && i < states.size(); ++i) {
          y[StepOf(d, i - 1, states.size() - 1) * outputs + d * units_ + j] = states[i].h[j];
        }
      }
    }
    return y;
  }

 private:
  static std::size_t StepOf(std::size_t direction, std::size_t i, std::size_t length) {
    return direction == 1 ? length - 1 - i : i;
  }

  std::size_t Length(const Row& x) const {
    if (context_.Option("mask") != "1") return steps_;
    std::size_t length = steps_;
    const auto is_zero = [](double v) { return v == 0; };
    while (length > 0 && std::all_of(x.begin() + (length - 1) * inputs_, x.begin() + length * inputs_, is_zero))
      --length;
    return length;
  }

  // Before the first step and after each.
  std::vector<States> Direction(std::size_t d, const Row& x) const {
    const Row of_input = context_.Mask(context_.Number("dropout", 0), first_, inputs_);
    const Row of_state = context_.Mask(context_.Number("recurrent_dropout", 0), first_ + inputs_ + d * units_, units_);
    std::vector<States> states = {{Row(units_, 0.0), Row(units_, 0.0)}};
    const std::size_t length = Length(x);
    const Row weight = StateWeight(d);
    for (std::size_t i = 0; i < length; ++i) {
      const std::size_t t = StepOf(d, i, length);
      Row input(x.begin() + t * inputs_, x.begin() + (t + 1) * inputs_);
      for (std::size_t j = 0; j < inputs_; ++j) input[j] *= of_input[j];
      Row state = states.back().h;
      for (std::size_t j = 0; j < units_; ++j) state[j] *= of_state[j];
      Row sums;
      for (std::size_t j = 0; j < gates_ * units_; ++j) sums.push_back(Sum(weight, parameter(d, 3), j, state));
      States next = gates_ == 4 ? LstmStep(d, input, sums, states.back()) : GruStep(d, input, sums, states.back());
      Zoneout(d, 0, t, states.back().h, next.h);
      Zoneout(d, 1, t, states.back().c, next.c);
      states.push_back(std::move(next));
    }
    return states;
  }

  const Row& parameter(std::size_t d, std::size_t i) const { return context_.parameters[4 * d + i]; }

  double OfInput(std::size_t d, std::size_t gate, std::size_t j, const Row& input) const {
    return Sum(parameter(d, 0), parameter(d, 2), gate * units_ + j, input);
  }

  Row StateWeight(std::size_t d) const {
    Row weight = parameter(d, 1);
    const double rate = context_.Number("weight_dropout", 0);
    if (rate == 0 || context_.pass.mode == Mode::kInfer) return weight;
    const std::uint64_t stream = ((std::uint64_t{context_.index} + (1 << 20)) << 40) + context_.pass.step;
    const auto kept = oracle::MaskBytes(rate, {context_.pass.seed, stream, d * weight.size()}, weight.size());
    for (std::size_t i = 0; i < weight.size(); ++i) weight[i] *= kept[i] != 0 ? double{oracle::Scale(rate)} : 0.0;
    return weight;
  }

  States LstmStep(std::size_t d, const Row& input, const Row& of_state, const States& before) const {
    States next = before;
    for (std::size_t j = 0; j < units_; ++j) {
      const auto gate = [&](std::size_t g) { return OfInput(d, g, j, input) + of_state[g * units_ + j]; };
      next.c[j] = Sigmoid(gate(1)) * before.c[j] + Sigmoid(gate(0)) * std::tanh(gate(2));
      next.h[j] = Sigmoid(gate(3)) * std::tanh(next.c[j]);
    }
    return next;
  }

  States GruStep(std::size_t d, const Row& input, const Row& of_state, const States& before) const {
    States next = before;
    for (std::size_t j = 0; j < units_; ++j) {
      const double r = Sigmoid(OfInput(d, 0, j, input) + of_state[j]);
      const double z = Sigmoid(OfInput(d, 1, j, input) + of_state[units_ + j]);
      const double n = std::tanh(OfInput(d, 2, j, input) + r * of_state[2 * units_ + j]);
      next.h[j] = (1 - z) * n + z * before.h[j];
    }
    return next;
  }

  void Zoneout(std::size_t d, std::size_t state, std::size_t t, const Row& before, Row& next) const {
    const double rate = context_.Number("zoneout", 0);
    if (rate == 0) return;
    const std::uint64_t element = inputs_ + directions_ * units_ + ((2 * d + state) * steps_ + t) * units_;
    const Row mask = context_.Mask(rate, first_ + element, units_);
    for (std::size_t j = 0; j < units_; ++j) {
      if (context_.pass.mode == Mode::kInfer) {
        next[j] = (1 - rate) * next[j] + rate * before[j];
      } else if (mask[j] == 0) {
        next[j] = before[j];
      }
    }
  }

  const LayerContext& context_;
  std::size_t units_, gates_, steps_, inputs_, directions_;
  std::uint64_t first_;  // Element of the row's masks.
};

}  // namespace

Row Embedding(const LayerContext& context, const Row& x) {
  const std::size_t vocabulary = std::stoul(context.Field(1)), dim = std::stoul(context.Field(2));
  const Row mask =
      context.Mask(context.Number("dropout", 0), (context.pass.first_row + context.row) * vocabulary, vocabulary);
  Row y;
  for (const double token : x) {
    for (std::size_t j = 0; j < dim; ++j) {
      const auto v = static_cast<std::size_t>(token);
      y.push_back(mask[v] * context.parameters[0][v * dim + j]);
    }
  }
  return y;
}

Row Lstm(const LayerContext& context, const Row& x) { return Recurrent(context, 4).Forward(x); }
Row Gru(const LayerContext& context, const Row& x) { return Recurrent(context, 3).Forward(x); }

}  // namespace fallow::nn::reference
