// Dropout as one writes it with Eigen: an array expression with its own random numbers, those of std::rand.
#include <benchmark/benchmark.h>

#include <Eigen/Core>
#include <string>

#include "bench/peers/peers.h"

namespace fallow::bench {
namespace {

constexpr std::size_t kSizes[] = {4096, 65536, 1 << 20, 64 << 20};

using Values = Eigen::ArrayXf;

// Random is uniform in [-1, 1].
Status Forward(const Case& c, Buffers& b, std::uint64_t /*iteration*/) {
  const auto n = static_cast<Eigen::Index>(c.n);
  const Eigen::Map<const Values> x(b.x_f32(), n);
  Eigen::Map<Values> y(b.y_f32(), n);
  const auto q = static_cast<float>(1 - c.rate.drop_probability());
  y = (Values::Random(n) < 2 * q - 1).select(x * (1 / q), 0.0f);
  return {};
}

// The product of a stored 0 or 1 an element: what z holds is no mask, but takes as long.
Status Backward(const Case& c, Buffers& b, std::uint64_t /*iteration*/) {
  const auto n = static_cast<Eigen::Index>(c.n);
  const Eigen::Map<const Values> dy(b.x_f32(), n);
  const Eigen::Map<const Values> mask(static_cast<const float*>(b.z().data()), n);
  Eigen::Map<Values>(b.y_f32(), n) = dy * mask * c.rate.scale();
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
    for (const char* rate : {"0.1", "0.5"}) {
      const Case c(n, alone, rate);
      RegisterPeerRow("Eigen", "DropoutForward", c, 8, Forward, IsSomeDropout);
      RegisterPeerRow("Eigen", "DropoutBackwardFromMask", c, 12, Backward);
    }
  }
}

}  // namespace fallow::bench
