// Fallow's own operations on PyTorch's tensors: torch.ops.fallow. Element i of a mask is element i of the tensor, row
// by row, whatever the tensor's layout: the same as anywhere else with this seed and stream.
#include <ATen/TensorOperators.h>
#include <ATen/ops/_softmax_backward_data.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/softmax.h>
#include <c10/util/strides.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <cstdint>
#include <span>
#include <utility>

#include "fallow/fused.h"
#include "fallow/softmax_dropout.h"
#include "tools/torch/drop.h"
#include "tools/torch/layout.h"
#include "tools/torch/override.h"

namespace fallow::pytorch {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

void CheckRate(double p) {
  TORCH_CHECK(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", p);
}

void CheckTensor(const char* name, const at::Tensor& x) {
  TORCH_CHECK(TypeOf(x.scalar_type()) && IsPlain(x), "fallow: expected ", name,
              " to be an ordinary CPU tensor of float32, float64, bfloat16 or float16, but got ", x.toString());
}

MaskKey KeyOf(std::int64_t seed, std::int64_t stream) {
  return {.seed = static_cast<std::uint64_t>(seed), .stream = static_cast<std::uint64_t>(stream)};
}

at::Tensor DropRowByRow(const at::Tensor& x, double p, const MaskKey& key) {
  if (x.numel() == 0) return x.clone();
  return ApplyWithGradient(x, {.p = p, .key = key, .strides = c10::contiguous_strides(x.sizes())});
}

// Of a contiguous tensor with elements.
Array RowsOf(const at::Tensor& x) {
  const auto cols = static_cast<std::size_t>(x.size(-1));
  return Array(x.data_ptr(), *TypeOf(x.scalar_type()), static_cast<std::size_t>(x.numel()) / cols, cols, cols);
}

// What a backward pass finds of the mask.
void SaveMask(AutogradContext* context, double p, std::int64_t seed, std::int64_t stream) {
  context->saved_data["p"] = p;
  context->saved_data["seed"] = seed;
  context->saved_data["stream"] = stream;
}

double SavedRate(AutogradContext* context) { return context->saved_data["p"].toDouble(); }

MaskKey SavedKey(AutogradContext* context) {
  return KeyOf(context->saved_data["seed"].toInt(), context->saved_data["stream"].toInt());
}

// Where gradients of gradients may be asked for, backward passes are made of operations that have them.
bool WantsGraph() { return at::GradMode::is_enabled(); }

struct BiasGelu : Function<BiasGelu> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& bias,
                            const at::Tensor& residual, double p, std::int64_t seed, std::int64_t stream) {
    context->save_for_backward({x, bias});
    SaveMask(context, p, seed, stream);
    at::Tensor y = Fresh(x.sizes(), x.strides(), x.options());
    Check(BiasActivationDropoutForward(RowsOf(x), RowsOf(bias), Activation::kGELU, Mask(Rate(p), KeyOf(seed, stream)),
                                       RowsOf(residual), RowsOf(y), AnyThreads()));
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& bias = saved[1];
    const at::Tensor dy = gradients[0].contiguous();
    const auto [dx, dbias] = WantsGraph() ? WithGraph(context, x, bias, dy) : Fused(context, x, bias, dy);
    return {dx, dbias, gradients[0], {}, {}, {}};
  }

  static std::pair<at::Tensor, at::Tensor> WithGraph(AutogradContext* context, const at::Tensor& x,
                                                     const at::Tensor& bias, const at::Tensor& dy) {
    const at::Tensor dropped = DropRowByRow(dy, SavedRate(context), SavedKey(context));
    const at::Tensor dx = at::gelu_backward(dropped, x + bias);
    return {dx, dx.reshape({-1, bias.numel()}).sum(0)};
  }

  static std::pair<at::Tensor, at::Tensor> Fused(AutogradContext* context, const at::Tensor& x, const at::Tensor& bias,
                                                 const at::Tensor& dy) {
    at::Tensor dx = Fresh(x.sizes(), x.strides(), x.options());
    at::Tensor dbias = at::empty(bias.sizes(), bias.options().dtype(at::kFloat));
    Check(BiasActivationDropoutBackward(RowsOf(dy), RowsOf(x), RowsOf(bias), Activation::kGELU,
                                        Mask(Rate(SavedRate(context)), SavedKey(context)), RowsOf(dx), RowsOf(dbias),
                                        AnyThreads()));
    return {dx, dbias.to(bias.scalar_type())};
  }
};

