// The matrix products, and that any number of threads may ask for them at once.
#include "runtime/blas.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "fallow/nn/blas.h"
#include "tests/runtime/tensors.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

constexpr GemmSize kSizes[] = {{1, 1, 1}, {1, 40, 33}, {3, 5, 7}, {17, 1, 9}, {64, 130, 50}};

// c[i][j] = sum over p of a(i, p) * b(p, j), rows of c `ldc` apart.
void ExpectProduct(GemmSize size, const Tensor& c, auto a, auto b) {
  for (std::size_t i = 0; i < size.m; ++i) {
    for (std::size_t j = 0; j < size.n; ++j) {
      double sum = 0;
      for (std::size_t p = 0; p < size.k; ++p) sum += double{a(i, p)} * double{b(p, j)};
      ASSERT_NEAR(c.row(i)[j], sum, 1e-4) << i << ' ' << j;
    }
  }
}

TEST(BlasTest, EqualsTheFormulas) {
  for (const GemmSize size : kSizes) {
    const auto [m, n, k] = size;
    // Rows further apart than they are long.
    const Tensor mk = RandomTensor(m, {k + 2}, 1), km = RandomTensor(k, {m + 2}, 2);
    const Tensor kn = RandomTensor(k, {n + 3}, 3), nk = RandomTensor(n, {k + 3}, 4);
    Tensor c(m, {n + 1});
    GemmNT(size, mk.data(), k + 2, nk.data(), k + 3, c.data(), n + 1);
    ExpectProduct(
        size, c, [&](auto i, auto p) { return mk.row(i)[p]; }, [&](auto p, auto j) { return nk.row(j)[p]; });
    GemmNN(size, mk.data(), k + 2, kn.data(), n + 3, c.data(), n + 1);
    ExpectProduct(
        size, c, [&](auto i, auto p) { return mk.row(i)[p]; }, [&](auto p, auto j) { return kn.row(p)[j]; });
    GemmTN(size, km.data(), m + 2, kn.data(), n + 3, c.data(), n + 1);
    ExpectProduct(
        size, c, [&](auto i, auto p) { return km.row(p)[i]; }, [&](auto p, auto j) { return kn.row(p)[j]; });
    for (std::size_t i = 0; i < m; ++i) EXPECT_EQ(c.row(i)[n], 0.0f);
  }
}

// Without the lock of runtime/openblas.cc and with two cores free, Debian's serial OpenBLAS gets some of these 10,000
// products wrong: they are short, and take scratch memory all the time.
TEST(BlasTest, ManyThreadsAtOnce) {
  constexpr GemmSize kSize{600, 2, 1000};
  const Tensor a = RandomTensor(kSize.k, {kSize.m}, 1), b = RandomTensor(kSize.k, {kSize.n}, 2);
  const auto multiply = [&](Tensor& c) { GemmTN(kSize, a.data(), kSize.m, b.data(), kSize.n, c.data(), kSize.n); };
  Tensor expected(kSize.m, {kSize.n});
  multiply(expected);

  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      Tensor c(kSize.m, {kSize.n});
      for (int i = 0; i < 2500; ++i) {
        multiply(c);
        wrong += !test::SameBits(expected.values(), c.values());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(BlasTest, HasAName) { EXPECT_GE(std::string(BlasName()).size(), 8u) << BlasName(); }

}  // namespace
}  // namespace fallow::nn
