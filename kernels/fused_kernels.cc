// Everything that happens to an element happens between one load and one store, in registers.
#include "kernels/fused_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fused_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace {

// Calls body(i, n, kept) for vectors that cover [0, count); n is the number of lanes but for the last.
template <class Body>
HWY_INLINE void ForEachKept(const std::uint64_t* words, std::size_t count, const Body& body) {
  const DF d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const std::uint32_t bits = MaskBits32(words, i);
    for (std::size_t j = 0; j < 32; j += lanes) body(i + j, lanes, Kept(d, bits, j));
  }
  for (; i < count; i += lanes) body(i, std::min(lanes, count - i), Kept(d, words, i));
}

HWY_INLINE void StoreOrStream(VF v, std::size_t n, bool streaming, float* y) {
  if (streaming && n == hn::Lanes(DF())) {
    hn::Stream(v, DF(), y);
  } else {
    Store(v, n, y);
  }
}

// A dropped element is the residual to the bit, which adding 0 would not make it.
template <class F>
void Forward(const ActivationFunction& activation, const FusedForward& given) {
  const F f(activation.negative_slope);
  const FusedForward part = given;  // As far as the compiler knows, each store might change `given`.
  const VF scale = hn::Set(DF(), part.scale);
  ForEachKept(part.words, part.count, [&](std::size_t i, std::size_t n, hn::Mask<DF> kept) HWY_ATTR {
    const VF value = f.Value(hn::Add(Load(part.x + i, n), Load(part.bias + i, n)));
    VF result = hn::Mul(value, scale);
    if (part.residual == nullptr) {
      result = KeptOrZero(DF(), kept, result);
    } else {
      const VF residual = Load(part.residual + i, n);
      result = hn::IfThenElse(kept, hn::Add(result, residual), residual);
    }
    StoreOrStream(result, n, part.streaming, part.y + i);
  });
}

template <class F>
void Backward(const ActivationFunction& activation, const FusedBackward& given) {
  const F f(activation.negative_slope);
  const FusedBackward part = given;
  const VF scale = hn::Set(DF(), part.scale);
  ForEachKept(part.words, part.count, [&](std::size_t i, std::size_t n, hn::Mask<DF> kept) HWY_ATTR {
    const VF x = hn::Add(Load(part.x + i, n), Load(part.bias + i, n));
    const VF gradient = BackwardFromInput(f, hn::Mul(Load(part.dy + i, n), scale), x);
    const VF dx = KeptOrZero(DF(), kept, gradient);
    StoreOrStream(dx, n, part.streaming, part.dx + i);
    if (part.sums != nullptr) Store(hn::Add(Load(part.sums + i, n), dx), n, part.sums + i);
  });
}

template <class F>
struct KernelsOf {
  constexpr FusedKernels operator()() const { return {Forward<F>, Backward<F>}; }
};

const FusedKernels* FindFused(Activation activation) {
  static constexpr auto kTable = ForEachActivation<FusedKernels, KernelsOf, Fused>();
  return &kTable[static_cast<std::size_t>(activation)];
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/dispatch.h"

namespace fallow {

HWY_EXPORT(FindFused);

const FusedKernels& FusedKernelsFor(Activation activation, Target target) noexcept {
  return *FALLOW_DISPATCH(FindFused, target)(activation);
}

}  // namespace fallow
#endif  // HWY_ONCE
