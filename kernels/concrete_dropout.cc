#include "fallow/concrete_dropout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numbers>
#include <numeric>

#include "kernels/call.h"
#include "kernels/checks.h"
#include "kernels/chunks.h"
#include "kernels/keyed_mask.h"
#include "kernels/noise.h"
#include "kernels/noise_kernels.h"

namespace fallow {
namespace {

Status CheckRate(const ConcreteRate& rate) {
  if (!(rate.p > 0.0 && rate.p < 1.0)) return Status::Invalid("rate", rate.p, "p between 0 and 1");
  if (rate.temperature >= 1e-3 && rate.temperature <= 1e3) return {};
  return Status::Invalid("rate", rate.temperature, "a temperature in [0.001, 1000]");
}

Status CheckInput(const char* argument, const ConstArray& x, const MaskKey& key) {
  if (const Status status = CheckArray(argument, x); !status.ok()) return status;
  return FirstError(CheckComputedInFloat(argument, x), CheckKey("key", key, x.size()));
}

Status CheckBackward(const ConstArray& x, const ConstArray& dy, const ConcreteRate& rate, const MaskKey& key,
                     const ConstArray& dx) {
  if (const Status status = FirstError(CheckRate(rate), CheckInput("x", x, key)); !status.ok()) return status;
  if (const Status status = CheckArray("dy", dy); !status.ok()) return status;
  if (const Status status = CheckLike("dy", dy, x); !status.ok()) return status;
  return FirstError(CheckOutput("dx", dy, dx), CheckOutput("dx", x, dx));
}

// exp((logit p + logit u) / temperature) as a power of 2.
ConcretePlan PlanOf(const ConcreteRate& rate) {
  const double log2_odds = std::log2(rate.p) - std::log1p(-rate.p) * std::numbers::log2e;
  return {static_cast<float>(std::numbers::log2e / rate.temperature), static_cast<float>(log2_odds / rate.temperature),
          static_cast<float>(1.0 / (1.0 - rate.p))};
}

struct Sums {
  double kept = 0;
  double dropped = 0;
};

Sums SumOfLanes(const ConcreteSums& sums) {
  return {std::accumulate(std::begin(sums.kept), std::end(sums.kept), 0.0),
          std::accumulate(std::begin(sums.dropped), std::end(sums.dropped), 0.0)};
}

// At most kMaxPieces, whose sums are on the stack. As pieces are summed on their own, no sum depends on threads.
constexpr std::size_t kMaxPieces = 512;

std::size_t PieceElements(std::size_t count) {
  const std::size_t tasks = count / kTaskElements + 1;
  return (tasks / kMaxPieces + 1) * kTaskElements;
}

// Calls sum(first, n) for pieces of [0, count), and returns the sum of what they return.
template <class SumPiece>
Sums SumPieces(std::size_t count, const Call& call, const SumPiece& sum) {
  const std::size_t elements = PieceElements(count);
  const std::size_t pieces = count / elements + (count % elements != 0);
  std::array<Sums, kMaxPieces> of_pieces;
  ParallelFor(pieces, call, [&](std::size_t piece) {
    const std::size_t first = piece * elements;
    of_pieces[piece] = sum(first, std::min(elements, count - first));
  });
  Sums all;
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    all.kept += of_pieces[piece].kept;
    all.dropped += of_pieces[piece].dropped;
  }
  return all;
}

// With m = 1 - z: dy/dp = x m (1 - z / (temperature p)) / (1 - p)^2.
double Gradient(const ConcreteRate& rate, const Sums& sums) {
  const double q = 1.0 - rate.p;
  return (sums.kept - sums.dropped / (rate.temperature * rate.p)) / (q * q);
}

}  // namespace

Status ConcreteDropoutForward(ConstArray x, const ConcreteRate& rate, const MaskKey& key, Array y,
                              const Execution& execution) noexcept {
  const Call call(__func__, x, execution);
  if (const Status status = FirstError(CheckRate(rate), CheckInput("x", x, key)); !status.ok()) return status;
  if (const Status status = CheckOutput("y", x, y); !status.ok()) return status;
  const NoiseKernels& kernels = NoiseKernelsFor(x.type(), call.target());
  const ConcretePlan plan = PlanOf(rate);
  Noise(key, call.target())
      .ForEach(
          call,
          [&](const NoiseWords& words, std::size_t n, const void* from, void* to) {
            kernels.concrete(words, n, from, plan, to);
          },
          x, y);
  return call.Done();
}

Status ConcreteDropoutBackward(ConstArray x, ConstArray dy, const ConcreteRate& rate, const MaskKey& key, Array dx,
                               double* dp, const Execution& execution) noexcept {
  const Call call(__func__, x, execution);
  if (const Status status = CheckBackward(x, dy, rate, key, dx); !status.ok()) return status;
  if (dp == nullptr) return Status::Invalid("dp", 0, "an address that is not null");
  const NoiseKernels& kernels = NoiseKernelsFor(x.type(), call.target());
  const ConcretePlan plan = PlanOf(rate);
  const Noise noise(key, call.target());
  const Sums sums = SumPieces(x.size(), call, [&](std::size_t first, std::size_t count) {
    ConcreteSums of_lanes;
    const auto part = [&](const NoiseWords& words, std::size_t n, const void* from, const void* gradient, void* to) {
      kernels.concrete_backward(words, n, from, gradient, plan, to, of_lanes);
    };
    noise.ForEachIn(call, first, count, part, x, dy, dx);
    return SumOfLanes(of_lanes);
  });
  *dp = Gradient(rate, sums);
  return call.Done();
}

}  // namespace fallow
