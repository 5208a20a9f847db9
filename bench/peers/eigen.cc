// Dropout as one writes it with Eigen: an array expression with its own random numbers, those of std::rand.
#include <benchmark/benchmark.h>

#include <Eigen/Core>
#include <string>

#include "bench/grid.h"
#include "bench/peers/peers.h"
#include "bench/some_dropout.h"

namespace fallow::bench {
namespace {

using Values = Eigen::ArrayXf;

// Random is uniform in [-1, 1].
Status Forward(const Case& c, Buffers& b, std::uint64_t /*iteration*/) {
  const auto n = static_cast<Eigen::Index>(c.n);
  const Eigen::Map<const Values> x(b.x_f32(), n);
  Eigen::Map<Values> y(b.y_f32(), n);
  const auto q = static_cast<float>(1 - c.p());
  y = (Values::Random(n) < 2 * q - 1).select(x * (1 / q), 0.0f);
  return {};
}

// Noise of 0 and scale, drawn before the timing starts.
Status Backward(const Case& c, Buffers& b, std::uint64_t iteration) {
  const auto n = static_cast<Eigen::Index>(c.n);
  const Eigen::Map<const Values> dy(b.x_f32(), n);
  Eigen::Map<Values> noise(static_cast<float*>(b.z().data()), n);
  const auto q = static_cast<float>(1 - c.p());
  if (iteration == 0) noise = (Values::Random(n) < 2 * q - 1).cast<float>() * (1 / q);
  Eigen::Map<Values>(b.y_f32(), n) = dy * noise;
  return {};
}

std::string Version() {
  return std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
         std::to_string(EIGEN_MINOR_VERSION);
}

}  // namespace

void RegisterEigen() {
  benchmark::AddCustomContext("peer_Eigen", Version());
  const Execution alone{.max_threads = 1};
  for (const std::size_t n : kSizes) {
    for (const char* rate : kRates) {
      const Case c(n, alone, rate);
      RegisterPeerRow("Eigen", "DropoutForward", c, 8, Forward, IsSomeDropout);
      RegisterPeerRow("Eigen", "DropoutBackwardFromNoise", c, 12, Backward, IsSomeDropout);
    }
  }
}

}  // namespace fallow::bench
