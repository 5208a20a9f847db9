// Rows of dropout itself, and of what it is measured against.
#include <cstring>
#include <random>
#include <string>

#include "bench/register.h"
#include "bench/row.h"
#include "bench/yardsticks.h"
#include "fallow/dropout.h"
#include "kernels/parallel.h"

namespace fallow::bench {
namespace {

// L1, L2, L2 of two threads, L3, DRAM.
constexpr std::size_t kSizes[] = {4096, 65536, 131072, 1 << 20, 64 << 20};

// Of f32: some thousand elements against the scalar specification.
bool IsDropout(const Case& c, Buffers& b) {
  const Rate& rate = c.rate;
  const MaskKey key = c.MaskOf(0).key();
  const std::size_t stride = c.n / 4096 + 1;
  for (std::size_t i = 0; i < c.n; i += stride) {
    const bool keep = MaskUniform(key, i) < rate.threshold();
    if (b.y_f32()[i] != (keep ? b.x_f32()[i] * rate.scale() : 0.0f)) return false;
  }
  return true;
}

// memcpy and its like on as many threads: each takes an equal part.
template <class Copy>
Status InParts(const Case& c, Buffers& b, const Copy& copy) {
  const auto parts = static_cast<std::size_t>(c.execution.max_threads);
  const std::size_t part = b.size() / parts;
  ParallelFor(parts, c.execution.max_threads,
              [&](std::size_t i) { copy(b.x_f32() + i * part, part, b.y_f32() + i * part); });
  return {};
}

void RegisterYardsticks(const Case& c) {
  RegisterRow("Memcpy", c, 8, [](const Case& k, Buffers& b, std::uint64_t) {
    return InParts(k, b, [](const float* x, std::size_t n, float* y) { std::memcpy(y, x, n * sizeof(float)); });
  });
  RegisterRow("StreamCopy", c, 8, [](const Case& k, Buffers& b, std::uint64_t) {
    return InParts(k, b, [&](const float* x, std::size_t n, float* y) { StreamCopy(k.execution.target, x, n, y); });
  });
  RegisterRow("Scale", c, 8, [](const Case& k, Buffers& b, std::uint64_t iteration) {
    return InParts(k, b, [&](const float* x, std::size_t n, float* y) {
      ScaleBy(k.execution.target, x, n, 1.0f + static_cast<float>(iteration % 16), y);
    });
  });
}

// What one writes with the standard library alone.
Status StandardLibrary(const Case& c, Buffers& b, std::uint64_t iteration) {
  std::mt19937 engine(static_cast<std::mt19937::result_type>(iteration));
  const double q = 1.0 - c.rate.drop_probability();
  std::bernoulli_distribution keep(q);
  const auto scale = static_cast<float>(1.0 / q);
  for (std::size_t i = 0; i < b.size(); ++i) b.y_f32()[i] = keep(engine) ? b.x_f32()[i] * scale : 0.0f;
  return {};
}

Status Forward(const Case& c, Buffers& b, std::uint64_t iteration) {
  return DropoutForward(b.x(), c.MaskOf(iteration), b.y(), c.execution);
}

Status Xoshiro(const Case& c, Buffers& b, std::uint64_t iteration) {
  XoshiroDropout(c.execution.target, b.x_f32(), b.size(), static_cast<std::uint32_t>(c.rate.threshold()),
                 c.rate.scale(), static_cast<std::uint32_t>(iteration), b.y_f32());
  return {};
}

// Rows that every type has.
void RegisterTyped(const Case& c) {
  const auto size = static_cast<double>(SizeOf(c.type));
  RegisterRow("DropoutForward", c, 2 * size, Forward, c.type == DType::kF32 ? IsDropout : Verify());
  RegisterRow("DropoutBackwardFromMask", c, 2 * size + 0.125, [](const Case& k, Buffers& b, std::uint64_t) {
    return DropoutBackward(b.x(), {k.rate, b.mask(), MaskFormat::kBits}, b.y(), k.execution);
  });
}

void RegisterF32(Case c) {
  RegisterRow(
      "DropoutBackwardFromKey", c, 8,
      [](const Case& k, Buffers& b, std::uint64_t iteration) {
        return DropoutBackward(b.x(), k.MaskOf(iteration), b.y(), k.execution);
      },
      IsDropout);
  RegisterRow(
      "DropoutForwardMaskBits", c, 8.125,
      [](const Case& k, Buffers& b, std::uint64_t iteration) {
        return DropoutForwardStore(b.x(), k.MaskOf(iteration), b.y(), MaskFormat::kBits, b.mask(), k.execution);
      },
      IsDropout);
  RegisterRow("DropoutAccumulate", c, 12, [](const Case& k, Buffers& b, std::uint64_t iteration) {
    return DropoutAccumulate(b.x(), k.MaskOf(iteration), b.y(), k.execution);
  });
  RegisterRow("GenerateMask", c, 0.125, [](const Case& k, Buffers& b, std::uint64_t iteration) {
    return GenerateMask(k.MaskOf(iteration), k.n, MaskFormat::kBits, b.mask(), k.execution);
  });
  if (c.execution.max_threads == 1) RegisterRow("Xoshiro128p", c, 8, Xoshiro);
  c.rounds = Rounds::k7;
  RegisterRow("DropoutForwardPhilox7", c, 8, Forward, IsDropout);
}

}  // namespace

void RegisterKernels() {
  const Execution alone{.max_threads = 1, .target = DefaultTarget()};
  for (const char* rate : {"0.1", "0.5"}) {
    for (const std::size_t n : kSizes) RegisterRow("StdMt19937", {n, alone, rate}, 8, StandardLibrary);
    RegisterTyped({64, alone, rate});  // What a call costs.
  }
  for (const std::size_t n : kSizes) {
    for (const int threads : {1, 2}) {
      for (const Target target : SupportedTargets()) {
        const Execution execution{.max_threads = threads, .target = target};
        RegisterYardsticks({n, execution, ""});
        for (const char* rate : {"0.1", "0.5"}) {
          RegisterF32({n, execution, rate});
          for (const DType type : {DType::kF32, DType::kBF16, DType::kF16, DType::kF64}) {
            RegisterTyped({n, execution, rate, type});
          }
        }
      }
    }
  }
}

}  // namespace fallow::bench
