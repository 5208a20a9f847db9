// From random words to uniform and normal numbers: the arithmetic of normal stream v1 (README.md), which fixes every
// operation and its order. Products and sums are rounded one by one, never fused, and division and square root are
// correctly rounded everywhere, so all targets give the same bits.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"
#include "kernels/elements-inl.h"
#include "kernels/noise_kernels.h"

#if defined(FALLOW_KERNELS_NORMAL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_NORMAL_INL_H_
#undef FALLOW_KERNELS_NORMAL_INL_H_
#else
#define FALLOW_KERNELS_NORMAL_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DI = hn::RebindToSigned<DF>;
using VI = hn::Vec<DI>;

HWY_INLINE VF Splat(float value) { return hn::Set(DF(), value); }

// a + b x, rounded twice: not hn::MulAdd, which rounds once where there is an instruction for it.
HWY_INLINE VF PlusProduct(float a, VF b, VF x) { return hn::Add(Splat(a), hn::Mul(b, x)); }

HWY_INLINE VU SignBit(VU v) { return hn::And(v, hn::Set(DU(), 0x80000000)); }

// All ones where the sign bit is set, else 0.
HWY_INLINE VU SignMask(VU v) { return hn::BitCast(DU(), hn::BroadcastSignBit(hn::BitCast(DI(), v))); }

// An integer plus 1/2, exact up to 2^23.
HWY_INLINE VF PlusHalf(VU integer) { return hn::Add(hn::ConvertTo(DF(), hn::BitCast(DI(), integer)), Splat(0.5f)); }

// The uniform number u = (word + 1/2) / 2^32 as a fraction t in [-1/2, 1/2] that is never 0: u is t where that is
// positive, and 1 + t where it is negative. So both u and 1 - u are known to 24 bits, however near to 0.
HWY_INLINE VF SignedFraction(VU words) { return hn::Mul(PlusHalf(words), Splat(0x1p-32f)); }

// log(t + whole), for `whole` 0, or 1 where t is negative; within 1.5e-7 of the result.
HWY_INLINE VF LogOfSum(VF t, VF whole) {
  const DF d;
  const DU du;
  // The sum is 2^e (1 + f), with 1 + f from sqrt(1/2) to sqrt(2).
  const VU above = hn::Sub(hn::BitCast(du, hn::Add(t, whole)), hn::Set(du, 0x3F3504F3));
  const VU power = hn::Add(hn::And(above, hn::Set(du, 0xFF800000)), hn::Set(du, 0x3F800000));  // 2^e
  const VF inverse = hn::BitCast(d, hn::Sub(hn::Set(du, 0x7F000000), power));
  const VF exponent = hn::ConvertTo(d, hn::ShiftRight<23>(hn::BitCast(DI(), above)));
  // Exact, since 2^e is near the sum.
  const VF f = hn::Mul(hn::Add(t, hn::Sub(whole, hn::BitCast(d, power))), inverse);
  // log(1 + f) = 2 artanh(s) = 2 s + s^3 P(s^2) (minimax, 3e-9), and 2 s = f - s f, whose first term is exact.
  const VF s = hn::Div(f, hn::Add(f, Splat(2.0f)));
  const VF square = hn::Mul(s, s);
  const VF inner = PlusProduct(0x1.997b92p-2f, Splat(0x1.2ef818p-2f), square);
  const VF outer = PlusProduct(0x1.55555cp-1f, inner, square);
  const VF log = hn::Sub(f, hn::Mul(s, hn::Sub(f, hn::Mul(outer, square))));
  return hn::Add(hn::Mul(exponent, Splat(0x1.62e43p-1f)), log);
}

// Of a word's u.
HWY_INLINE VF LogUniform(VU words) {
  const VF t = SignedFraction(words);
  const VU one = hn::BitCast(DU(), Splat(1.0f));
  return LogOfSum(t, hn::BitCast(DF(), hn::And(SignMask(hn::BitCast(DU(), t)), one)));
}