struct SoftmaxOfRows : Function<SoftmaxOfRows> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, double p, std::int64_t seed,
                            std::int64_t stream) {
    context->save_for_backward({x});
    SaveMask(context, p, seed, stream);
    at::Tensor y = Fresh(x.sizes(), x.strides(), x.options());
    Check(SoftmaxDropoutForward(RowsOf(x), {}, Mask(Rate(p), KeyOf(seed, stream)), RowsOf(y), AnyThreads()));
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const at::Tensor x = context->get_saved_variables()[0];
    const at::Tensor dy = gradients[0].contiguous();
    return {WantsGraph() ? WithGraph(context, x, dy) : Fused(context, x, dy), {}, {}, {}};
  }

  static at::Tensor WithGraph(AutogradContext* context, const at::Tensor& x, const at::Tensor& dy) {
    const at::Tensor dropped = DropRowByRow(dy, SavedRate(context), SavedKey(context));
    return at::_softmax_backward_data(dropped, at::softmax(x, -1), -1, x.scalar_type());
  }

  static at::Tensor Fused(AutogradContext* context, const at::Tensor& x, const at::Tensor& dy) {
    at::Tensor dx = Fresh(x.sizes(), x.strides(), x.options());
    Check(SoftmaxDropoutBackward(RowsOf(x), RowsOf(dy), {}, Mask(Rate(SavedRate(context)), SavedKey(context)),
                                 RowsOf(dx), AnyThreads()));
    return dx;
  }
};

at::Tensor Dropout(const at::Tensor& x, double p, std::int64_t seed, std::int64_t stream) {
  CheckTensor("x", x);
  CheckRate(p);
  return DropRowByRow(x, p, KeyOf(seed, stream));
}

at::Tensor BiasGeluDropoutResidual(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual, double p,
                                   std::int64_t seed, std::int64_t stream) {
  CheckTensor("x", x);
  CheckTensor("bias", bias);
  CheckTensor("residual", residual);
  CheckRate(p);
  TORCH_CHECK(x.dim() > 0 && bias.dim() == 1 && bias.size(0) == x.size(-1),
              "fallow: expected bias to have the size of x's last dimension, but got ", bias.sizes(), " for ",
              x.sizes());
  TORCH_CHECK(residual.sizes() == x.sizes(), "fallow: expected residual to have x's shape, but got ", residual.sizes(),
              " for ", x.sizes());
  TORCH_CHECK(bias.scalar_type() == x.scalar_type() && residual.scalar_type() == x.scalar_type(),
              "fallow: expected x, bias and residual to be of one type, but got ", x.scalar_type(), ", ",
              bias.scalar_type(), " and ", residual.scalar_type());
  // There are no fused kernels of f64.
  if (x.numel() == 0 || x.scalar_type() == at::kDouble) {
    return DropRowByRow(at::gelu(x + bias), p, KeyOf(seed, stream)) + residual;
  }
  return BiasGelu::apply(x.contiguous(), bias.contiguous(), residual.contiguous(), p, seed, stream);
}

at::Tensor SoftmaxDropout(const at::Tensor& x, double p, std::int64_t seed, std::int64_t stream) {
  CheckTensor("x", x);
  CheckRate(p);
  TORCH_CHECK(x.dim() > 0, "fallow: expected x to have rows, but got a number");
  if (x.numel() == 0 || x.scalar_type() == at::kDouble) {
    return DropRowByRow(at::softmax(x, -1), p, KeyOf(seed, stream));
  }
  return SoftmaxOfRows::apply(x.contiguous(), p, seed, stream);
}

at::Tensor MaskBits(std::int64_t n, double p, std::int64_t seed, std::int64_t stream) {
  TORCH_CHECK(n >= 0, "fallow: expected n to be at least 0, but got ", n);
  CheckRate(p);
  const auto count = static_cast<std::size_t>(n);
  at::Tensor bits = at::empty({static_cast<std::int64_t>(BitMaskBytes(count))}, at::kByte);
  const std::span stored(static_cast<std::uint8_t*>(bits.data_ptr()), BitMaskBytes(count));
  Check(GenerateMask(Mask(Rate(p), KeyOf(seed, stream)), count, MaskFormat::kBits, stored, AnyThreads()));
  return bits;
}

TORCH_LIBRARY(fallow, library) {
  library.def("dropout(Tensor x, float p, int seed, int stream) -> Tensor", TORCH_FN(Dropout));
  library.def(
      "bias_gelu_dropout_residual(Tensor x, Tensor bias, Tensor residual, float p, int seed, int stream) -> Tensor",
      TORCH_FN(BiasGeluDropoutResidual));
  library.def("softmax_dropout(Tensor x, float p, int seed, int stream) -> Tensor", TORCH_FN(SoftmaxDropout));
  library.def("mask_bits(int n, float p, int seed, int stream) -> Tensor", TORCH_FN(MaskBits));
  library.def("enable() -> ()", TORCH_FN(Enable));
  library.def("disable() -> ()", TORCH_FN(Disable));
  library.def("is_enabled() -> bool", TORCH_FN(IsEnabled));
}

}  // namespace
}  // namespace fallow::pytorch
