// PyTorch's dropout operations, on Fallow.
//
// dropout and its relatives are composites: PyTorch has no kernel of theirs for CPUs, but one that calls other
// operations, whatever the device. A kernel for CPUs goes before it, and when that is taken away again, the composite
// is what is left. Whatever is not plain elements in training is passed on to the composite, and so behaves as ever.
#include "tools/torch/override.h"

#include <ATen/ops/alpha_dropout_compositeimplicitautograd_dispatch.h>
#include <ATen/ops/dropout_compositeimplicitautograd_dispatch.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/feature_alpha_dropout_compositeimplicitautograd_dispatch.h>
#include <ATen/ops/feature_dropout_compositeimplicitautograd_dispatch.h>
#include <ATen/ops/native_dropout_backward_native.h>
#include <ATen/ops/native_dropout_native.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/library.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include "fallow/dropout.h"
#include "tools/torch/drop.h"
#include "tools/torch/layout.h"

namespace fallow::pytorch {
namespace {

namespace composite = at::compositeimplicitautograd;
using Kind = Drop::Kind;

// One of PyTorch's operations and the one of the same name that works in place, as it computes them itself.
struct Operation {
  const char* name;
  at::Tensor (*out_of_place)(const at::Tensor&, double, bool);
  at::Tensor& (*in_place)(at::Tensor&, double, bool);
  Kind kind;
  bool features;
};

constexpr Operation kDropout = {"dropout", composite::dropout, composite::dropout_, Kind::kDropout, false};
constexpr Operation kFeatureDropout = {"feature_dropout", composite::feature_dropout, composite::feature_dropout_,
                                       Kind::kDropout, true};
constexpr Operation kAlphaDropout = {"alpha_dropout", composite::alpha_dropout, composite::alpha_dropout_, Kind::kAlpha,
                                     false};
constexpr Operation kFeatureAlphaDropout = {"feature_alpha_dropout", composite::feature_alpha_dropout,
                                            composite::feature_alpha_dropout_, Kind::kAlpha, true};

// PyTorch itself has no dropout of f16 on CPUs, but for native_dropout.
bool HasDropout(at::ScalarType type) { return type == at::kFloat || type == at::kDouble || type == at::kBFloat16; }

bool Takes(const Operation& operation, const at::Tensor& x, double p, bool train) {
  return train && p > 0 && p <= 1 && x.numel() > 0 && HasDropout(x.scalar_type()) && IsPlain(x) &&
         (!operation.features || x.dim() >= 2);
}

// As PyTorch's own, p = 1 takes nothing from the generator.
Drop Draw(const Operation& operation, const at::Tensor& x, double p) {
  return {p, p < 1 ? DrawKey() : MaskKey{}, operation.kind, operation.features, DenseStrides(x)};
}

// Of a lazily negated x too: the imaginary part of a conjugate is one.
template <const Operation& kOperation>
at::Tensor WithGradient(const at::Tensor& x, double p, bool train) {
  const at::Tensor resolved = x.resolve_neg();
  if (!Takes(kOperation, resolved, p, train)) return kOperation.out_of_place(x, p, train);
  return ApplyWithGradient(resolved, Draw(kOperation, resolved, p));
}

template <const Operation& kOperation>
at::Tensor Without(const at::Tensor& x, double p, bool train) {
  if (!Takes(kOperation, x, p, train)) return kOperation.out_of_place(x, p, train);
  return Apply(x, Draw(kOperation, x, p));
}

template <const Operation& kOperation>
at::Tensor& InPlaceWithGradient(at::Tensor& x, double p, bool train) {
  if (x.is_neg() && Takes(kOperation, x.resolve_neg(), p, train)) {
    return x.copy_(WithGradient<kOperation>(x, p, train));
  }
  if (!Takes(kOperation, x, p, train)) return kOperation.in_place(x, p, train);
  ApplyInPlaceWithGradient(x, Draw(kOperation, x, p));
  return x;
}

// In inference mode, or below another operation's gradient.
template <const Operation& kOperation>
at::Tensor& InPlaceWithout(at::Tensor& x, double p, bool train) {
  if (!Takes(kOperation, x, p, train)) return kOperation.in_place(x, p, train);
  ApplyInPlace(x, Draw(kOperation, x, p));
  const bool counts = !c10::impl::tls_is_dispatch_key_excluded(c10::DispatchKey::ADInplaceOrView) && !x.is_inference();
  if (counts) torch::autograd::impl::bump_version(x);
  return x;
}

// Both outputs lie in memory as at::empty_like(x) would.
std::tuple<at::Tensor, at::Tensor> NativeDropout(const at::Tensor& x, double p, c10::optional<bool> train) {
  const bool takes = train.value_or(true) && p >= 0 && p <= 1 && x.numel() > 0 && TypeOf(x.scalar_type()) && IsPlain(x);
  if (!takes) return at::native::native_dropout_cpu(x, p, train);
  const at::DimVector strides = DenseStrides(x);
  at::Tensor y = Fresh(x.sizes(), strides, x.options());
  at::Tensor kept = Fresh(x.sizes(), strides, x.options().dtype(at::kBool));
  const Array to = *ArrayOf(y, strides);
  std::optional<Array> from = ArrayOf(x, strides);
  if (!from || !from->contiguous()) {
    y.copy_(x);
    from = to;
  }
  const std::span stored(static_cast<std::uint8_t*>(kept.data_ptr()), static_cast<std::size_t>(kept.numel()));
  const Mask mask(Rate(p), p > 0 && p < 1 ? DrawKey() : MaskKey{});
  Check(DropoutForwardStore(*from, mask, to, MaskFormat::kBytes, stored, AnyThreads()));
  return {std::move(y), std::move(kept)};
}

// A rate with this scale to 2^-24, if there is one.
std::optional<Rate> RateOfScale(double scale) {
  if (scale == 0) return Rate(1);
  if (scale >= 1 && scale <= 512) return Rate(1 - 1 / scale);
  return std::nullopt;
}

at::Tensor NativeDropoutBackward(const at::Tensor& dy, const at::Tensor& kept, double scale) {
  const bool takes = dy.numel() > 0 && TypeOf(dy.scalar_type()) && IsPlain(dy) && IsPlain(kept) &&
                     kept.scalar_type() == at::kBool && kept.sizes() == dy.sizes() &&
                     kept.is_non_overlapping_and_dense();
  const std::optional<Rate> rate = RateOfScale(scale);
  if (!takes || !rate) return at::native::native_dropout_backward(dy, kept, scale);
  at::Tensor dx = Fresh(dy.sizes(), kept.strides(), dy.options());
  const Array to = *ArrayOf(dx, kept.strides());
  std::optional<Array> from = ArrayOf(dy, kept.strides());
  if (!from || !from->contiguous()) {
    dx.copy_(dy);
    from = to;
  }
  const std::span stored(static_cast<const std::uint8_t*>(kept.data_ptr()), static_cast<std::size_t>(kept.numel()));
  Check(DropoutBackward(*from, Mask(*rate, stored, MaskFormat::kBytes), to, AnyThreads()));
  return dx;
}

using Registration = torch::Library;

Registration For(c10::DispatchKey key) { return {Registration::IMPL, "aten", key, __FILE__, __LINE__}; }

template <const Operation& kOperation>
void Register(Registration& cpu, Registration& autograd) {
  const std::string name = kOperation.name;
  cpu.impl(name.c_str(), TORCH_FN(Without<kOperation>));
  cpu.impl((name + "_").c_str(), TORCH_FN(InPlaceWithout<kOperation>));
  autograd.impl(name.c_str(), TORCH_FN(WithGradient<kOperation>));
  autograd.impl((name + "_").c_str(), TORCH_FN(InPlaceWithGradient<kOperation>));
}

// PyTorch warns that native_dropout and its backward pass had a kernel already, which is what we are here for.
class Silence : public c10::WarningHandler {
  void process(const c10::SourceLocation& /*where*/, const std::string& /*message*/, bool /*verbatim*/) override {}
};

// While there is one, Fallow is on.
class Override {
 public:
  Override() {
    Silence silence;
    const c10::Warning::WarningHandlerGuard guard(&silence);
    Register<kDropout>(cpu_, autograd_);
    Register<kFeatureDropout>(cpu_, autograd_);
    Register<kAlphaDropout>(cpu_, autograd_);
    Register<kFeatureAlphaDropout>(cpu_, autograd_);
    cpu_.impl("native_dropout", TORCH_FN(NativeDropout));
    cpu_.impl("native_dropout_backward", TORCH_FN(NativeDropoutBackward));
  }

 private:
  Registration cpu_ = For(c10::DispatchKey::CPU);
  Registration autograd_ = For(c10::DispatchKey::AutogradCPU);
};

struct State {
  std::mutex mutex;
  std::unique_ptr<Override> override;
};

State& Current() {
  static State state;
  return state;
}

}  // namespace

void Enable() {
  State& state = Current();
  const std::lock_guard lock(state.mutex);
  if (!state.override) state.override = std::make_unique<Override>();
}

void Disable() {
  State& state = Current();
  const std::lock_guard lock(state.mutex);
  state.override.reset();
}

bool IsEnabled() {
  State& state = Current();
  const std::lock_guard lock(state.mutex);
  return state.override != nullptr;
}

}  // namespace fallow::pytorch
