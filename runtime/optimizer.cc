#include "fallow/nn/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string>
#include <utility>

#include "fallow/nn/error.h"
#include "runtime/names.h"
#include "runtime/numbers.h"
#include "runtime/region.h"
#include "runtime/update_kernels.h"

namespace fallow::nn {
namespace {

constexpr std::pair<Algorithm, std::string_view> kNames[] = {
    {Algorithm::kSGD, "sgd"}, {Algorithm::kAdam, "adam"}, {Algorithm::kAdamW, "adamw"}};

// Some ten microseconds of work: more than it costs to hand a piece to another thread.
constexpr std::size_t kPieceElements = 16384;

// Written so that NaN fails.
void Check(const char* name, double value, bool good, const char* expected) {
  if (good && std::isfinite(value)) return;
  throw Error(std::string("optimizer: ") + name + " is " + FormatNumber(value) + ", expected " + expected);
}

void CheckOptions(const OptimizerOptions& o) {
  Check("learning rate", o.learning_rate, o.learning_rate >= 0, "a number >= 0");
  Check("momentum", o.momentum, o.momentum >= 0, "a number >= 0");
  Check("beta1", o.beta1, o.beta1 >= 0 && o.beta1 < 1, "a number in [0, 1)");
  Check("beta2", o.beta2, o.beta2 >= 0 && o.beta2 < 1, "a number in [0, 1)");
  Check("epsilon", o.epsilon, o.epsilon >= 0, "a number >= 0");
  Check("weight decay", o.weight_decay, o.weight_decay >= 0, "a number >= 0");
  Check("clip norm", o.clip_norm, o.clip_norm >= 0, "a number >= 0");
  Check("clip value", o.clip_value, o.clip_value >= 0, "a number >= 0");
  if (o.nesterov) Check("momentum", o.momentum, o.momentum > 0, "a number > 0 with nesterov");
}

// Sixteen sums side by side: quick, and the same order of summation on every target.
double SumOfSquares(std::span<const float> row) {
  double sums[16] = {};
  for (std::size_t i = 0; i < row.size(); ++i) sums[i % 16] += double{row[i]} * double{row[i]};
  double sum = 0;
  for (const double s : sums) sum += s;
  return sum;
}

// `decoupled`: the weight decay that is not part of the penalty.
AdamStep MakeAdamStep(const OptimizerOptions& o, double learning_rate, std::uint64_t step, Penalty penalty,
                      double decoupled) {
  const auto t = static_cast<double>(step);
  const auto to_float = [](double v) { return static_cast<float>(v); };
  return {.penalty = penalty,
          .keep = to_float(1.0 - learning_rate * decoupled),
          .step_size = to_float(learning_rate / (1.0 - std::pow(o.beta1, t))),
          .beta1 = to_float(o.beta1),
          .one_minus_beta1 = to_float(1.0 - o.beta1),
          .beta2 = to_float(o.beta2),
          .one_minus_beta2 = to_float(1.0 - o.beta2),
          .root_correction2 = to_float(std::sqrt(1.0 - std::pow(o.beta2, t))),
          .epsilon = to_float(o.epsilon)};
}

// Biases have no weight decay, nor have rates that are learnt.
bool Decays(const Parameter& parameter) {
  return parameter.name.find("bias") == std::string::npos && parameter.name != "p_logit";
}

}  // namespace

std::string_view Name(Algorithm algorithm) { return FindName(kNames, algorithm); }

Algorithm ParseAlgorithm(std::string_view name) { return ParseName(kNames, name, "optimizer"); }

Optimizer::Optimizer(const OptimizerOptions& options, std::vector<NamedParameter> parameters)
    : options_(options), parameters_(std::move(parameters)) {
  CheckOptions(options);
  std::erase_if(parameters_, [](const NamedParameter& named) { return !named.parameter->trained; });
  const bool adam = options.algorithm != Algorithm::kSGD;
  for (std::size_t p = 0; p < parameters_.size(); ++p) {
    const Tensor& value = parameters_[p].parameter->value;
    if (adam || options.momentum > 0) first_.emplace_back(value.rows(), value.sample_shape());
    if (adam) second_.emplace_back(value.rows(), value.sample_shape());

    const std::size_t count = value.values().size();
    elements_ += count;
    for (std::size_t begin = 0; begin < count; begin += kPieceElements) {
      pieces_.push_back({p, begin, std::min(count, begin + kPieceElements)});
    }
    if (parameters_[p].parameter->max_norm == 0 && !parameters_[p].parameter->unit_norm) continue;
    const std::size_t rows = std::max<std::size_t>(1, kPieceElements / value.cols());
    for (std::size_t begin = 0; begin < value.rows(); begin += rows) {
      row_pieces_.push_back({p, begin, std::min(value.rows(), begin + rows)});
    }
  }
  piece_squares_.resize(pieces_.size());
}

void Optimizer::Step(double learning_rate, const Execution& execution) {
  Region region(kOptimizerStep, elements_, execution);
  ++steps_;
  ClipGradients(execution, region);
  UpdatePieces(learning_rate, execution, region);
  LimitNorms(execution, region);
}

void Optimizer::ClipGradients(const Execution& execution, Region& step) {
  if (options_.clip_value == 0 && options_.clip_norm == 0) return;
  const auto gradient_of = [&](std::size_t i) {
    const Piece& piece = pieces_[i];
    return parameters_[piece.parameter].parameter->gradient.values().subspan(piece.begin, piece.end - piece.begin);
  };
  step.Run(pieces_.size(), [&](std::size_t i) {
    const std::span<float> gradient = gradient_of(i);
    const Region region(kOptimizerPiece, gradient.size(), execution);
    if (options_.clip_value > 0) {
      const auto limit = static_cast<float>(options_.clip_value);
      for (float& g : gradient) g = std::clamp(g, -limit, limit);
    }
    piece_squares_[i] = SumOfSquares(gradient);
  });
  if (options_.clip_norm == 0) return;
  const double norm = std::sqrt(std::accumulate(piece_squares_.begin(), piece_squares_.end(), 0.0));
  constexpr double kAgainstZero = 1e-6;  // As PyTorch's.
  const double factor = options_.clip_norm / (norm + kAgainstZero);
  if (!(factor < 1)) return;
  step.Run(pieces_.size(), [&](std::size_t i) {
    const std::span<float> gradient = gradient_of(i);
    const Region region(kOptimizerPiece, gradient.size(), execution);
    for (float& g : gradient) g *= static_cast<float>(factor);
  });
}

void Optimizer::UpdatePieces(double learning_rate, const Execution& execution, Region& step) {
  const UpdateKernels& kernels = UpdateKernelsFor(execution.target);
  step.Run(pieces_.size(), [&](std::size_t i) {
    const Piece& piece = pieces_[i];
    Parameter& parameter = *parameters_[piece.parameter].parameter;
    const std::size_t count = piece.end - piece.begin;
    const Region region(kOptimizerPiece, count, execution);
    const float* g = parameter.gradient.data() + piece.begin;
    float* w = parameter.value.data() + piece.begin;
    const double decay = Decays(parameter) ? options_.weight_decay : 0.0;
    const double decoupled = options_.algorithm == Algorithm::kAdamW ? decay : 0.0;
    const Penalty penalty{static_cast<float>(2.0 * double{parameter.l2} + (decay - decoupled)), parameter.l1};
    if (options_.algorithm != Algorithm::kSGD) {
      kernels.adam(MakeAdamStep(options_, learning_rate, steps_, penalty, decoupled), count, g, w,
                   first_[piece.parameter].data() + piece.begin, second_[piece.parameter].data() + piece.begin);
      return;
    }
    const SgdStep sgd{penalty, static_cast<float>(learning_rate), static_cast<float>(options_.momentum),
                      options_.nesterov};
    if (options_.momentum > 0) {
      kernels.sgd(sgd, count, g, w, first_[piece.parameter].data() + piece.begin);
    } else {
      kernels.sgd_without_momentum(sgd, count, g, w);
    }
  });
}

void Optimizer::LimitNorms(const Execution& execution, Region& step) {
  step.Run(row_pieces_.size(), [&](std::size_t i) {
    const Piece& piece = row_pieces_[i];
    Parameter& parameter = *parameters_[piece.parameter].parameter;
    const Region region(kOptimizerPiece, (piece.end - piece.begin) * parameter.value.cols(), execution);
    for (std::size_t r = piece.begin; r < piece.end; ++r) {
      const std::span<float> row = parameter.value.row(r);
      const double norm = std::sqrt(SumOfSquares(row));
      const double wanted = parameter.unit_norm ? 1.0 : parameter.max_norm;
      const double least = parameter.unit_norm ? 0.0 : wanted;  // Of the norms that are changed.
      if (!(norm > least)) continue;
      const auto factor = static_cast<float>(wanted / norm);
      for (float& w : row) w *= factor;
    }
  });
}

std::vector<Optimizer::Slot> Optimizer::slots() {
  const bool adam = options_.algorithm != Algorithm::kSGD;
  std::vector<Slot> slots;
  for (std::size_t p = 0; p < first_.size(); ++p) {
    slots.push_back({(adam ? "adam.m." : "sgd.velocity.") + parameters_[p].name, &first_[p]});
    if (adam) slots.push_back({"adam.v." + parameters_[p].name, &second_[p]});
  }
  return slots;
}

}  // namespace fallow::nn
