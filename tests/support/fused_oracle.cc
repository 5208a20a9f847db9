#include "tests/support/fused_oracle.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "tests/support/half_oracle.h"

namespace fallow::oracle {
namespace {

constexpr double kSeluScale = 1.0507009873554804934;
constexpr double kSeluAlpha = 1.6732632423543772848;

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double Phi(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double Density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1.0)); }

HalfFormat FormatOf(Type type) { return type == Type::kBF16 ? kBFloat16 : kFloat16; }

}  // namespace

double Activate(Activation activation, double slope, double x) {
  switch (activation) {
    case Activation::kLinear:
      return x;
    case Activation::kReLU:
      return x <= 0 ? 0 : x;  // A NaN is one.
    case Activation::kLeakyReLU:
      return x > 0 ? x : slope * x;
    case Activation::kELU:
      return x > 0 ? x : std::expm1(x);
    case Activation::kSELU:
      return kSeluScale * (x > 0 ? x : kSeluAlpha * std::expm1(x));
    case Activation::kGELU:
      return x * Phi(x);
    case Activation::kSiLU:
      return x * Sigmoid(x);
    case Activation::kSigmoid:
      return Sigmoid(x);
    case Activation::kTanh:
      break;
  }
  return std::tanh(x);
}

double Differentiate(Activation activation, double slope, double x) {
  switch (activation) {
    case Activation::kLinear:
      return 1;
    case Activation::kReLU:
      return x > 0 ? 1 : 0;
    case Activation::kLeakyReLU:
      return x > 0 ? 1 : slope;
    case Activation::kELU:
      return x > 0 ? 1 : std::exp(x);
    case Activation::kSELU:
      return kSeluScale * (x > 0 ? 1 : kSeluAlpha * std::exp(x));
    case Activation::kGELU:
      return Phi(x) + x * Density(x);
    case Activation::kSiLU:
      return Sigmoid(x) * (1 + x * (1 - Sigmoid(x)));
    case Activation::kSigmoid:
      return Sigmoid(x) * (1 - Sigmoid(x));
    case Activation::kTanh:
      break;
  }
  return 1 - std::tanh(x) * std::tanh(x);
}

std::vector<float> ToFloats(Type type, ElementView elements) {
  const std::size_t size = SizeOf(type);
  std::vector<float> floats(elements.size() / size);
  for (std::size_t i = 0; i < floats.size(); ++i) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, elements.data() + i * size, size);
    floats[i] = type == Type::kF32 ? std::bit_cast<float>(bits)
                                   : HalfToFloat(FormatOf(type), static_cast<std::uint16_t>(bits), true);
  }
  return floats;
}

Elements FromFloats(Type type, std::span<const float> floats) {
  const std::size_t size = SizeOf(type);
  Elements elements(floats.size() * size);
  for (std::size_t i = 0; i < floats.size(); ++i) {
    const std::uint32_t bits =
        type == Type::kF32 ? std::bit_cast<std::uint32_t>(floats[i]) : FloatToHalf(FormatOf(type), floats[i]);
    std::memcpy(elements.data() + i * size, &bits, size);
  }
  return elements;
}

std::vector<float> Fused::Arguments(std::span<const float> x) const {
  std::vector<float> arguments(x.begin(), x.end());
  for (std::size_t i = 0; i < x.size() && !bias.empty(); ++i) arguments[i] += bias[i % cols];
  return arguments;
}

std::vector<float> Fused::Forward(std::span<const float> x, std::span<const float> residual) const {
  std::vector<float> y = Arguments(x);
  for (std::size_t i = 0; i < y.size(); ++i) {
    const float value = static_cast<float>(Activate(activation, slope, y[i])) * scale;
    if (residual.empty()) {
      y[i] = mask_bytes[i] != 0 ? value : 0.0f;
    } else {
      y[i] = mask_bytes[i] != 0 ? value + residual[i] : residual[i];
    }
  }
  return y;
}

std::vector<float> Fused::Backward(std::span<const float> dy, std::span<const float> x) const {
  std::vector<float> dx = Arguments(x);
  for (std::size_t i = 0; i < dx.size(); ++i) {
    const double derivative = Differentiate(activation, slope, dx[i]);
    const auto gradient = static_cast<float>(derivative == 0 ? 0 : derivative * double{dy[i] * scale});
    dx[i] = mask_bytes[i] != 0 ? gradient : 0.0f;
  }
  return dx;
}

}  // namespace fallow::oracle
