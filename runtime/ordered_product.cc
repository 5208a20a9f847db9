// Sixteen partial sums are one vector of AVX-512, two of AVX2, four of SSE4 and NEON. Where they are several, the rows
// are read once for each: parts of 16 columns take turns. A tile of 4 x 2 results keeps eight sums in registers, so
// that the additions of one need not wait for each other; its sums are folded through memory.
#include "runtime/ordered_product.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/ordered_product.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/elements-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fallow::nn {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using fallow::HWY_NAMESPACE::DF;
using fallow::HWY_NAMESPACE::Load;
using fallow::HWY_NAMESPACE::VF;

constexpr std::size_t kPartials = 16;
constexpr std::size_t kTileRows = 4;
constexpr std::size_t kTileCols = 2;
constexpr std::size_t kTile = kTileRows * kTileCols;
// Columns of the result that all rows pass before the next ones: their part of b stays in the nearest cache.
constexpr std::size_t kColsInCache = 8;

HWY_INLINE VF PlusProduct(VF sum, VF a, VF b) { return hn::Add(sum, hn::Mul(a, b)); }

// Calls body(i, n) for the vectors that hold partial sums `first` and on, of `k` terms; n < lanes only for the last.
template <class Body>
HWY_INLINE void ForEachTerm(std::size_t k, std::size_t first, const Body& body) {
  const std::size_t lanes = hn::Lanes(DF());
  std::size_t i = first;
  for (; i + lanes <= k; i += kPartials) body(i, lanes);
  if (i < k) body(i, k - i);
}

// Partial sums of row `a` with columns b0, b1: 2 x kPartials.
void SumRow(std::size_t k, const float* HWY_RESTRICT a, const float* HWY_RESTRICT b0, const float* HWY_RESTRICT b1,
            float* HWY_RESTRICT partials) {
  const DF d;
  for (std::size_t first = 0; first < kPartials; first += hn::Lanes(d)) {
    VF s0 = hn::Zero(d), s1 = hn::Zero(d);
    ForEachTerm(k, first, [&](std::size_t i, std::size_t n) HWY_ATTR {
      const VF va = Load(a + i, n);
      s0 = PlusProduct(s0, va, Load(b0 + i, n));
      s1 = PlusProduct(s1, va, Load(b1 + i, n));
    });
    hn::StoreU(s0, d, partials + first);
    hn::StoreU(s1, d, partials + first + kPartials);
  }
}

// The same of four rows, `lda` apart: 4 x 2 x kPartials.
void SumTile(std::size_t k, const float* HWY_RESTRICT a, std::size_t lda, const float* HWY_RESTRICT b0,
             const float* HWY_RESTRICT b1, float* HWY_RESTRICT partials) {
  const DF d;
  for (std::size_t first = 0; first < kPartials; first += hn::Lanes(d)) {
    VF s00 = hn::Zero(d), s01 = hn::Zero(d), s10 = hn::Zero(d), s11 = hn::Zero(d);
    VF s20 = hn::Zero(d), s21 = hn::Zero(d), s30 = hn::Zero(d), s31 = hn::Zero(d);
    ForEachTerm(k, first, [&](std::size_t i, std::size_t n) HWY_ATTR {
      const VF vb0 = Load(b0 + i, n), vb1 = Load(b1 + i, n);
      const VF a0 = Load(a + i, n), a1 = Load(a + lda + i, n);
      const VF a2 = Load(a + 2 * lda + i, n), a3 = Load(a + 3 * lda + i, n);
      s00 = PlusProduct(s00, a0, vb0);
      s01 = PlusProduct(s01, a0, vb1);
      s10 = PlusProduct(s10, a1, vb0);
      s11 = PlusProduct(s11, a1, vb1);
      s20 = PlusProduct(s20, a2, vb0);
      s21 = PlusProduct(s21, a2, vb1);
      s30 = PlusProduct(s30, a3, vb0);
      s31 = PlusProduct(s31, a3, vb1);
    });
    float* to = partials + first;
    hn::StoreU(s00, d, to);
    hn::StoreU(s01, d, to + kPartials);
    hn::StoreU(s10, d, to + 2 * kPartials);
    hn::StoreU(s11, d, to + 3 * kPartials);
    hn::StoreU(s20, d, to + 4 * kPartials);
    hn::StoreU(s21, d, to + 5 * kPartials);
    hn::StoreU(s30, d, to + 6 * kPartials);
    hn::StoreU(s31, d, to + 7 * kPartials);
  }
}