// cos and sin of 2 pi (word + 1/2) / 2^32.
HWY_INLINE void CosSin(VU words, VF& cos, VF& sin) {
  const DF d;
  const DU du;
  // The upper two bits count quarter turns; what is left is the angle from there, in eighths of a turn, from -1 to 1.
  const VU turned = hn::Add(words, hn::Set(du, 0x20000000));
  const VU rest = hn::Sub(words, hn::And(turned, hn::Set(du, 0xC0000000)));
  const VF y = hn::Mul(PlusHalf(rest), Splat(0x1p-29f));
  const VF square = hn::Mul(y, y);
  // sin(pi/4 y) / y and cos(pi/4 y) (minimax, 3e-8 and 1e-9).
  VF s = PlusProduct(0x1.466b2p-9f, Splat(-0x1.2f5992p-15f), square);
  s = PlusProduct(-0x1.4abbecp-4f, s, square);
  s = hn::Mul(PlusProduct(0x1.921fb6p-1f, s, square), y);
  VF c = PlusProduct(-0x1.55a5bp-12f, Splat(0x1.d09344p-19f), square);
  c = PlusProduct(0x1.03c19ep-6f, c, square);
  c = PlusProduct(-0x1.3bd3ccp-2f, c, square);
  c = PlusProduct(1.0f, c, square);
  // A quarter turn swaps the two, half a turn negates both.
  const VU doubled = hn::ShiftLeft<1>(turned);
  const VF swap = hn::BitCast(d, SignMask(doubled));
  cos = hn::Xor(hn::IfVecThenElse(swap, s, c), hn::BitCast(d, SignBit(hn::Xor(turned, doubled))));
  sin = hn::Xor(hn::IfVecThenElse(swap, c, s), hn::BitCast(d, SignBit(turned)));
}

// Two normal numbers from the two words of each pair.
HWY_INLINE void BoxMuller(VU words0, VU words1, VF& z0, VF& z1) {
  const VF r = hn::Sqrt(hn::Mul(LogUniform(words0), Splat(-2.0f)));
  VF cos;
  VF sin;
  CosSin(words1, cos, sin);
  z0 = hn::Mul(r, cos);
  z1 = hn::Mul(r, sin);
}

// The normals of two vectors of elements, the first of even number.
HWY_INLINE void Normals(VU lower_words, VU upper_words, VF& lower, VF& upper) {
#if HWY_TARGET == HWY_SCALAR  // One pair.
  BoxMuller(lower_words, upper_words, lower, upper);
#else
  // Pairs are lanes 2k and 2k + 1: take the pairs of `lower` to even lanes and those of `upper` to odd ones, and back.
  const DF d;
  const DU du;
  const hn::Repartition<std::uint64_t, DF> dpair;
  const VU up = hn::BitCast(du, hn::ShiftLeft<32>(hn::BitCast(dpair, upper_words)));
  const VU down = hn::BitCast(du, hn::ShiftRight<32>(hn::BitCast(dpair, lower_words)));
  VF z0;
  VF z1;
  BoxMuller(hn::OddEven(up, lower_words), hn::OddEven(upper_words, down), z0, z1);
  lower = hn::OddEven(hn::BitCast(d, hn::ShiftLeft<32>(hn::BitCast(dpair, z1))), z0);
  upper = hn::OddEven(z1, hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(dpair, z0))));
#endif
}

// Of the pairs that `count` words, at most two vectors', belong to. `normals` has room for two vectors.
HWY_NOINLINE void NormalsOfPart(const std::uint32_t* words, std::size_t count, float* normals) {
  const DU du;
  const std::size_t lanes = hn::Lanes(du);
  std::uint32_t buffer[2 * hn::MaxLanes(DU())] = {};
  std::memcpy(buffer, words, (count + count % 2) * sizeof(*words));
  VF lower;
  VF upper;
  Normals(hn::LoadU(du, buffer), hn::LoadU(du, buffer + lanes), lower, upper);
  hn::StoreU(lower, DF(), normals);
  hn::StoreU(upper, DF(), normals + lanes);
}

// Calls body(z, j, n) with the normals of elements [j, j + n) of `count` elements, n at most a vector.
template <class Body>
HWY_INLINE void ForEachNormal(const NoiseWords& noise, std::size_t count, const Body& body) {
  const DF d;
  const DU du;
  const std::size_t lanes = hn::Lanes(d);
  float part[2 * hn::MaxLanes(DF())];
  const std::uint32_t* words = noise.pairs;
  std::size_t j = 0;
  if (noise.starts_odd) {
    NormalsOfPart(words, 2, part);
    body(Splat(part[1]), 0, 1);
    words += 2;
    j = 1;
  }
  for (; j + 2 * lanes <= count; j += 2 * lanes, words += 2 * lanes) {
    VF lower;
    VF upper;
    Normals(hn::LoadU(du, words), hn::LoadU(du, words + lanes), lower, upper);
    body(lower, j, lanes);
    body(upper, j + lanes, lanes);
  }
  if (j == count) return;
  NormalsOfPart(words, count - j, part);
  for (std::size_t k = 0; j < count; k += lanes, j += lanes)
    body(hn::LoadU(d, part + k), j, std::min(lanes, count - j));
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_NORMAL_INL_H_
