// Rows of what dropout is measured against, on the same buffers.
#include <cstring>
#include <random>
#include <string>

#include "bench/check.h"
#include "bench/grid.h"
#include "bench/register.h"
#include "bench/roof.h"
#include "bench/row.h"
#include "bench/some_dropout.h"
#include "bench/yardsticks.h"

namespace fallow::bench {
namespace {

// y = a x, a = 1 in iteration 0.
bool IsCopy(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    return std::memcmp(b.y_f32() + first, b.x_f32() + first, count * sizeof(float)) == 0;
  });
}

// What one writes with the standard library alone.
Status StandardLibrary(const Case& c, Buffers& b, std::uint64_t iteration) {
  std::mt19937 engine(static_cast<std::mt19937::result_type>(iteration));
  const double q = 1.0 - c.p();
  std::bernoulli_distribution keep(q);
  const auto scale = static_cast<float>(1.0 / q);
  for (std::size_t i = 0; i < b.size(); ++i) b.y_f32()[i] = keep(engine) ? b.x_f32()[i] * scale : 0.0f;
  return {};
}

Status Xoshiro(const Case& c, Buffers& b, std::uint64_t iteration) {
  XoshiroDropout(c.execution.target, b.x_f32(), b.size(), static_cast<std::uint32_t>(c.rate.threshold()),
                 c.rate.scale(), static_cast<std::uint32_t>(iteration), b.y_f32());
  return {};
}

}  // namespace

void RegisterCopies(const Case& c) {
  RegisterRow("Memcpy", c, 8, MemcpyInParts, IsCopy);
  RegisterRow("StreamCopy", c, 8, StreamCopyInParts, IsCopy);
  RegisterRow("Scale", c, 8, ScaleInParts, IsCopy);
}

void RegisterYardsticks() {
  ForEachCase(kNoRate, kF32, RegisterCopies);
  ForEachCase(kRates, kF32, [](const Case& c) {
    if (c.execution.max_threads != 1) return;
    RegisterRow("Xoshiro128p", c, 8, Xoshiro, IsSomeDropout);
    if (c.execution.target == DefaultTarget()) RegisterRow("StdMt19937", c, 8, StandardLibrary, IsSomeDropout);
  });
}

}  // namespace fallow::bench
