#include "runtime/ordered_product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "tests/support/guarded_buffer.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

using OrderedProductTest = test::TargetTest;
FALLOW_TEST_EVERY_TARGET(OrderedProductTest);

// As the header defines it.
float Element(std::size_t k, const float* a, const float* b, const float* bias) {
  float p[16] = {};
  for (std::size_t i = 0; i < k; ++i) {
    const volatile float product = a[i] * b[i];
    p[i % 16] += product;
  }
  for (std::size_t l = 0; l < 8; ++l) p[l] += p[l + 8];
  for (std::size_t l = 0; l < 4; ++l) p[l] += p[l + 4];
  for (std::size_t l = 0; l < 2; ++l) p[l] += p[l + 2];
  p[0] += p[1];
  return bias == nullptr ? p[0] : p[0] + *bias;
}

float Value(std::size_t i) { return std::sin(static_cast<float>(i) * 0.7f) * (i % 5 == 0 ? 100.0f : 0.1f); }

// Values up to an end behind which memory faults.
std::span<float> Fill(const test::GuardedBuffer<float>& buffer, std::size_t first) {
  const std::span<float> values = buffer.span();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = Value(first + i);
  return values;
}

TEST_P(OrderedProductTest, EqualsItsDefinition) {
  for (const std::size_t m : {1, 2, 3, 4, 5, 8, 9, 31}) {
    for (const std::size_t n : {1, 2, 3, 7, 8, 9, 17}) {
      for (const std::size_t k : {1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 100, 784}) {
        SCOPED_TRACE(testing::Message() << m << " x " << n << " x " << k);
        constexpr test::Edge kEnd = test::Edge::kEnd;
        const test::GuardedBuffer<float> of_a(m * k, kEnd), of_b(n * k, kEnd), of_bias(n, kEnd), of_c(m * n, kEnd);
        const std::span<float> a = Fill(of_a, 0), b = Fill(of_b, 1000000), bias = Fill(of_bias, 2000000),
                               c = of_c.span();
        const float* with_bias = (m + n) % 2 == 0 ? bias.data() : nullptr;
        OrderedProductNT({m, n, k}, a.data(), k, b.data(), k, with_bias, c.data(), n, {.target = GetParam()});
        for (std::size_t i = 0; i < m; ++i) {
          for (std::size_t j = 0; j < n; ++j) {
            const float expected = Element(k, &a[i * k], &b[j * k], with_bias == nullptr ? nullptr : with_bias + j);
            ASSERT_TRUE(test::SameBits({&expected, 1}, c.subspan(i * n + j, 1))) << i << ", " << j;
          }
        }
      }
    }
  }
}

TEST_P(OrderedProductTest, RowsMayBeApart) {
  constexpr std::size_t kM = 6, kN = 5, kK = 20, kApart = 23;
  std::vector<float> a(kM * kApart, 1.0f), b(kN * kApart, 2.0f), c(kM * kApart, -7.0f);
  OrderedProductNT({kM, kN, kK}, a.data(), kApart, b.data(), kApart, nullptr, c.data(), kApart, {.target = GetParam()});
  for (std::size_t i = 0; i < c.size(); ++i) EXPECT_EQ(c[i], i % kApart < kN ? 40.0f : -7.0f) << i;
}

TEST_P(OrderedProductTest, NaNAndInfinityReachTheirRowAlone) {
  constexpr std::size_t kM = 7, kN = 3, kK = 40;
  std::vector<float> a(kM * kK, 1.0f), c(kM * kN);
  const std::vector<float> b(kN * kK, 1.0f);
  a[2 * kK + 39] = std::numeric_limits<float>::quiet_NaN();
  a[5 * kK] = std::numeric_limits<float>::infinity();
  OrderedProductNT({kM, kN, kK}, a.data(), kK, b.data(), kK, nullptr, c.data(), kN, {.target = GetParam()});
  for (std::size_t i = 0; i < c.size(); ++i) {
    const std::size_t row = i / kN;
    EXPECT_EQ(std::isnan(c[i]), row == 2) << i;
    EXPECT_EQ(std::isinf(c[i]), row == 5) << i;
  }
}

}  // namespace
}  // namespace fallow::nn
