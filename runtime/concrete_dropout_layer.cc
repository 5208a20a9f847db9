// Concrete dropout: a layer that learns its rate.
#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "fallow/concrete_dropout.h"
#include "fallow/nn/dropout_layers.h"
#include "runtime/activation_kernels.h"
#include "runtime/dropout_entries.h"
#include "runtime/option_checks.h"
#include "runtime/row_keys.h"

namespace fallow::nn {
namespace {

constexpr char kKind[] = "concrete_dropout";
constexpr float kLeastRate = 0x1p-24f;

// What its regularisation is of: the weights that the layer's output meets.
Parameter* FindWeight(Layer& layer) {
  for (Parameter& parameter : layer.parameters()) {
    if (parameter.trained && parameter.name.starts_with("weight")) return &parameter;
  }
  return nullptr;
}

double SumOfSquares(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += double{value} * value;
  return sum;
}

class ConcreteDropout : public Layer {
 public:
  explicit ConcreteDropout(const ConcreteDropoutOptions& options) : options_(options) {
    CheckOption(kKind, "the rate", options.rate, options.rate > 0 && options.rate < 1, "a number in (0, 1)");
    CheckOption(kKind, "temperature", options.temperature, options.temperature >= 0.001 && options.temperature <= 1000,
                "a number in [0.001, 1000]");
    CheckNotNegative(kKind, "weight_regularizer", options.weight_regularizer);
    CheckNotNegative(kKind, "dropout_regularizer", options.dropout_regularizer);
  }

  std::string Spec() const override {
    constexpr ConcreteDropoutOptions kDefault;
    return kKind + OptionSpec("rate", options_.rate, kDefault.rate) +
           OptionSpec("temperature", options_.temperature, kDefault.temperature) +
           OptionSpec("weight_regularizer", options_.weight_regularizer, kDefault.weight_regularizer) +
           OptionSpec("dropout_regularizer", options_.dropout_regularizer, kDefault.dropout_regularizer);
  }

  LayerPlan Plan(const Shape& input) const override { return {input, 1}; }

  void Build(const Shape& input, std::uint64_t, std::size_t index) override {
    cols_ = input.elements();
    index_ = index;
    next_weight_ = nullptr;
    logit_.name = "p_logit";
    logit_.value = Tensor(1, Shape{1});
    logit_.gradient = Tensor(1, Shape{1});
    logit_.value.data()[0] = static_cast<float>(std::log(options_.rate) - std::log1p(-options_.rate));
  }

  void SetNext(Layer& next) override {
    next_weight_ = FindWeight(next);
    if (next_weight_ != nullptr) own_l2_ = next_weight_->l2;
  }

  std::span<Parameter> parameters() override { return {&logit_, 1}; }

  bool identity(Mode mode) const override { return mode == Mode::kInfer; }
  bool drops() const override { return true; }
  std::optional<double> rate() const override { return Probability({}); }
  bool in_place() const override { return true; }
  bool needs_input() const override { return true; }
  std::size_t saved() const override { return 1; }  // dp, in the first row of a block.
  std::size_t scratch(Mode mode, std::size_t rows) const override { return mode == Mode::kTrain ? rows * cols_ : 0; }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory&) override {
    const std::size_t count = rows.count() * cols_;
    const double p = pass.rate ? pass.rate->drop_probability() : Probability(pass.execution);
    if (pass.mode == Mode::kInfer || p == 0) {
      if (y != x) std::memcpy(y, x, count * sizeof(float));
      return;
    }
    if (p == 1) {
      std::fill_n(y, count, 0.0f);
      return;
    }
    const ConcreteRate rate{p, options_.temperature};
    ForEachKey(pass, rows, index_, cols_, [&](const MaskKey& key, std::size_t first, std::size_t keyed) {
      const std::size_t at = first * cols_, size = keyed * cols_;
      [[maybe_unused]] const Status status =
          ConcreteDropoutForward({x + at, size}, rate, key, {y + at, size}, pass.execution);
      assert(status.ok());
    });
  }

  void BackwardRows(const Pass& pass, Rows rows, const float* x, const float*, const float* dy, float* dx,
                    const Memory& memory) override {
    const std::size_t count = rows.count() * cols_;
    double dp = 0;
    [[maybe_unused]] const Status status = ConcreteDropoutBackward(
        {x, count}, {dy, count}, {Probability(pass.execution), options_.temperature},
        KeyOfRow(pass, index_, rows.begin, cols_), {dx != nullptr ? dx : memory.scratch, count}, &dp, pass.execution);
    assert(status.ok());
    std::fill_n(memory.saved, rows.count(), 0.0f);
    memory.saved[0] = static_cast<float>(dp);
  }

  std::size_t gradient_blocks() const override { return 1; }

  // With q = 1 - p, w the next weights and n the elements of a sample, the objective also has
  //   weight_regularizer * sum w^2 / q + dropout_regularizer * n (p log p + q log q)
  void ParameterGradients(const Pass& pass, std::size_t, std::size_t rows, const float*, const float*,
                          const Memory& memory) override {
    const double p = Probability(pass.execution), q = 1 - p;
    double dp = 0;
    for (std::size_t r = 0; r < rows; ++r) dp += memory.saved[r];
    dp += options_.dropout_regularizer * static_cast<double>(cols_) * (std::log(p) - std::log(q));
    if (next_weight_ != nullptr) {
      const double squares = SumOfSquares(next_weight_->value.values());
      dp += options_.weight_regularizer * squares / (q * q);
      // The optimiser adds the gradient of l2 * sum w^2.
      next_weight_->l2 = static_cast<float>(own_l2_ + options_.weight_regularizer / q);
    }
    logit_.gradient.data()[0] = static_cast<float>(dp * p * q);
  }

 private:
  // Of the sigmoid that has the same bits everywhere.
  double Probability(const Execution& execution) const {
    float p = 0;
    ActivationKernelsFor(Activation::kSigmoid, execution.target).forward(logit_.value.data(), 1, /*slope=*/0, &p);
    return std::clamp(p, kLeastRate, 1 - kLeastRate);
  }

  ConcreteDropoutOptions options_;
  Parameter logit_;
  std::size_t cols_ = 0;
  std::size_t index_ = 0;
  Parameter* next_weight_ = nullptr;
  float own_l2_ = 0;  // Of the next weight, without this layer's.
};

}  // namespace

std::unique_ptr<Layer> MakeConcreteDropout(const ConcreteDropoutOptions& options) {
  return std::make_unique<ConcreteDropout>(options);
}

void AddConcreteDropout(const LayerEntry& entry, LayerChain& layers) {
  ConcreteDropoutOptions options;
  entry.ReadNumbers(1, {{"rate", &options.rate},
                        {"temperature", &options.temperature},
                        {"weight_regularizer", &options.weight_regularizer},
                        {"dropout_regularizer", &options.dropout_regularizer}});
  layers.push_back(entry.Named([&] { return MakeConcreteDropout(options); }));
}

}  // namespace fallow::nn
