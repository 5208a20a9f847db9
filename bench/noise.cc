// Rows of random numbers and of what adds or multiplies them.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "bench/check.h"
#include "bench/grid.h"
#include "bench/register.h"
#include "bench/row.h"
#include "fallow/concrete_dropout.h"
#include "fallow/gaussian.h"
#include "fallow/random.h"
#include "tests/support/fused_oracle.h"
#include "tests/support/noise_oracle.h"

namespace fallow::bench {
namespace {

constexpr double kStddev = 0.5;
constexpr ConcreteRate kConcrete = {0.1};

Status UniformWords(const Case& c, Buffers& b, std::uint64_t iteration) {
  return GenerateUniformBits(c.KeyOf(iteration), {reinterpret_cast<std::uint32_t*>(b.y_f32()), b.size()}, c.execution);
}

bool AreWords(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    const std::vector<std::uint32_t> words = oracle::Words(OracleKey(c, first), count);
    return std::equal(words.begin(), words.end(), reinterpret_cast<const std::uint32_t*>(b.y_f32()) + first);
  });
}

Status UniformNumbers(const Case& c, Buffers& b, std::uint64_t iteration) {
  return GenerateUniforms(c.KeyOf(iteration), b.y(), c.execution);
}

int UniformBitsOf(DType type) { return type == DType::kBF16 ? 7 : type == DType::kF16 ? 10 : 23; }

bool AreUniforms(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    std::vector<double> expected;
    for (const std::uint32_t word : oracle::Words(OracleKey(c, first), count)) {
      expected.push_back(oracle::Uniform(word, UniformBitsOf(c.type)));
    }
    return Near(b.y(), first, expected, 0);
  });
}

Status Normals(const Case& c, Buffers& b, std::uint64_t iteration) {
  return GenerateNormals(c.KeyOf(iteration), b.y(), c.execution);
}

std::vector<double> OracleNormals(const Case& c, std::size_t first, std::size_t count) {
  const std::vector<std::uint32_t> words = oracle::Words(OracleKey(c, first), count);
  std::vector<double> normals;
  for (std::size_t i = 0; i + 1 < count; i += 2) {
    const oracle::NormalPair pair = oracle::BoxMuller(words[i], words[i + 1]);
    normals.push_back(pair.first);
    normals.push_back(pair.second);
  }
  return normals;
}

// 3e-7 of a radius below 6.8.
constexpr double kNormalError = 2.1e-6;

bool AreNormals(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    return Near(b.y(), first, OracleNormals(c, first, count), kNormalError);
  });
}

// What one writes with the standard library alone.
Status StandardNormals(const Case& /*c*/, Buffers& b, std::uint64_t iteration) {
  std::mt19937 engine(static_cast<std::mt19937::result_type>(iteration));
  std::normal_distribution<float> normal;
  for (std::size_t i = 0; i < b.size(); ++i) b.y_f32()[i] = normal(engine);
  return {};
}

// Their mean square is 1, give or take six standard deviations.
bool AreSomeNormals(const Case& c, Buffers& b) {
  double sum = 0;
  for (std::size_t i = 0; i < c.n; ++i) sum += double{b.y_f32()[i]} * b.y_f32()[i];
  const auto n = static_cast<double>(c.n);
  return std::abs(sum / n - 1) <= 6 * std::sqrt(2 / n);
}

Status Noise(const Case& c, Buffers& b, std::uint64_t iteration) {
  return GaussianNoise(b.x(), kStddev, c.KeyOf(iteration), b.y(), c.execution);
}

bool IsNoise(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    std::vector<double> expected = Numbers(b.x(), first, count);
    const std::vector<double> z = OracleNormals(c, first, count);
    for (std::size_t i = 0; i < count; ++i) expected[i] += kStddev * z[i];
    return Near(b.y(), first, expected, kNormalError);
  });
}

Status Gaussian(const Case& c, Buffers& b, std::uint64_t iteration) {
  return GaussianDropoutForward(b.x(), c.rate, c.KeyOf(iteration), b.y(), c.execution);
}

Status GaussianBackward(const Case& c, Buffers& b, std::uint64_t iteration) {
  return GaussianDropoutBackward(b.x(), c.rate, c.KeyOf(iteration), b.y(), c.execution);
}

// Of |x| up to 5.
bool IsGaussian(const Case& c, Buffers& b) {
  const double p = c.p();
  const double stddev = std::sqrt(p / (1 - p));
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    std::vector<double> expected = Numbers(b.x(), first, count);
    const std::vector<double> z = OracleNormals(c, first, count);
    for (std::size_t i = 0; i < count; ++i) expected[i] *= 1 + stddev * z[i];
    return Near(b.y(), first, expected, 5 * kNormalError);
  });
}

Status Concrete(const Case& c, Buffers& b, std::uint64_t iteration) {
  return ConcreteDropoutForward(b.x(), kConcrete, c.KeyOf(iteration), b.y(), c.execution);
}

// The gradients of y are z.
Status ConcreteBackward(const Case& c, Buffers& b, std::uint64_t iteration) {
  double dp;
  return ConcreteDropoutBackward(b.x(), b.z(), kConcrete, c.KeyOf(iteration), b.y(), &dp, c.execution);
}

// of * (1 - z) / (1 - p), whose error the temperature of 0.1 multiplies by ten.
bool IsConcreteOf(const Case& c, const ConstArray& of, const ConstArray& y) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    std::vector<double> expected = Numbers(of, first, count);
    const std::vector<std::uint32_t> words = oracle::Words(OracleKey(c, first), count);
    for (std::size_t i = 0; i < count; ++i) {
      expected[i] *= oracle::ConcreteMask(kConcrete.p, kConcrete.temperature, words[i]) / (1 - kConcrete.p);
    }
    return Near(y, first, expected, 1e-4);
  });
}

bool IsConcrete(const Case& c, Buffers& b) { return IsConcreteOf(c, b.x(), b.y()); }
bool IsConcreteBackward(const Case& c, Buffers& b) { return IsConcreteOf(c, b.z(), b.y()); }

void RegisterTyped(const Case& c) {
  const auto size = static_cast<double>(SizeOf(c.type));
  RegisterRow("GenerateUniforms", c, size, UniformNumbers, AreUniforms);
  RegisterRow("GenerateNormals", c, size, Normals, AreNormals);
  RegisterRow("GaussianNoise", c, 2 * size, Noise, IsNoise);
  RegisterRow("ConcreteDropoutForward", c, 2 * size, Concrete, IsConcrete);
  RegisterRow("ConcreteDropoutBackward", c, 3 * size, ConcreteBackward, IsConcreteBackward);
}

}  // namespace

void RegisterNoise() {
  ForEachCase(kNoRate, kF32, [](const Case& c) {
    RegisterRow("GenerateUniformBits", c, 4, UniformWords, AreWords);
    const bool plain = c.execution.max_threads == 1 && c.execution.target == DefaultTarget();
    if (plain) RegisterRow("StdNormal", c, 4, StandardNormals, AreSomeNormals);
  });
  ForEachCase(kNoRate, kComputedInFloat, RegisterTyped);
  ForEachCase(kRates, kComputedInFloat, [](const Case& c) {
    const auto size = static_cast<double>(SizeOf(c.type));
    RegisterRow("GaussianDropoutForward", c, 2 * size, Gaussian, IsGaussian);
    RegisterRow("GaussianDropoutBackward", c, 2 * size, GaussianBackward, IsGaussian);
  });
}

}  // namespace fallow::bench
