#include "tools/torch/drop.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/TensorSubclassLikeUtils.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/ones.h>
#include <torch/csrc/autograd/VariableTypeUtils.h>

#include <sys/mman.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "fallow/alpha_dropout.h"
#include "fallow/dropout.h"
#include "tools/torch/layout.h"

namespace fallow::pytorch {
namespace {

namespace autograd = torch::autograd;

// A page fault every 4 KiB, and a page to clear for each, would take longer than the dropout. Blocks of this size glibc
// maps for themselves, so that nothing else in the process is concerned; small ones it keeps and gives out again.
void PreferHugePages(void* data, std::size_t bytes) {
  if (bytes < (std::size_t{32} << 20)) return;
  constexpr std::uintptr_t kPage = 2 << 20;
  const auto address = reinterpret_cast<std::uintptr_t>(data);
  const std::uintptr_t begin = (address + kPage - 1) / kPage * kPage;
  const std::uintptr_t end = (address + bytes) / kPage * kPage;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

Mask MaskOf(const Drop& drop, at::IntArrayRef sizes) {
  const Mask mask(Rate(drop.p), drop.key);
  return drop.features ? mask.Over(FeaturesOf(sizes, drop.strides)) : mask;
}

void Run(const ConstArray& x, const Drop& drop, const Mask& mask, const Array& y) {
  switch (drop.kind) {
    case Drop::Kind::kDropout:
      return Check(DropoutForward(x, mask, y, AnyThreads()));
    case Drop::Kind::kAlpha:
      return Check(AlphaDropoutForward(x, mask, y, AnyThreads()));
    case Drop::Kind::kAlphaGradient:
      return Check(AlphaDropoutBackward(x, mask, y, AnyThreads()));
  }
}

// Of what PyTorch does in its scope, neither gradients nor versions are recorded.
using BelowAutograd = at::AutoDispatchBelowADInplaceOrView;

struct DropBackward : autograd::Node {
  explicit DropBackward(Drop gradient) : drop(std::move(gradient)) {}

  std::string name() const override { return "FallowDropoutBackward"; }

  autograd::variable_list apply(autograd::variable_list&& grads) override {
    at::Tensor grad = std::move(grads[0]);
    if (!grad.defined()) return {at::Tensor()};
    if (!IsOurs(grad)) return {Differentiate(grad)};
    ApplyInPlace(grad, drop);
    return {std::move(grad)};
  }

  // Whether nobody else can see the gradient, so that its memory may be used again. (PyTorch decides in the same way
  // whether to add up gradients in place.)
  bool IsOurs(const at::Tensor& grad) const {
    return !autograd::GradMode::is_enabled() && grad.use_count() == 1 && IsPlain(grad) && !grad._fw_grad(0).defined() &&
           grad.storage().use_count() == 1 && grad.strides() == at::IntArrayRef(drop.strides);
  }

  at::Tensor Differentiate(const at::Tensor& grad) const {
    if (IsPlain(grad)) return ApplyWithGradient(grad, drop);
    // A batch of gradients, a subclass: PyTorch knows how to multiply it.
    const at::Tensor ones = at::ones({}, grad.options().device(at::kCPU)).expand(grad.sizes());
    return grad * Apply(ones, drop);
  }

  Drop drop;
};

// Null if no gradient will be asked for.
std::shared_ptr<autograd::Node> NodeOf(const at::Tensor& x, const Drop& drop) {
  if (!autograd::compute_requires_grad(x)) return nullptr;
  std::shared_ptr<autograd::Node> node(new DropBackward(drop.Gradient()), autograd::deleteNode);
  node->set_next_edges(autograd::collect_next_edges(x));
  return node;
}

}  // namespace

Drop Drop::Gradient() const {
  Drop gradient = *this;
  if (kind == Kind::kAlpha) gradient.kind = Kind::kAlphaGradient;
  return gradient;
}

MaskKey DrawKey() {
  auto* const generator = at::check_generator<at::CPUGeneratorImpl>(at::detail::getDefaultCPUGenerator());
  const std::lock_guard lock(generator->mutex_);
  const std::uint64_t seed = generator->random64();
  return {.seed = seed, .stream = generator->random64()};
}

bool IsPlain(const at::Tensor& x) {
  constexpr c10::DispatchKeySet kPlain({c10::DispatchKey::CPU, c10::DispatchKey::AutogradCPU,
                                        c10::DispatchKey::ADInplaceOrView, c10::DispatchKey::AutocastCPU});
  return (x.key_set() | kPlain) == kPlain && x.layout() == at::kStrided && !c10::impl::dispatch_mode_enabled();
}

Execution AnyThreads() { return {.max_threads = at::in_parallel_region() ? 1 : at::get_num_threads()}; }

void Check(const Status& status) { TORCH_CHECK(status.ok(), "fallow: ", status.Message()); }

at::Tensor Fresh(at::IntArrayRef sizes, at::IntArrayRef strides, const at::TensorOptions& options) {
  at::Tensor tensor = at::empty_strided(sizes, strides, options);
  PreferHugePages(tensor.data_ptr(), tensor.nbytes());
  return tensor;
}

at::Tensor Apply(const at::Tensor& x, const Drop& drop) {
  const BelowAutograd guard;
  at::Tensor y = Fresh(x.sizes(), drop.strides, x.options());
  const Array to = *ArrayOf(y, drop.strides);
  std::optional<Array> from = ArrayOf(x, drop.strides);
  if (!from) {
    y.copy_(x);
    from = to;
  } else if (!from->contiguous()) {
    // Rows of x against the same rows of y.
    const Array rows(to.data(), to.type(), from->rows(), from->cols(), from->cols());
    Run(*from, drop, MaskOf(drop, x.sizes()), rows);
    return y;
  }
  Run(*from, drop, MaskOf(drop, x.sizes()), to);
  return y;
}

void ApplyInPlace(const at::Tensor& x, const Drop& drop) {
  if (const std::optional<Array> array = ArrayOf(x, drop.strides)) {
    return Run(*array, drop, MaskOf(drop, x.sizes()), *array);
  }
  const BelowAutograd guard;
  x.copy_(Apply(x, drop));
}

at::Tensor ApplyWithGradient(const at::Tensor& x, const Drop& drop) {
  const std::shared_ptr<autograd::Node> node = NodeOf(x, drop);
  at::Tensor y = Apply(x, drop);
  if (node) autograd::set_history(y, node);
  if (const at::Tensor& tangent = x._fw_grad(0); tangent.defined()) {
    y._set_fw_grad(DropBackward(drop.Gradient()).Differentiate(tangent), 0, /*is_inplace_op=*/false);
  }
  return y;
}

void ApplyInPlaceWithGradient(at::Tensor& x, const Drop& drop) {
  autograd::check_inplace(x, x.requires_grad());
  const std::shared_ptr<autograd::Node> node = NodeOf(x, drop);
  ApplyInPlace(x, drop);
  autograd::increment_version(x);
  if (node) autograd::rebase_history(x, node);
  if (at::Tensor tangent = x._fw_grad(0); tangent.defined()) {
    tangent.copy_(DropBackward(drop.Gradient()).Differentiate(tangent));
  }
}

}  // namespace fallow::pytorch
