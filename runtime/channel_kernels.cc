#include "runtime/channel_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/channel_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/elements-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fallow::nn {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using fallow::HWY_NAMESPACE::DD;
using fallow::HWY_NAMESPACE::DF;
using fallow::HWY_NAMESPACE::ForEachVector;
using fallow::HWY_NAMESPACE::Load;
using fallow::HWY_NAMESPACE::Store;
using fallow::HWY_NAMESPACE::VD;
using fallow::HWY_NAMESPACE::VF;

// The numbers of the channels that elements are of.
struct One {
  static HWY_INLINE VF At(const float* p, std::size_t, std::size_t) { return hn::Set(DF(), *p); }
};
struct Many {
  static HWY_INLINE VF At(const float* p, std::size_t i, std::size_t n) { return Load(p + i, n); }
};

HWY_INLINE VD ToDouble(const float* x) { return hn::PromoteTo(DD(), hn::LoadU(hn::Rebind<float, DD>(), x)); }

struct Moments {
  const float* x;
  HWY_INLINE void Vector(std::size_t i, VD center, VD& sum, VD& more) const {
    const VD difference = hn::Sub(ToDouble(x + i), center);
    sum = hn::Add(sum, difference);
    more = hn::Add(more, hn::Mul(difference, difference));
  }
  HWY_INLINE void Element(std::size_t i, double center, double* sum, double* more) const {
    const double difference = x[i] - center;
    *sum += difference;
    *more += difference * difference;
  }
};

struct Products {
  const float* dy;
  const float* x;
  HWY_INLINE void Vector(std::size_t i, VD center, VD& sum, VD& more) const {
    const VD gradient = ToDouble(dy + i);
    sum = hn::Add(sum, gradient);
    more = hn::Add(more, hn::Mul(gradient, hn::Sub(ToDouble(x + i), center)));
  }
  HWY_INLINE void Element(std::size_t i, double center, double* sum, double* more) const {
    *sum += dy[i];
    *more += dy[i] * (x[i] - center);
  }
};

HWY_INLINE double SumOf(VD v) { return hn::GetLane(hn::SumOfLanes(DD(), v)); }

// Two sums of each kind, as an addition waits for the one before it.
template <class Terms>
void AddOfOne(const Terms& terms, std::size_t count, const float* center, double* sum, double* more) {
  const DD d;
  const std::size_t lanes = hn::Lanes(d);
  const VD vcenter = hn::Set(d, *center);
  VD sum0 = hn::Zero(d), sum1 = sum0, more0 = sum0, more1 = sum0;
  std::size_t i = 0;
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    terms.Vector(i, vcenter, sum0, more0);
    terms.Vector(i + lanes, vcenter, sum1, more1);
  }
  *sum += SumOf(hn::Add(sum0, sum1));
  *more += SumOf(hn::Add(more0, more1));
  for (; i < count; ++i) terms.Element(i, *center, sum, more);
}

template <class Terms>
void AddOfMany(const Terms& terms, std::size_t count, const float* center, double* sum, double* more) {
  const DD d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    VD vsum = hn::LoadU(d, sum + i), vmore = hn::LoadU(d, more + i);
    terms.Vector(i, ToDouble(center + i), vsum, vmore);
    hn::StoreU(vsum, d, sum + i);
    hn::StoreU(vmore, d, more + i);
  }
  for (; i < count; ++i) terms.Element(i, center[i], sum + i, more + i);
}

template <class Channels>
void Normalise(const float* x, std::size_t count, const float* center, const float* scale, const float* shift,
               float* y) {
  ForEachVector(DF(), count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const VF difference = hn::Sub(Load(x + i, n), Channels::At(center, i, n));
    Store(hn::Add(hn::Mul(difference, Channels::At(scale, i, n)), Channels::At(shift, i, n)), n, y + i);
  });
}

template <class Channels>
void Gradient(const float* dy, const float* x, std::size_t count, const float* center, const float* a, const float* b,
              const float* shift, float* dx) {
  ForEachVector(DF(), count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const VF difference = hn::Sub(Load(x + i, n), Channels::At(center, i, n));
    const VF along = hn::Add(hn::Mul(difference, Channels::At(b, i, n)), Channels::At(shift, i, n));
    Store(hn::Add(hn::Mul(Load(dy + i, n), Channels::At(a, i, n)), along), n, dx + i);
  });
}

void AddMomentsOfOne(const float* x, std::size_t count, const float* center, double* sum, double* squares) {
  AddOfOne(Moments{x}, count, center, sum, squares);
}
void AddMomentsOfMany(const float* x, std::size_t count, const float* center, double* sum, double* squares) {
  AddOfMany(Moments{x}, count, center, sum, squares);
}
void AddProductsOfOne(const float* dy, const float* x, std::size_t count, const float* center, double* sum,
                      double* products) {
  AddOfOne(Products{dy, x}, count, center, sum, products);
}
void AddProductsOfMany(const float* dy, const float* x, std::size_t count, const float* center, double* sum,
                       double* products) {
  AddOfMany(Products{dy, x}, count, center, sum, products);
}

const ChannelKernels* OneChannel() {
  static constexpr ChannelKernels kTable = {AddMomentsOfOne, AddProductsOfOne, Normalise<One>, Gradient<One>};
  return &kTable;
}

const ChannelKernels* ManyChannels() {
  static constexpr ChannelKernels kTable = {AddMomentsOfMany, AddProductsOfMany, Normalise<Many>, Gradient<Many>};
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

HWY_EXPORT(OneChannel);
HWY_EXPORT(ManyChannels);

const ChannelKernels& OneChannelKernelsFor(Target target) noexcept { return *FALLOW_DISPATCH(OneChannel, target)(); }
const ChannelKernels& ManyChannelsKernelsFor(Target target) noexcept {
  return *FALLOW_DISPATCH(ManyChannels, target)();
}

}  // namespace fallow::nn
#endif  // HWY_ONCE
