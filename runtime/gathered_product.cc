// A tile of rows by two vectors of columns stays in registers for all of k: as many rows as the registers hold. A tile
// that lacks rows has its last one several times, to the same result.
#include "runtime/gathered_product.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/gathered_product.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/elements-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fallow::nn {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using fallow::HWY_NAMESPACE::DF;
using fallow::HWY_NAMESPACE::VF;

// Sixteen sums and what is added to them need more than 16 registers.
#if HWY_TARGET == HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr std::size_t kTileRows = 8;
#else
constexpr std::size_t kTileRows = 6;
#endif

struct TileRows {
  const float* a[kTileRows];
  float* c[kTileRows];
};

template <bool kFused>
HWY_INLINE VF PlusProduct(VF sum, VF a, VF b) {
  if constexpr (kFused) return hn::MulAdd(a, b, sum);
  return hn::Add(sum, hn::Mul(a, b));
}

// Adds one row's products to its sums in both vectors.
template <bool kFused, bool kTwo>
HWY_INLINE void AddProducts(const float* a, VF b0, VF b1, VF& s, VF& t) {
  const VF all = hn::Set(DF(), *a);
  s = PlusProduct<kFused>(s, all, b0);
  if constexpr (kTwo) t = PlusProduct<kFused>(t, all, b1);
}

// One vector of columns, or two. Vectors of any target have no arrays: hence one variable a sum.
template <bool kFused, bool kTwo>
void Tile(const GatheredProduct& product, const TileRows& tile, const float* HWY_RESTRICT b) {
  const DF d;
  const std::size_t second = kTwo ? hn::Lanes(d) : 0;
  constexpr bool kEight = kTileRows == 8;
  const auto begin = [&](std::size_t i, std::size_t col)
                         HWY_ATTR { return product.accumulate ? hn::LoadU(d, tile.c[i] + col) : hn::Zero(d); };
  constexpr std::size_t kLast = kTileRows - 1;  // Of rows that not every target has.
  VF s0 = begin(0, 0), s1 = begin(1, 0), s2 = begin(2, 0), s3 = begin(3, 0), s4 = begin(4, 0), s5 = begin(5, 0);
  VF s6 = begin(kLast - 1, 0), s7 = begin(kLast, 0);
  VF t0 = begin(0, second), t1 = begin(1, second), t2 = begin(2, second), t3 = begin(3, second), t4 = begin(4, second);
  VF t5 = begin(5, second), t6 = begin(kLast - 1, second), t7 = begin(kLast, second);
  const float* const* a = tile.a;
  const float *a0 = a[0], *a1 = a[1], *a2 = a[2], *a3 = a[3], *a4 = a[4], *a5 = a[5], *a6 = a[kLast - 1],
              *a7 = a[kLast];
  const std::uint32_t* HWY_RESTRICT terms = product.terms;
  const std::size_t k = product.k;
  for (std::size_t l = 0; l < k; ++l, b += kPanel) {
    const std::size_t at = terms[l];
    const VF b0 = hn::LoadU(d, b), b1 = hn::LoadU(d, b + second);
    AddProducts<kFused, kTwo>(a0 + at, b0, b1, s0, t0);
    AddProducts<kFused, kTwo>(a1 + at, b0, b1, s1, t1);
    AddProducts<kFused, kTwo>(a2 + at, b0, b1, s2, t2);
    AddProducts<kFused, kTwo>(a3 + at, b0, b1, s3, t3);
    AddProducts<kFused, kTwo>(a4 + at, b0, b1, s4, t4);
    AddProducts<kFused, kTwo>(a5 + at, b0, b1, s5, t5);
    if constexpr (kEight) {
      AddProducts<kFused, kTwo>(a6 + at, b0, b1, s6, t6);
      AddProducts<kFused, kTwo>(a7 + at, b0, b1, s7, t7);
    }
  }
  const auto end = [&](std::size_t i, VF s, VF t) HWY_ATTR {
    hn::StoreU(s, d, tile.c[i]);
    if constexpr (kTwo) hn::StoreU(t, d, tile.c[i] + second);
  };
  end(0, s0, t0);
  end(1, s1, t1);
  end(2, s2, t2);
  end(3, s3, t3);
  end(4, s4, t4);
  end(5, s5, t5);
  if constexpr (kEight) {
    end(6, s6, t6);
    end(7, s7, t7);
  }
}

