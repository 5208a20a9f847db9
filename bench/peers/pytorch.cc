// PyTorch's operations through its C++ interface, on the same buffers. Where it has no operation of one pass, what its
// users compose.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <torch/version.h>

#include <cmath>
#include <cstring>

#include "bench/peers/keeping_allocator.h"
#include "bench/peers/peers.h"

namespace fallow::bench {
namespace {

constexpr std::size_t kSizes[] = {4096, 65536, 1 << 20, 64 << 20};
// Those of fused.cc and rows.cc.
constexpr std::size_t kFusedSizes[] = {65536, 64 << 20};
constexpr std::size_t kSoftmaxSizes[] = {65536, 1 << 20, 16 << 20};
constexpr std::int64_t kFusedCols = 1024;
constexpr std::int64_t kSoftmaxCols = 512;
constexpr double kSoftmaxScale = 0.125;

// What a user of PyTorch has before the call.
struct Inputs {
  at::Tensor x, z, mask, bias, y;
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
  in.mask = at::empty_like(in.x, at::kBool).bernoulli_(1 - c.rate.drop_probability());
  in.bias = at::full({cols}, 0.25, in.x.options());
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
  return std::get<0>(at::native_dropout(in.x, c.rate.drop_probability(), /*train=*/true));
}

at::Tensor Backward(const Case& c, const Inputs& in) {
  return at::native_dropout_backward(in.x, in.mask, 1 / (1 - c.rate.drop_probability()));
}

at::Tensor Functional(const Case& c, const Inputs& in) {
  return at::dropout(in.x, c.rate.drop_probability(), /*train=*/true);
}

at::Tensor BiasGelu(const Case& c, const Inputs& in) {
  const at::Tensor gelu = at::gelu(in.x + in.bias);
  return std::get<0>(at::native_dropout(gelu, c.rate.drop_probability(), true)).add_(in.z);
}

// x + bias is added again, as Fallow does; the gradient of y is z.
at::Tensor BiasGeluBackward(const Case& c, const Inputs& in) {
  const at::Tensor dropped = at::native_dropout_backward(in.z, in.mask, 1 / (1 - c.rate.drop_probability()));
  at::Tensor dx = at::gelu_backward(dropped, in.x + in.bias);
  benchmark::DoNotOptimize(dx.sum(0));
  return dx;
}

at::Tensor Softmax(const Case& c, const Inputs& in) {
  return std::get<0>(at::native_dropout(at::softmax(in.x * kSoftmaxScale, -1), c.rate.drop_probability(), true));
}

bool IsBiasGelu(const Case& c, Buffers& b) {
  const auto gelu = [](Buffers& k, std::size_t i) {
    const double x = ElementOf(k.x(), i) + 0.25;
    return 0.5 * x * std::erfc(-x * std::sqrt(0.5));
  };
  const auto y = [](Buffers& k, std::size_t i) { return ElementOf(k.y(), i) - ElementOf(k.z(), i); };
  return c.type != DType::kF32 || IsDropoutOf(c, b, gelu, y);
}

bool IsSoftmax(const Case& c, Buffers& b) {
  return IsDropoutOf(c, b, [](Buffers& k, std::size_t i) {
    const std::size_t first = i / kSoftmaxCols * kSoftmaxCols;
    double sum = 0;
    for (std::size_t j = first; j < first + kSoftmaxCols; ++j) sum += std::exp(kSoftmaxScale * ElementOf(k.x(), j));
    return std::exp(kSoftmaxScale * ElementOf(k.x(), i)) / sum;
  });
}

void Register(const Case& c) {
  const auto size = static_cast<double>(SizeOf(c.type));
  const auto row = [&](const char* name, double bytes, Function function) {
    RegisterPeerRow("PyTorch", name, c, bytes, Of(1, function), IsSomeDropout);
  };
  row("DropoutForward", 2 * size + 1, Forward);
  row("DropoutBackwardFromMask", 2 * size + 1, Backward);
  row("FunctionalDropout", 2 * size, Functional);
}

void RegisterComposed(DType type, const Execution& execution, const char* rate) {
  const auto size = static_cast<double>(SizeOf(type));
  for (const std::size_t n : kFusedSizes) {
    const Case c(n, execution, rate, type);
    RegisterPeerRow("PyTorch", "BiasGeluDropoutResidual", c, 3 * size, Of(kFusedCols, BiasGelu), IsBiasGelu);
    RegisterPeerRow("PyTorch", "BiasGeluDropoutBackward", c, 3 * size, Of(kFusedCols, BiasGeluBackward));
  }
  for (const std::size_t n : kSoftmaxSizes) {
    RegisterPeerRow("PyTorch", "SoftmaxDropout", {n, execution, rate, type}, 2 * size, Of(kSoftmaxCols, Softmax),
                    IsSoftmax);
  }
}

}  // namespace

void RegisterPyTorch() {
  benchmark::AddCustomContext("peer_PyTorch", TORCH_VERSION);
  KeepFreedTensors();
  for (const int threads : {1, 2}) {
    const Execution execution{.max_threads = threads};
    for (const char* rate : {"0.1", "0.5"}) {
      for (const DType type : {DType::kF32, DType::kBF16}) {
        for (const std::size_t n : kSizes) Register({n, execution, rate, type});
        RegisterComposed(type, execution, rate);
      }
    }
  }
}

}  // namespace fallow::bench
