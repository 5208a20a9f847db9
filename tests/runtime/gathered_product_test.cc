#include "runtime/gathered_product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "tests/support/guarded_buffer.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

using GatheredProductTest = test::TargetTest;
FALLOW_TEST_EVERY_TARGET(GatheredProductTest);

std::vector<float> Values(std::size_t count, std::size_t first) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = std::sin(static_cast<float>(first + i) * 0.7f) * (i % 5 == 0 ? 100.0f : 0.1f);
  }
  return values;
}

// Offsets that come again, and are in no order.
std::vector<std::uint32_t> Offsets(std::size_t count, std::uint32_t below) {
  std::vector<std::uint32_t> offsets(count);
  for (std::size_t i = 0; i < count; ++i) offsets[i] = static_cast<std::uint32_t>(i * 7919 % below);
  return offsets;
}

// As the header defines it, with each operation rounded.
float Element(const GatheredProduct& p, std::size_t i, std::size_t j, float begin) {
  float sum = begin;
  for (std::size_t l = 0; l < p.k; ++l) {
    const volatile float product = p.a[(p.rows == nullptr ? i : p.rows[i]) + p.terms[l]] * p.b[l * kPanel + j];
    sum += product;
  }
  return sum;
}

TEST_P(GatheredProductTest, OrderedEqualsItsDefinition) {
  const PanelKernels& kernels = PanelKernelsFor(GetParam());
  const std::vector<float> a = Values(100, 0), b = Values(50 * kPanel, 1000);
  const std::vector<std::uint32_t> terms = Offsets(50, 50);
  for (const std::size_t m : {1, 2, 5, 6, 7, 8, 9, 17, 48}) {
    const std::vector<std::uint32_t> rows = Offsets(m, 50);
    std::vector<std::uint32_t> c_rows(m);
    for (std::size_t i = 0; i < m; ++i) c_rows[i] = static_cast<std::uint32_t>(2 * (m - 1 - i));
    for (const std::size_t cols : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32}) {
      for (const std::size_t k : {1, 2, 9, 50}) {
        for (const bool scattered : {false, true}) {
          SCOPED_TRACE(testing::Message() << m << " x " << cols << " x " << k << ", scattered " << scattered);
          const test::GuardedBuffer<float> of_c((scattered ? 2 * m - 1 : m) * kPanel, test::Edge::kEnd);
          const std::vector<float> before = Values(of_c.span().size(), 5000);
          std::ranges::copy(before, of_c.span().begin());
          const GatheredProduct product{.m = m,
                                        .cols = cols,
                                        .k = k,
                                        .a = a.data(),
                                        .rows = scattered ? rows.data() : nullptr,
                                        .terms = terms.data(),
                                        .b = b.data(),
                                        .c = of_c.span().data(),
                                        .c_rows = scattered ? c_rows.data() : nullptr,
                                        .accumulate = scattered};
          kernels.ordered(product);
          for (std::size_t i = 0; i < m; ++i) {
            for (std::size_t j = 0; j < cols; ++j) {
              const std::size_t at = (scattered ? c_rows[i] : i) * kPanel + j;
              const float expected = Element(product, i, j, scattered ? before[at] : 0);
              ASSERT_TRUE(test::SameBits({&expected, 1}, of_c.span().subspan(at, 1))) << i << ", " << j;
            }
          }
        }
      }
    }
  }
}

// Rows between those of c stay as they are.
TEST_P(GatheredProductTest, WritesItsRowsAlone) {
  const std::vector<float> a(10, 1), b(kPanel, 2);
  const std::vector<std::uint32_t> zero = {0}, c_rows = {0, 2, 4, 6, 8, 10, 12, 14, 16};
  std::vector<float> c(18 * kPanel, -7);
  PanelKernelsFor(GetParam())
      .fast({.m = 9,
             .cols = kPanel,
             .k = 1,
             .a = a.data(),
             .rows = nullptr,
             .terms = zero.data(),
             .b = b.data(),
             .c = c.data(),
             .c_rows = c_rows.data()});
  for (std::size_t i = 0; i < c.size(); ++i) EXPECT_EQ(c[i], i / kPanel % 2 == 0 ? 2 : -7) << i;
}

TEST_P(GatheredProductTest, FastIsNear) {
  const std::vector<float> a = Values(300, 0), b = Values(200 * kPanel, 1000);
  const std::vector<std::uint32_t> terms = Offsets(200, 200);
  std::vector<float> ordered(100 * kPanel), fast(100 * kPanel);
  GatheredProduct product{.m = 100,
                          .cols = kPanel,
                          .k = 200,
                          .a = a.data(),
                          .rows = nullptr,
                          .terms = terms.data(),
                          .b = b.data(),
                          .c = ordered.data()};
  PanelKernelsFor(GetParam()).ordered(product);
  product.c = fast.data();
  PanelKernelsFor(GetParam()).fast(product);
  for (std::size_t i = 0; i < fast.size(); ++i) EXPECT_NEAR(fast[i], ordered[i], 0.5) << i;  // Of up to 100 * 100 * 40.
}

TEST_P(GatheredProductTest, PanelsAreTransposed) {
  const PanelKernels& kernels = PanelKernelsFor(GetParam());
  for (const std::size_t rows : {1, 3, 4, 5, 16, 23}) {
    for (const std::size_t cols : {1, 5, 31, 32}) {
      SCOPED_TRACE(testing::Message() << rows << " x " << cols);
      const std::size_t stride = rows + 2;
      const std::vector<float> from = Values(cols * stride, 0), bias = Values(cols, 77);
      const test::GuardedBuffer<float> of_panel(rows * kPanel, test::Edge::kEnd);
      const std::span<float> panel = of_panel.span();
      kernels.to_panel(rows, cols, from.data(), stride, panel.data());
      std::vector<float> to(cols * stride, -7), biased(cols * stride, -7);
      kernels.from_panel(rows, cols, panel.data(), nullptr, to.data(), stride);
      kernels.from_panel(rows, cols, panel.data(), bias.data(), biased.data(), stride);
      for (std::size_t c = 0; c < kPanel; ++c) {
        for (std::size_t r = 0; r < rows; ++r) {
          ASSERT_EQ(panel[r * kPanel + c], c < cols ? from[c * stride + r] : 0);
        }
      }
      for (std::size_t c = 0; c < cols; ++c) {
        for (std::size_t r = 0; r < rows; ++r) {
          ASSERT_EQ(to[c * stride + r], from[c * stride + r]);
          ASSERT_EQ(biased[c * stride + r], from[c * stride + r] + bias[c]);
        }
        ASSERT_EQ(to[c * stride + rows], -7);
      }
    }
  }
}

}  // namespace
}  // namespace fallow::nn
