#include "runtime/update_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/update_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/elements-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fallow::nn {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using fallow::HWY_NAMESPACE::DF;
using fallow::HWY_NAMESPACE::ForEachVector;
using fallow::HWY_NAMESPACE::Load;
using fallow::HWY_NAMESPACE::Store;
using fallow::HWY_NAMESPACE::VF;

HWY_INLINE VF Broadcast(float value) { return hn::Set(DF(), value); }

HWY_INLINE VF Penalise(const Penalty& penalty, VF g, VF w) {
  const VF sign = hn::IfThenZeroElse(hn::Eq(w, hn::Zero(DF())), hn::CopySignToAbs(Broadcast(penalty.l1), w));
  return hn::Add(hn::Add(g, hn::Mul(Broadcast(penalty.decay), w)), sign);
}

HWY_INLINE void UpdateSgd(const SgdStep& step, VF g, VF& w, VF& v) {
  const VF momentum = Broadcast(step.momentum);
  const VF gradient = Penalise(step.penalty, g, w);
  v = hn::Add(hn::Mul(momentum, v), gradient);
  const VF direction = step.nesterov ? hn::Add(gradient, hn::Mul(momentum, v)) : v;
  w = hn::Sub(w, hn::Mul(Broadcast(step.learning_rate), direction));
}

// The loops work on a copy of the step: as far as the compiler knows, each store to the weights might change `given`.

void SgdWithoutMomentum(const SgdStep& given, std::size_t count, const float* g, float* w) {
  const SgdStep step = given;
  ForEachVector(DF(), count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const VF vw = Load(w + i, n);
    const VF gradient = Penalise(step.penalty, Load(g + i, n), vw);
    Store(hn::Sub(vw, hn::Mul(Broadcast(step.learning_rate), gradient)), n, w + i);
  });
}

void Sgd(const SgdStep& given, std::size_t count, const float* g, float* w, float* v) {
  const SgdStep step = given;
  ForEachVector(DF(), count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    VF vw = Load(w + i, n);
    VF vv = Load(v + i, n);
    UpdateSgd(step, Load(g + i, n), vw, vv);
    Store(vw, n, w + i);
    Store(vv, n, v + i);
  });
}

HWY_INLINE void UpdateAdam(const AdamStep& step, VF g, VF& w, VF& m, VF& v) {
  const VF gradient = Penalise(step.penalty, g, w);
  const VF square = hn::Mul(gradient, gradient);
  m = hn::Add(hn::Mul(Broadcast(step.beta1), m), hn::Mul(Broadcast(step.one_minus_beta1), gradient));
  v = hn::Add(hn::Mul(Broadcast(step.beta2), v), hn::Mul(Broadcast(step.one_minus_beta2), square));
  const VF root = hn::Div(hn::Sqrt(v), Broadcast(step.root_correction2));
  const VF change = hn::Div(hn::Mul(Broadcast(step.step_size), m), hn::Add(root, Broadcast(step.epsilon)));
  w = hn::Sub(hn::Mul(Broadcast(step.keep), w), change);
}

void Adam(const AdamStep& given, std::size_t count, const float* g, float* w, float* m, float* v) {
  const AdamStep step = given;
  ForEachVector(DF(), count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    VF vw = Load(w + i, n);
    VF vm = Load(m + i, n);
    VF vv = Load(v + i, n);
    UpdateAdam(step, Load(g + i, n), vw, vm, vv);
    Store(vw, n, w + i);
    Store(vm, n, m + i);
    Store(vv, n, v + i);
  });
}

const UpdateKernels* Table() {
  static constexpr UpdateKernels kTable = {Sgd, SgdWithoutMomentum, Adam};
  return &kTable;
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow::nn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/dispatch.h"

namespace fallow::nn {

FALLOW_EXPORT_TABLE(UpdateKernels, UpdateKernelsFor)

}  // namespace fallow::nn
#endif  // HWY_ONCE
