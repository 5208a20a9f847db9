// Products and sums are two roundings, never fused: predictions have the same bits everywhere.
#include "runtime/recurrent_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/recurrent_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fallow::nn {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using fallow::HWY_NAMESPACE::Constant;
using fallow::HWY_NAMESPACE::DF;
using fallow::HWY_NAMESPACE::ForEachVector;
using fallow::HWY_NAMESPACE::Load;
using fallow::HWY_NAMESPACE::Separate;
using fallow::HWY_NAMESPACE::Sigmoid;
using fallow::HWY_NAMESPACE::Store;
using fallow::HWY_NAMESPACE::Tanh;
using fallow::HWY_NAMESPACE::VF;

// y' for y = sigmoid(x), and for y = tanh(x).
HWY_INLINE VF SigmoidSlope(VF y) { return hn::Mul(y, hn::Sub(Constant(1), y)); }
HWY_INLINE VF TanhSlope(VF y) { return Separate::NegMulAdd(y, y, Constant(1)); }

// What gate element `i` is made of; n: how many elements of the vector there are.
template <class Row>
HWY_INLINE VF GateInput(const Row& row, std::size_t i, std::size_t n) {
  const VF of_input = hn::Add(Load(row.gates + i, n), Load(row.bias_ih + i, n));
  return hn::Add(of_input, hn::Add(Load(row.recurrent + i, n), Load(row.bias_hh + i, n)));
}

void LstmForward(const LstmForwardRow& row) {
  const std::size_t units = row.units;
  ForEachVector(DF(), units, [&](std::size_t j, std::size_t n) HWY_ATTR {
    const VF i = Sigmoid(GateInput(row, j, n));
    const VF f = Sigmoid(GateInput(row, j + units, n));
    const VF g = Tanh(GateInput(row, j + 2 * units, n));
    const VF o = Sigmoid(GateInput(row, j + 3 * units, n));
    const VF c = hn::Add(hn::Mul(f, Load(row.c_before + j, n)), hn::Mul(i, g));
    const VF tanh_c = Tanh(c);
    Store(i, n, row.gates + j);
    Store(f, n, row.gates + j + units);
    Store(g, n, row.gates + j + 2 * units);
    Store(o, n, row.gates + j + 3 * units);
    Store(c, n, row.c + j);
    Store(tanh_c, n, row.tanh_c + j);
    Store(hn::Mul(o, tanh_c), n, row.h + j);
  });
}

void LstmBackward(const LstmBackwardRow& row) {
  const std::size_t units = row.units;
  ForEachVector(DF(), units, [&](std::size_t j, std::size_t n) HWY_ATTR {
    const VF i = Load(row.gates + j, n), f = Load(row.gates + j + units, n);
    const VF g = Load(row.gates + j + 2 * units, n), o = Load(row.gates + j + 3 * units, n);
    const VF tanh_c = Load(row.tanh_c + j, n), dh = Load(row.dh + j, n);
    const VF dc = hn::Add(Load(row.dc + j, n), hn::Mul(hn::Mul(dh, o), TanhSlope(tanh_c)));
    Store(hn::Mul(hn::Mul(dc, g), SigmoidSlope(i)), n, row.gates + j);
    Store(hn::Mul(hn::Mul(dc, Load(row.c_before + j, n)), SigmoidSlope(f)), n, row.gates + j + units);
    Store(hn::Mul(hn::Mul(dc, i), TanhSlope(g)), n, row.gates + j + 2 * units);
    Store(hn::Mul(hn::Mul(dh, tanh_c), SigmoidSlope(o)), n, row.gates + j + 3 * units);
    Store(hn::Mul(dc, f), n, row.dc + j);
  });
}

void GruForward(const GruForwardRow& row) {
  const std::size_t units = row.units;
  ForEachVector(DF(), units, [&](std::size_t j, std::size_t lanes) HWY_ATTR {
    const std::size_t last = j + 2 * units;
    const VF r = Sigmoid(GateInput(row, j, lanes));
    const VF z = Sigmoid(GateInput(row, j + units, lanes));
    const VF of_state = hn::Add(Load(row.recurrent + last, lanes), Load(row.bias_hh + last, lanes));
    const VF of_input = hn::Add(Load(row.gates + last, lanes), Load(row.bias_ih + last, lanes));
    const VF n = Tanh(hn::Add(of_input, hn::Mul(r, of_state)));
    const VF h = hn::Add(hn::Mul(hn::Sub(Constant(1), z), n), hn::Mul(z, Load(row.h_before + j, lanes)));
    Store(r, lanes, row.gates + j);
    Store(z, lanes, row.gates + j + units);
    Store(n, lanes, row.gates + last);
    Store(of_state, lanes, row.gates + last + units);
    Store(h, lanes, row.h + j);
  });
}

void GruBackward(const GruBackwardRow& row) {
  const std::size_t units = row.units;
  ForEachVector(DF(), units, [&](std::size_t j, std::size_t lanes) HWY_ATTR {
    const VF r = Load(row.gates + j, lanes), z = Load(row.gates + j + units, lanes);
    const VF n = Load(row.gates + j + 2 * units, lanes), of_state = Load(row.gates + j + 3 * units, lanes);
    const VF dh = Load(row.dh + j, lanes);
    const VF dn = hn::Mul(hn::Mul(dh, hn::Sub(Constant(1), z)), TanhSlope(n));
    const VF dz = hn::Mul(hn::Mul(dh, hn::Sub(Load(row.h_before + j, lanes), n)), SigmoidSlope(z));
    Store(hn::Mul(hn::Mul(dn, of_state), SigmoidSlope(r)), lanes, row.gates + j);
    Store(dz, lanes, row.gates + j + units);
    Store(dn, lanes, row.gates + j + 2 * units);
    Store(hn::Mul(dn, r), lanes, row.gates + j + 3 * units);
    Store(hn::Add(Load(row.dh_before + j, lanes), hn::Mul(dh, z)), lanes, row.dh_before + j);
  });
}

const RecurrentKernels* Table() {
  static constexpr RecurrentKernels kTable = {LstmForward, LstmBackward, GruForward, GruBackward};
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

FALLOW_EXPORT_TABLE(RecurrentKernels, RecurrentKernelsFor)

}  // namespace fallow::nn
#endif  // HWY_ONCE