// Rows from `first` on, at column `col`.
HWY_INLINE TileRows RowsOf(const GatheredProduct& product, std::size_t first, std::size_t col) {
  TileRows tile;
  for (std::size_t i = 0; i < kTileRows; ++i) {
    const std::size_t row = std::min(first + i, product.m - 1);
    tile.a[i] = product.a + (product.rows == nullptr ? row : product.rows[row]);
    tile.c[i] = product.c + (product.c_rows == nullptr ? row : product.c_rows[row]) * kPanel + col;
  }
  return tile;
}

template <bool kFused>
void Product(const GatheredProduct& product) {
  const std::size_t lanes = hn::Lanes(DF());
  for (std::size_t col = 0; col < product.cols; col += 2 * lanes) {
    const auto tile = product.cols - col > lanes ? Tile<kFused, true> : Tile<kFused, false>;
    for (std::size_t first = 0; first < product.m; first += kTileRows) {
      tile(product, RowsOf(product, first, col), product.b + col);
    }
  }
}

#if HWY_TARGET != HWY_SCALAR  // Has no vectors of four.
using D4 = hn::CappedTag<float, 4>;

// Rows of four become columns.
HWY_INLINE void Transpose(const float* HWY_RESTRICT from, std::size_t from_stride, hn::Vec<D4> add,
                          float* HWY_RESTRICT to, std::size_t to_stride) {
  const D4 d;
  const auto a0 = hn::Add(hn::LoadU(d, from), add), a1 = hn::Add(hn::LoadU(d, from + from_stride), add);
  const auto a2 = hn::Add(hn::LoadU(d, from + 2 * from_stride), add);
  const auto a3 = hn::Add(hn::LoadU(d, from + 3 * from_stride), add);
  const auto even = hn::InterleaveLower(d, a0, a2), odd = hn::InterleaveLower(d, a1, a3);
  const auto upper_even = hn::InterleaveUpper(d, a0, a2), upper_odd = hn::InterleaveUpper(d, a1, a3);
  hn::StoreU(hn::InterleaveLower(d, even, odd), d, to);
  hn::StoreU(hn::InterleaveUpper(d, even, odd), d, to + to_stride);
  hn::StoreU(hn::InterleaveLower(d, upper_even, upper_odd), d, to + 2 * to_stride);
  hn::StoreU(hn::InterleaveUpper(d, upper_even, upper_odd), d, to + 3 * to_stride);
}

constexpr std::size_t kSide = 4;
#endif

void ToPanel(std::size_t rows, std::size_t cols, const float* HWY_RESTRICT from, std::size_t stride,
             float* HWY_RESTRICT to) {
  std::size_t r = 0;
#if HWY_TARGET != HWY_SCALAR
  for (; cols == kPanel && r + kSide <= rows; r += kSide) {
    for (std::size_t c = 0; c < kPanel; c += kSide) {
      Transpose(from + c * stride + r, stride, hn::Zero(D4()), to + r * kPanel + c, kPanel);
    }
  }
#endif
  for (; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) to[r * kPanel + c] = from[c * stride + r];
    std::fill(to + r * kPanel + cols, to + (r + 1) * kPanel, 0.0f);
  }
}

void FromPanel(std::size_t rows, std::size_t cols, const float* HWY_RESTRICT from, const float* bias,
               float* HWY_RESTRICT to, std::size_t stride) {
  float add[kPanel] = {};
  if (bias != nullptr) std::copy_n(bias, cols, add);
  std::size_t r = 0;
#if HWY_TARGET != HWY_SCALAR
  for (; cols == kPanel && r + kSide <= rows; r += kSide) {
    for (std::size_t c = 0; c < kPanel; c += kSide) {
      Transpose(from + r * kPanel + c, kPanel, hn::LoadU(D4(), add + c), to + c * stride + r, stride);
    }
  }
#endif
  for (; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) to[c * stride + r] = from[r * kPanel + c] + add[c];
  }
}

const PanelKernels* Table() {
  static constexpr PanelKernels kTable = {Product<false>, Product<true>, ToPanel, FromPanel};
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
FALLOW_EXPORT_TABLE(PanelKernels, PanelKernelsFor)
}  // namespace fallow::nn
#endif  // HWY_ONCE
