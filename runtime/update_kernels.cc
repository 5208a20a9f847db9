#include "runtime/update_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/update_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "runtime/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fallow::nn {
namespace HWY_NAMESPACE {
namespace {

HWY_INLINE VF Broadcast(float value) { return hn::Set(DF(), value); }

HWY_INLINE VF Penalise(const Penalty& penalty, VF g, VF w) {
  const VF sign = hn::IfThenZeroElse(hn::Eq(w, hn::Zero(DF())), hn::CopySignToAbs(Broadcast(penalty.l1), w));
  return hn::Add(hn::Add(g, hn::Mul(Broadcast(penalty.decay), w)), sign);
}

struct PlainSgd {
  HWY_INLINE VF operator()(VF g, VF w) const {
    return hn::Sub(w, hn::Mul(Broadcast(step.learning_rate), Penalise(step.penalty, g, w)));
  }
  SgdStep step;
};

void SgdWithoutMomentum(const SgdStep& step, std::size_t count, const float* g, float* w) {
  Map(PlainSgd{step}, g, w, count, w);
}

HWY_INLINE void UpdateSgd(const SgdStep& step, VF g, VF& w, VF& v) {
  const VF momentum = Broadcast(step.momentum);
  const VF gradient = Penalise(step.penalty, g, w);
  v = hn::Add(hn::Mul(momentum, v), gradient);
  const VF direction = step.nesterov ? hn::Add(gradient, hn::Mul(momentum, v)) : v;
  w = hn::Sub(w, hn::Mul(Broadcast(step.learning_rate), direction));
}

// The loops work on a copy of the step: as far as the compiler knows, each store to the weights might change `given`.

void Sgd(const SgdStep& given, std::size_t count, const float* g, float* w, float* v) {
  const DF d;
  const std::size_t lanes = hn::Lanes(d);
  const SgdStep step = given;
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    VF vw = hn::LoadU(d, w + i);
    VF vv = hn::LoadU(d, v + i);
    UpdateSgd(step, hn::LoadU(d, g + i), vw, vv);
    hn::StoreU(vw, d, w + i);
    hn::StoreU(vv, d, v + i);
  }
  if (i == count) return;
  const std::size_t rest = count - i;
  VF vw = LoadPart(w + i, rest, 0.0f);
  VF vv = LoadPart(v + i, rest, 0.0f);
  UpdateSgd(step, LoadPart(g + i, rest, 0.0f), vw, vv);
  StorePart(vw, rest, w + i);
  StorePart(vv, rest, v + i);
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
  const DF d;
  const std::size_t lanes = hn::Lanes(d);
  const AdamStep step = given;
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    VF vw = hn::LoadU(d, w + i);
    VF vm = hn::LoadU(d, m + i);
    VF vv = hn::LoadU(d, v + i);
    UpdateAdam(step, hn::LoadU(d, g + i), vw, vm, vv);
    hn::StoreU(vw, d, w + i);
    hn::StoreU(vm, d, m + i);
    hn::StoreU(vv, d, v + i);
  }
  if (i == count) return;
  const std::size_t rest = count - i;
  VF vw = LoadPart(w + i, rest, 0.0f);
  VF vm = LoadPart(m + i, rest, 0.0f);
  VF vv = LoadPart(v + i, rest, 0.0f);
  UpdateAdam(step, LoadPart(g + i, rest, 0.0f), vw, vm, vv);
  StorePart(vw, rest, w + i);
  StorePart(vm, rest, m + i);
  StorePart(vv, rest, v + i);
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

HWY_EXPORT(Table);

const UpdateKernels& UpdateKernelsFor(Target target) noexcept { return *FALLOW_DISPATCH(Table, target)(); }

}  // namespace fallow::nn
#endif  // HWY_ONCE
