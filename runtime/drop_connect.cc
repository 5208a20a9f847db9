// Dense layers with dropped weights.
#include <algorithm>
#include <cassert>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "fallow/dropout.h"
#include "fallow/nn/dropout_layers.h"
#include "fallow/nn/error.h"
#include "runtime/dense.h"
#include "runtime/dropout_entries.h"
#include "runtime/numbers.h"
#include "runtime/option_checks.h"
#include "runtime/ordered_product.h"
#include "runtime/row_keys.h"

namespace fallow::nn {
namespace {

constexpr char kKind[] = "dropconnect";
constexpr std::size_t kWeightsAtOnce = std::size_t{1} << 14;  // Of a sample, dropped and used: they stay in cache.
constexpr std::uint64_t kMaxWeights = std::uint64_t{1} << 57;

class DropConnect : public Dense {
 public:
  DropConnect(std::size_t units, double rate, const DenseOptions& options)
      : Dense(units, options, /*last=*/false, kKind), rate_(rate) {
    CheckProbability(kKind, "the rate", rate);
  }

  std::string Spec() const override {
    return kKind + (':' + std::to_string(units())) + ':' + FormatNumber(rate_.drop_probability()) + OptionSpecs();
  }

  LayerPlan Plan(const Shape& input) const override {
    const LayerPlan plan = Dense::Plan(input);
    if (plan.parameters <= kMaxWeights) return plan;
    throw Error(std::string(kKind) + ": " + std::to_string(plan.parameters) + " weights, expected at most 2^57");
  }

  void Build(const Shape& input, std::uint64_t seed, std::size_t index) override {
    Dense::Build(input, seed, index);
    index_ = index;
    kept_weight_.Resize(units(), Shape{inputs()});
  }

  bool drops() const override { return true; }
  std::optional<double> rate() const override { return rate_.drop_probability(); }
  bool set_rate(const Rate& rate) override {
    rate_ = rate;
    return true;
  }
  bool needs_batch() const override { return true; }
  std::uint64_t mask_elements() const override { return units() * inputs(); }
  std::size_t scratch(Mode mode, std::size_t) const override {
    return mode == Mode::kMonteCarlo ? UnitsAtOnce() * inputs() : 0;
  }

  void BeginForward(const Pass& pass, std::size_t, const float*, const Memory&) override {
    Drop(KeyOfStep(pass, 0), units(), weight(), kept_weight_.data(), pass.execution);
  }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory& memory) override {
    switch (pass.mode) {
      case Mode::kTrain:
        return Forward(pass, rows, kept_weight_.data(), x, y);
      case Mode::kInfer:
        return Forward(pass, rows, weight(), x, y);
      case Mode::kMonteCarlo:
        for (std::size_t r = 0; r < rows.count(); ++r) {
          SampleRow(pass, rows.begin + r, x + r * inputs(), y + r * units(), memory.scratch);
        }
    }
  }

  void BackwardRows(const Pass& pass, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory&) override {
    if (dx != nullptr) Backward(pass, rows, kept_weight_.data(), dy, dx);
  }

  void ParameterGradients(const Pass& pass, std::size_t block, std::size_t rows, const float* x, const float* dy,
                          const Memory& memory) override {
    Dense::ParameterGradients(pass, block, rows, x, dy, memory);
    const auto [first, count] = UnitsOf(block);
    float* gradient = weight_gradient() + first * inputs();
    Drop(KeyOfStep(pass, first), count, gradient, gradient, pass.execution);
  }

 private:
  std::size_t UnitsAtOnce() const { return std::clamp<std::size_t>(kWeightsAtOnce / inputs(), 1, units()); }

  // Of the weights into the units from `first_unit` on, in training.
  MaskKey KeyOfStep(const Pass& pass, std::size_t first_unit) const {
    return {.seed = pass.seed, .stream = StreamOf(index_, pass.step), .first_element = first_unit * inputs()};
  }

  void Drop(const MaskKey& key, std::size_t units, const float* from, float* to, const Execution& execution) const {
    DropAt(rate_, key, units * inputs(), from, to, execution);
  }

  static void DropAt(const Rate& rate, const MaskKey& key, std::size_t count, const float* from, float* to,
                     const Execution& execution) {
    [[maybe_unused]] const Status status = DropoutForward({from, count}, Mask(rate, key), {to, count}, execution);
    assert(status.ok());
  }

  void SampleRow(const Pass& pass, std::size_t row, const float* x, float* y, float* kept) const {
    MaskKey key = KeyOfRow(pass, index_, row, units() * inputs());
    for (std::size_t first = 0; first < units(); first += UnitsAtOnce()) {
      const std::size_t count = std::min(UnitsAtOnce(), units() - first);
      DropAt(pass.rate ? *pass.rate : rate_, key, count * inputs(), weight() + first * inputs(), kept, pass.execution);
      key.first_element += count * inputs();
      OrderedProductNT({1, count, inputs()}, x, inputs(), kept, inputs(), bias() == nullptr ? nullptr : bias() + first,
                       y + first, units(), pass.execution);
    }
  }

  Rate rate_;
  std::size_t index_ = 0;
  Tensor kept_weight_;  // In training: the weights of this step.
};

}  // namespace

std::unique_ptr<Layer> MakeDropConnect(std::size_t units, double rate, const DenseOptions& options) {
  return std::make_unique<DropConnect>(units, rate, options);
}

void AddDropConnect(const LayerEntry& entry, LayerChain& layers) {
  if (entry.size() < 3) entry.Fail("expected dropconnect:UNITS:RATE");
  const double rate = entry.Number<double>(entry.field(2), "a rate");
  AddDenseLike(entry, 3, layers,
               [&](std::size_t units, const DenseOptions& options) { return MakeDropConnect(units, rate, options); });
}

}  // namespace fallow::nn
