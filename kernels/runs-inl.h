// Rows in runs of 32 columns, and what is gathered from them in an order that no target changes: 32 lanes, whatever the
// length of a vector. Column c belongs to lane c % 32; in the end the lanes are combined by halves.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/elements-inl.h"

#if defined(FALLOW_KERNELS_RUNS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FALLOW_KERNELS_RUNS_INL_H_
#undef FALLOW_KERNELS_RUNS_INL_H_
#else
#define FALLOW_KERNELS_RUNS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fallow {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline constexpr std::size_t kRun = 32;

// Calls body(i, n, slot) for the vectors that cover [0, count), at most a run: n elements from `i` on, fewer than a
// vector has only at the end; `slot` numbers the vectors. Compilers unroll this, and keep what is indexed by slots in
// registers.
template <class Body>
HWY_INLINE void ForEachInRun(std::size_t count, const Body& body) {
  const std::size_t lanes = hn::Lanes(DF());
  for (std::size_t slot = 0; slot * lanes < kRun; ++slot) {
    if (slot * lanes < count) body(slot * lanes, std::min(lanes, count - slot * lanes), slot);
  }
}

// The same for any `count`; slots start again with each run.
template <class Body>
HWY_INLINE void ForEachInRuns(std::size_t count, const Body& body) {
  std::size_t first = 0;
  const auto at_first = [&](std::size_t i, std::size_t n, std::size_t slot) HWY_ATTR { body(first + i, n, slot); };
  for (; first + kRun <= count; first += kRun) ForEachInRun(kRun, at_first);
  if (first < count) ForEachInRun(count - first, at_first);
}

// The same with the lanes that are kept: body(i, n, slot, kept).
template <class Body>
HWY_INLINE void ForEachMaskedInRuns(std::size_t count, const std::uint64_t* words, const Body& body) {
  for (std::size_t first = 0; first < count; first += kRun) {
    const std::uint32_t bits = MaskBits32(words, first);
    const auto at_first = [&](std::size_t i, std::size_t n, std::size_t slot)
                              HWY_ATTR { body(first + i, n, slot, Kept(DF(), bits, i)); };
    first + kRun <= count ? ForEachInRun(kRun, at_first) : ForEachInRun(count - first, at_first);
  }
}

struct Sum {
  template <class V>
  static HWY_INLINE V Of(V a, V b) {
    return hn::Add(a, b);
  }
  static HWY_INLINE float Of(float a, float b) { return a + b; }
};

struct Maximum {
  template <class V>
  static HWY_INLINE V Of(V a, V b) {
    return hn::Max(a, b);
  }
  static HWY_INLINE float Of(float a, float b) { return a < b ? b : a; }
};

#if HWY_HAVE_SCALABLE || HWY_TARGET == HWY_SCALAR

// There are no arrays of scalable vectors.
template <class Combine>
class Lanes32 {
 public:
  explicit HWY_INLINE Lanes32(float initial) { std::fill_n(lanes_, kRun, initial); }

  HWY_INLINE VF Get(std::size_t slot) const { return hn::Load(DF(), lanes_ + slot * hn::Lanes(DF())); }
  HWY_INLINE void Take(std::size_t slot, VF v) {
    hn::Store(Combine::Of(Get(slot), v), DF(), lanes_ + slot * hn::Lanes(DF()));
  }

  HWY_INLINE float Total() {
    for (std::size_t half = kRun / 2; half > 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) lanes_[i] = Combine::Of(lanes_[i], lanes_[i + half]);
    }
    return lanes_[0];
  }

 private:
  HWY_ALIGN float lanes_[kRun];
};

#else

template <class Combine, class D>
HWY_INLINE float Folded(D d, hn::Vec<D> v) {
  if constexpr (hn::MaxLanes(d) == 1) {
    return hn::GetLane(v);
  } else {
    const hn::Half<D> half;
    return Folded<Combine>(half, Combine::Of(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

template <class Combine>
class Lanes32 {
 public:
  explicit HWY_INLINE Lanes32(float initial) {
    for (VF& v : vectors_) v = hn::Set(DF(), initial);
  }

  HWY_INLINE VF Get(std::size_t slot) const { return vectors_[slot]; }
  HWY_INLINE void Take(std::size_t slot, VF v) { vectors_[slot] = Combine::Of(vectors_[slot], v); }

  HWY_INLINE float Total() {
    for (std::size_t half = kSlots / 2; half > 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) Take(i, vectors_[i + half]);
    }
    return Folded<Combine>(DF(), vectors_[0]);
  }

 private:
  static constexpr std::size_t kSlots = kRun / hn::MaxLanes(DF());
  VF vectors_[kSlots];
};

#endif  // HWY_HAVE_SCALABLE || HWY_TARGET == HWY_SCALAR

using RowSum = Lanes32<Sum>;
using RowMaximum = Lanes32<Maximum>;

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow
HWY_AFTER_NAMESPACE();

#endif  // FALLOW_KERNELS_RUNS_INL_H_
