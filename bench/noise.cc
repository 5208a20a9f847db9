// Rows of random numbers and of what adds or multiplies them.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>

#include "bench/register.h"
#include "bench/row.h"
#include "fallow/concrete_dropout.h"
#include "fallow/gaussian.h"
#include "fallow/random.h"

namespace fallow::bench {
namespace {

constexpr std::size_t kSizes[] = {4096, 65536, 64 << 20};
constexpr ConcreteRate kConcrete = {0.1};

MaskKey KeyOf(std::uint64_t iteration) { return {.seed = 1, .stream = iteration}; }

Status UniformWords(const Case& c, Buffers& b, std::uint64_t iteration) {
  return GenerateUniformBits(KeyOf(iteration), {reinterpret_cast<std::uint32_t*>(b.y_f32()), b.size()}, c.execution);
}

// What one writes with the standard library alone.
Status StandardNormals(const Case& /*c*/, Buffers& b, std::uint64_t iteration) {
  std::mt19937 engine(static_cast<std::mt19937::result_type>(iteration));
  std::normal_distribution<float> normal;
  for (std::size_t i = 0; i < b.size(); ++i) b.y_f32()[i] = normal(engine);
  return {};
}

// Of f32: Gaussian dropout of any x by the normals that GenerateNormals writes, which tests hold to their formula.
bool IsGaussianDropout(const Case& c, Buffers& b) {
  const double p = c.rate.drop_probability();
  const auto stddev = static_cast<float>(std::sqrt(p / (1 - p)));
  for (std::size_t i = 0; i < c.n; i += c.n / 64) {
    MaskKey key = KeyOf(0);
    key.first_element = i;
    float z;
    if (!GenerateNormals(key, Array(&z, 1)).ok()) return false;
    if (b.y_f32()[i] != b.x_f32()[i] * (1.0f + stddev * z)) return false;
  }
  return true;
}

void RegisterTyped(const Case& c) {
  const auto size = static_cast<double>(SizeOf(c.type));
  RegisterRow("GenerateUniforms", c, size, [](const Case& k, Buffers& b, std::uint64_t iteration) {
    return GenerateUniforms(KeyOf(iteration), b.y(), k.execution);
  });
  RegisterRow("GenerateNormals", c, size, [](const Case& k, Buffers& b, std::uint64_t iteration) {
    return GenerateNormals(KeyOf(iteration), b.y(), k.execution);
  });
  RegisterRow("GaussianNoise", c, 2 * size, [](const Case& k, Buffers& b, std::uint64_t iteration) {
    return GaussianNoise(b.x(), 0.5, KeyOf(iteration), b.y(), k.execution);
  });
  RegisterRow("ConcreteDropoutForward", c, 2 * size, [](const Case& k, Buffers& b, std::uint64_t iteration) {
    return ConcreteDropoutForward(b.x(), kConcrete, KeyOf(iteration), b.y(), k.execution);
  });
  RegisterRow("ConcreteDropoutBackward", c, 3 * size, [](const Case& k, Buffers& b, std::uint64_t iteration) {
    double dp;
    return ConcreteDropoutBackward(b.x(), b.z(), kConcrete, KeyOf(iteration), b.y(), &dp, k.execution);
  });
}

void RegisterGaussianDropout(const Case& c) {
  RegisterRow(
      "GaussianDropout", c, 2.0 * static_cast<double>(SizeOf(c.type)),
      [](const Case& k, Buffers& b, std::uint64_t iteration) {
        return GaussianDropoutForward(b.x(), k.rate, KeyOf(iteration), b.y(), k.execution);
      },
      c.type == DType::kF32 ? IsGaussianDropout : Verify());
}

}  // namespace

void RegisterNoise() {
  for (const std::size_t n : kSizes) {
    RegisterRow("StdNormal", {n, {.max_threads = 1, .target = DefaultTarget()}, ""}, 4, StandardNormals);
    for (const int threads : {1, 2}) {
      for (const Target target : SupportedTargets()) {
        const Execution execution{.max_threads = threads, .target = target};
        RegisterRow("GenerateUniformBits", {n, execution, ""}, 4, UniformWords);
        for (const DType type : {DType::kF32, DType::kBF16, DType::kF16}) {
          RegisterTyped({n, execution, "", type});
          RegisterGaussianDropout({n, execution, "0.1", type});
        }
      }
    }
  }
}

}  // namespace fallow::bench
