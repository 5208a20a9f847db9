// The gradients that the tests of row operations take from the oracle are the derivatives of its forward passes.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

#include "tests/support/number_rows.h"
#include "tests/support/oracle.h"
#include "tests/support/rows_oracle.h"

namespace fallow {
namespace {

using oracle::Doubles;

Doubles Random(std::size_t count, std::uint64_t seed) {
  return test::RandomNumbers(oracle::Type::kF32, count, 2.0, seed);
}

double Dot(const Doubles& a, const Doubles& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// `function` maps x to an output, of which `weights` make one number. Central differences.
void ExpectGradient(const std::function<Doubles(const Doubles&)>& function, const Doubles& x, const Doubles& weights,
                    const Doubles& gradient) {
  constexpr double kStep = 1e-5;
  for (std::size_t i = 0; i < x.size(); ++i) {
    Doubles up = x;
    Doubles down = x;
    up[i] += kStep;
    down[i] -= kStep;
    const double difference = (Dot(function(up), weights) - Dot(function(down), weights)) / (2.0 * kStep);
    ASSERT_NEAR(difference, gradient[i], 1e-8 * (1.0 + std::abs(gradient[i]))) << i;
  }
}

// Logits are rounded to float, so the differences are those of the softmax behind them.
TEST(RowGradientsTest, SoftmaxDropout) {
  oracle::SoftmaxShape shape = {.rows = 6, .cols = 9, .scale = 1.0f, .queries = 3, .first_query = 6};
  shape.attended.assign(18, 1);
  shape.attended[4] = 0;
  const Doubles logits = oracle::Logits(shape, Random(54, 1));
  const Doubles dy = Random(54, 2);
  const auto kept = oracle::MaskBytes(0.3, {.seed = 3}, 54);
  const double scale = oracle::Scale(0.3);
  const auto forward = [&](const Doubles& s) { return oracle::Dropped(oracle::Softmax(shape, s), kept, scale); };
  const Doubles p = oracle::Softmax(shape, logits);
  ExpectGradient(forward, logits, dy, oracle::SoftmaxDropoutGradient(shape, p, dy, kept, scale));
  shape.scale = 2.0f;  // Of a product, by the chain rule.
  const auto scaled = [&](const Doubles& x) {
    Doubles s = x;
    for (std::size_t i = 0; i < s.size(); ++i) s[i] = 2.0 * x[i];
    return forward(s);
  };
  Doubles halves = logits;
  for (double& v : halves) v /= 2.0;
  ExpectGradient(scaled, halves, dy, oracle::SoftmaxDropoutGradient(shape, p, dy, kept, scale));
}

TEST(RowGradientsTest, Norms) {
  for (const bool centred : {true, false}) {
    const oracle::NormShape shape = {.rows = 4, .cols = 7, .eps = 0.01, .centred = centred};
    const Doubles z = Random(28, 1);
    const Doubles dy = Random(28, 2);
    const Doubles gamma = Random(7, 3);
    const Doubles beta = Random(7, 4);
    const auto forward = [&](const Doubles& values, const Doubles& g, const Doubles& b) {
      return oracle::Affine(shape, oracle::Normalised(shape, values).normal, g, b);
    };
    const oracle::NormGradients gradients = oracle::NormGradient(shape, z, gamma, dy);
    ExpectGradient([&](const Doubles& v) { return forward(v, gamma, beta); }, z, dy, gradients.dz);
    ExpectGradient([&](const Doubles& v) { return forward(z, v, beta); }, gamma, dy, gradients.dgamma);
    if (centred) ExpectGradient([&](const Doubles& v) { return forward(z, gamma, v); }, beta, dy, gradients.dbeta);
  }
}

}  // namespace
}  // namespace fallow