// Each kPartials partial sums to one, by halves, for a whole tile.
void Fold(const float* HWY_RESTRICT partials, float* HWY_RESTRICT sums) {
  const hn::CappedTag<float, 4> d;
#if HWY_TARGET == HWY_SCALAR  // Has no vectors of four.
  (void)d;
  for (std::size_t i = 0; i < kTile; ++i, partials += kPartials) {
    float fourth[4];
    for (std::size_t l = 0; l < 4; ++l)
      fourth[l] = (partials[l] + partials[l + 8]) + (partials[l + 4] + partials[l + 12]);
    sums[i] = (fourth[0] + fourth[2]) + (fourth[1] + fourth[3]);
  }
#else
  float fourths[4 * kTile];
  for (std::size_t i = 0; i < kTile; ++i, partials += kPartials) {
    const auto even = hn::Add(hn::LoadU(d, partials), hn::LoadU(d, partials + 8));
    const auto odd = hn::Add(hn::LoadU(d, partials + 4), hn::LoadU(d, partials + 12));
    hn::StoreU(hn::Add(even, odd), d, fourths + 4 * i);
  }
  for (std::size_t i = 0; i < kTile; i += 4) {
    hn::Vec<decltype(d)> p0, p1, p2, p3;
    hn::LoadInterleaved4(d, fourths + 4 * i, p0, p1, p2, p3);
    hn::StoreU(hn::Add(hn::Add(p0, p2), hn::Add(p1, p3)), d, sums + i);
  }
#endif
}

// Results of at most kTileRows rows with columns b0 and b1, of which `cols` are wanted.
void Tile(GemmSize size, const float* a, std::size_t lda, const float* b0, const float* b1, std::size_t cols,
          const float* bias, float* c, std::size_t ldc) {
  float partials[kTile * kPartials];
  if (size.m == kTileRows) {
    SumTile(size.k, a, lda, b0, b1, partials);
  } else {
    std::fill_n(partials, kTile * kPartials, 0.0f);
    for (std::size_t i = 0; i < size.m; ++i) SumRow(size.k, a + i * lda, b0, b1, partials + i * kTileCols * kPartials);
  }
  float sums[kTile];
  Fold(partials, sums);
  for (std::size_t i = 0; i < size.m; ++i) {
    for (std::size_t j = 0; j < cols; ++j) {
      const float sum = sums[i * kTileCols + j];
      c[i * ldc + j] = bias == nullptr ? sum : sum + bias[j];
    }
  }
}

void Product(GemmSize size, const float* a, std::size_t lda, const float* b, std::size_t ldb, const float* bias,
             float* c, std::size_t ldc) {
  for (std::size_t begin = 0; begin < size.n; begin += kColsInCache) {
    const std::size_t end = std::min(begin + kColsInCache, size.n);
    for (std::size_t i = 0; i < size.m; i += kTileRows) {
      for (std::size_t j = begin; j < end; j += kTileCols) {
        const std::size_t cols = std::min(kTileCols, end - j);
        Tile({std::min(kTileRows, size.m - i), size.n, size.k}, a + i * lda, lda, b + j * ldb, b + (j + cols - 1) * ldb,
             cols, bias == nullptr ? nullptr : bias + j, c + i * ldc + j, ldc);
      }
    }
  }
}

using ProductFunction = decltype(&Product);

ProductFunction FindProduct() { return Product; }

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fallow::nn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/dispatch.h"
#include "runtime/region.h"

namespace fallow::nn {

HWY_EXPORT(FindProduct);

void OrderedProductNT(GemmSize size, const float* a, std::size_t lda, const float* b, std::size_t ldb,
                      const float* bias, float* c, std::size_t ldc, const Execution& execution) {
  const Region region(kGemm, size.m * size.n * size.k, execution);
  FALLOW_DISPATCH(FindProduct, execution.target)()(size, a, lda, b, ldb, bias, c, ldc);
}

}  // namespace fallow::nn
#endif  // HWY_ONCE
