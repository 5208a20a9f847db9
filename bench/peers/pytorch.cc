// PyTorch's operations through its C++ interface, on the same buffers. Where it has no operation of one pass, what its
// users compose.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <torch/version.h>

#include <cmath>
#include <cstring>
#include <tuple>
#include <vector>

#include "bench/check.h"
#include "bench/grid.h"
#include "bench/peers/keeping_allocator.h"
#include "bench/peers/peers.h"
#include "bench/some_dropout.h"

namespace fallow::bench {
namespace {

// Rows as in fused.cc and rows.cc.
constexpr std::int64_t kFusedCols = 1024;
constexpr std::int64_t kSoftmaxCols = 512;
constexpr double kSoftmaxScale = 0.125;
constexpr double kBias = 0.25;

// What a user of PyTorch has before the call.
struct Inputs {
  at::Tensor x, z, mask, bias;
};

at::Tensor ViewOf(ConstArray array, std::int64_t cols) {
  const auto type = array.type() == DType::kBF16 ? at::kBFloat16 : at::kFloat;
  return at::from_blob(const_cast<void*>(array.data()), {static_cast<std::int64_t>(array.size()) / cols, cols}, type);
}

Inputs Prepare(const Case& c, Buffers& b, std::int64_t cols) {
  at::set_num_threads(c.execution.max_threads);
  at::manual_seed(1);
  Inputs in;
  in.x = ViewOf(b.x(), cols);
  in.z = ViewOf(b.z(), cols);
  in.mask = at::empty_like(in.x, at::kBool).bernoulli_(1 - c.p());
  in.bias = at::full({cols}, kBias, in.x.options());
  return in;
}

using Function = at::Tensor (*)(const Case&, const Inputs&);

// Iteration 0 is the one before timing.
Operation Of(std::int64_t cols, Function function) {
  return [=](const Case& c, Buffers& b, std::uint64_t iteration) {
    const c10::InferenceMode without_gradients;
    static Inputs in;
    if (iteration > 0) {
      benchmark::DoNotOptimize(function(c, in));
      return Status();
    }
    in = Inputs();
    in = Prepare(c, b, cols);
    const at::Tensor y = function(c, in);
    std::memcpy(b.y().data(), y.data_ptr(), y.nbytes());
    return Status();
  };
}

at::Tensor Forward(const Case& c, const Inputs& in) {
  return std::get<0>(at::native_dropout(in.x, c.p(), /*train=*/true));
}

at::Tensor Backward(const Case& c, const Inputs& in) {
  return at::native_dropout_backward(in.x, in.mask, 1 / (1 - c.p()));
}

at::Tensor Functional(const Case& c, const Inputs& in) { return at::dropout(in.x, c.p(), /*train=*/true); }

at::Tensor BiasGelu(const Case& c, const Inputs& in) {
  const at::Tensor gelu = at::gelu(in.x + in.bias);
  return std::get<0>(at::native_dropout(gelu, c.p(), true)).add_(in.z);
}

// x + bias is added again, as Fallow does; the gradient of y is z.
at::Tensor BiasGeluBackward(const Case& c, const Inputs& in) {
  const at::Tensor dropped = at::native_dropout_backward(in.z, in.mask, 1 / (1 - c.p()));
  at::Tensor dx = at::gelu_backward(dropped, in.x + in.bias);
  benchmark::DoNotOptimize(dx.sum(0));
  return dx;
}

at::Tensor Softmax(const Case& c, const Inputs& in) {
  return std::get<0>(at::native_dropout(at::softmax(in.x * kSoftmaxScale, -1), c.p(), true));
}

// f(x + bias) of each element.
std::vector<double> Of(Buffers& b, std::size_t first, std::size_t count, double (*f)(double)) {
  std::vector<double> values = Numbers(b.x(), first, count);
  for (double& value : values) value = f(value + kBias);
  return values;
}

double Gelu(double x) { return 0.5 * x * std::erfc(-x * std::sqrt(0.5)); }

double GeluDerivative(double x) {
  return 0.5 * std::erfc(-x * std::sqrt(0.5)) + x * std::exp(-0.5 * x * x) / std::sqrt(2 * std::acos(-1.0));
}

// Of f32: what bf16 rounds between the operations shows where values are small.
bool IsBiasGelu(const Case& c, Buffers& b) {
  const auto gelu = [](Buffers& k, std::size_t first, std::size_t count) { return Of(k, first, count, Gelu); };
  const auto y = [](Buffers& k, std::size_t first, std::size_t count) {
    std::vector<double> values = Numbers(k.y(), first, count);
    const std::vector<double> residual = Numbers(k.z(), first, count);
    for (std::size_t i = 0; i < count; ++i) values[i] -= residual[i];
    return values;
  };
  return c.type != DType::kF32 || IsDropoutOf(c, b, gelu, y);
}

bool IsBiasGeluBackward(const Case& c, Buffers& b) {
  const auto gradient = [](Buffers& k, std::size_t first, std::size_t count) {
    std::vector<double> values = Of(k, first, count, GeluDerivative);
    const std::vector<double> dy = Numbers(k.z(), first, count);
    for (std::size_t i = 0; i < count; ++i) values[i] *= dy[i];
    return values;
  };
  return c.type != DType::kF32 || IsDropoutOf(c, b, gradient);
}

// The windows that are looked at are rows.
static_assert(kWindow == kSoftmaxCols);

bool IsSoftmax(const Case& c, Buffers& b) {
  return IsDropoutOf(c, b, [](Buffers& k, std::size_t first, std::size_t count) {
    std::vector<double> values = Numbers(k.x(), first, count);
    double sum = 0;
    for (double& value : values) sum += value = std::exp(kSoftmaxScale * value);
    for (double& value : values) value /= sum;
    return values;
  });
}

void Register(const Case& c) {
  const auto size = static_cast<double>(SizeOf(c.type));
  const auto row = [&](const char* name, double bytes, std::int64_t cols, Function function, const Verify& verify) {
    RegisterPeerRow("PyTorch", name, c, bytes, Of(cols, function), verify);
  };
  row("DropoutForward", 2 * size + 1, 1, Forward, IsSomeDropout);
  row("DropoutBackwardFromMask", 2 * size + 1, 1, Backward, IsSomeDropout);
  row("FunctionalDropout", 2 * size, 1, Functional, IsSomeDropout);
  row("BiasGeluDropoutResidual", 3 * size, kFusedCols, BiasGelu, IsBiasGelu);
  row("BiasGeluDropoutBackward", 3 * size, kFusedCols, BiasGeluBackward, IsBiasGeluBackward);
  row("SoftmaxDropout", 2 * size, kSoftmaxCols, Softmax, IsSoftmax);
}

}  // namespace

void RegisterPyTorch() {
  benchmark::AddCustomContext("peer_PyTorch", TORCH_VERSION);
  KeepFreedTensors();
  for (const std::size_t n : kSizes) {
    for (const int threads : ThreadCounts()) {
      for (const char* rate : kRates) {
        for (const DType type : {DType::kF32, DType::kBF16}) Register({n, {.max_threads = threads}, rate, type});
      }
    }
  }
}

}  // namespace fallow::bench
