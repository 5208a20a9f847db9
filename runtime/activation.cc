// Activations as layers.
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/activation_kernels.h"
#include "runtime/names.h"
#include "runtime/numbers.h"
#include "runtime/row_kernels.h"
#include "runtime/softmax.h"

namespace fallow::nn {
namespace {

constexpr std::pair<Activation, std::string_view> kNames[] = {
    {Activation::kLinear, "linear"}, {Activation::kReLU, "relu"},       {Activation::kLeakyReLU, "leaky_relu"},
    {Activation::kELU, "elu"},       {Activation::kSELU, "selu"},       {Activation::kGELU, "gelu"},
    {Activation::kSiLU, "silu"},     {Activation::kSigmoid, "sigmoid"}, {Activation::kTanh, "tanh"}};

constexpr double kDefaultSlope = 0.01;

// Element by element. All but GELU and SiLU have derivatives that follow from the output, and most from cheaper
// formulas than from the input: these work in place and need no second buffer.
class Elementwise : public Layer {
 public:
  Elementwise(Activation activation, double negative_slope)
      : activation_(activation), negative_slope_(negative_slope), slope_(static_cast<float>(negative_slope)) {}

  std::string Spec() const override {
    std::string spec(Name(activation_));
    if (activation_ == Activation::kLeakyReLU && negative_slope_ != kDefaultSlope) {
      spec += ':' + FormatNumber(negative_slope_);
    }
    return spec;
  }

  void Build(const Shape& input, std::uint64_t, std::size_t) override { cols_ = input.elements(); }

  bool in_place() const override { return true; }

  bool keeps_sign() const override {
    return activation_ == Activation::kReLU || activation_ == Activation::kLeakyReLU ||
           activation_ == Activation::kELU || activation_ == Activation::kSELU;
  }

  bool needs_input() const override { return activation_ == Activation::kGELU || activation_ == Activation::kSiLU; }

  NeedsOutput needs_output() const override {
    if (needs_input()) return NeedsOutput::kNothing;
    const bool sign = activation_ == Activation::kReLU || activation_ == Activation::kLeakyReLU;
    return sign ? NeedsOutput::kSign : NeedsOutput::kValue;
  }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory&) override {
    ActivationKernelsFor(activation_, pass.execution.target).forward(x, rows.count() * cols_, slope_, y);
  }

  void BackwardRows(const Pass& pass, Rows rows, const float* x, const float* y, const float* dy, float* dx,
                    const Memory&) override {
    if (dx == nullptr) return;
    ActivationKernelsFor(activation_, pass.execution.target)
        .backward(dy, needs_input() ? x : y, rows.count() * cols_, slope_, dx);
  }

 private:
  Activation activation_;
  double negative_slope_;
  float slope_;
  std::size_t cols_ = 0;
};

// Over the last dimension of the sample.
class Softmax : public Layer {
 public:
  std::string Spec() const override { return "softmax"; }

  void Build(const Shape& input, std::uint64_t, std::size_t) override {
    last_ = input.rank() == 0 ? 1 : input[input.rank() - 1];
    groups_ = last_ == 0 ? 0 : input.elements() / last_;
  }

  bool in_place() const override { return true; }
  NeedsOutput needs_output() const override { return NeedsOutput::kValue; }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory&) override {
    SoftmaxRows(rows.count() * groups_, last_, x, y, pass.execution);
  }

  void BackwardRows(const Pass& pass, Rows rows, const float*, const float* y, const float* dy, float* dx,
                    const Memory&) override {
    if (dx == nullptr) return;
    const RowKernels& kernels = RowKernelsFor(pass.execution.target);
    const std::size_t end = rows.count() * groups_ * last_;
    for (std::size_t i = 0; i < end; i += last_) kernels.softmax_backward(dy + i, y + i, last_, dx + i);
  }

 private:
  std::size_t last_ = 0;
  std::size_t groups_ = 0;
};

}  // namespace

std::string_view Name(Activation activation) { return FindName(kNames, activation); }

Activation ParseActivation(std::string_view name) { return ParseName(kNames, name, "activation"); }

std::unique_ptr<Layer> MakeActivation(Activation activation, double negative_slope) {
  if (activation == Activation::kLinear) throw Error("activation: linear is no layer");
  if (activation == Activation::kLeakyReLU && !(negative_slope >= 0 && std::isfinite(negative_slope))) {
    throw Error("leaky_relu: the negative slope is " + FormatNumber(negative_slope) + ", expected a number >= 0");
  }
  return std::make_unique<Elementwise>(activation, negative_slope);
}

std::unique_ptr<Layer> MakeSoftmax() { return std::make_unique<Softmax>(); }

}  // namespace fallow::nn
