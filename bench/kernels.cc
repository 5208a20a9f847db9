// Rows of the kernels and of their yardsticks.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <random>
#include <string>

#include "bench/buffers.h"
#include "bench/register.h"
#include "bench/yardsticks.h"
#include "fallow/dropout.h"
#include "kernels/parallel.h"

namespace fallow::bench {
namespace {

constexpr std::size_t kSizes[] = {4096, 65536, 1 << 20, 64 << 20};

struct Case {
  Rate rate;
  Rounds rounds;
  std::size_t n;
  Execution execution;
};

// A new key each iteration, so that no branch predictor learns a mask.
MaskKey NextKey(const Case& c, std::uint64_t iteration) { return {.seed = 1, .stream = iteration, .rounds = c.rounds}; }

// Compares with the scalar specification before anything is timed; returns whether all is well.
bool Verify(const Case& c, Buffers& b) {
  const MaskKey key = NextKey(c, 0);
  if (!DropoutForward(b.x(), {c.rate, key}, b.y(), c.execution).ok()) return false;
  const std::size_t stride = std::max<std::size_t>(1, c.n / 4096);
  for (std::size_t i = 0; i < c.n; i += stride) {
    const bool keep = MaskUniform(key, i) < c.rate.threshold();
    if (b.y()[i] != (keep ? b.x()[i] * c.rate.scale() : 0.0f)) return false;
  }
  return true;
}

using Operation = std::function<Status(const Case&, Buffers&, std::uint64_t iteration)>;

void Run(benchmark::State& state, const Case& c, double bytes_an_element, const Operation& operation) {
  Buffers& buffers = Buffers::OfSize(c.n);
  if (!Verify(c, buffers)) return state.SkipWithError("the result differs from the specification");
  std::uint64_t iteration = 0;
  for (auto _ : state) {
    if (!operation(c, buffers, ++iteration).ok()) return state.SkipWithError("the call failed");
    benchmark::ClobberMemory();
  }
  const auto elements = static_cast<double>(c.n) * static_cast<double>(state.iterations());
  state.SetItemsProcessed(static_cast<std::int64_t>(elements));
  state.SetBytesProcessed(static_cast<std::int64_t>(elements * bytes_an_element));
}

std::string RowName(const std::string& operation, const std::string& rate, const Case& c) {
  return operation + "/f32" + (rate.empty() ? "" : "/p=" + rate) + "/n=" + std::to_string(c.n) +
         "/t=" + std::to_string(c.execution.max_threads) + "/" + c.execution.target.name();
}

void Register(const std::string& name, const Case& c, double bytes_an_element, Operation operation) {
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
    Run(state, c, bytes_an_element, operation);
  })->UseRealTime();
}

// memcpy and its like on as many threads: each takes an equal part.
template <class Copy>
Status InParts(const Case& c, Buffers& b, const Copy& copy) {
  const auto parts = static_cast<std::size_t>(c.execution.max_threads);
  const std::size_t part = b.size() / parts;
  ParallelFor(parts, c.execution.max_threads,
              [&](std::size_t i) { copy(b.x().data() + i * part, part, b.y().data() + i * part); });
  return {};
}

void RegisterYardsticks(const Case& c) {
  Register(RowName("Memcpy", "", c), c, 8, [](const Case& k, Buffers& b, std::uint64_t) {
    return InParts(k, b, [](const float* x, std::size_t n, float* y) { std::memcpy(y, x, n * sizeof(float)); });
  });
  Register(RowName("StreamCopy", "", c), c, 8, [](const Case& k, Buffers& b, std::uint64_t) {
    return InParts(k, b, [&](const float* x, std::size_t n, float* y) { StreamCopy(k.execution.target, x, n, y); });
  });
  Register(RowName("Scale", "", c), c, 8, [](const Case& k, Buffers& b, std::uint64_t iteration) {
    return InParts(k, b, [&](const float* x, std::size_t n, float* y) {
      Scale(k.execution.target, x, n, 1.0f + static_cast<float>(iteration % 16), y);
    });
  });
}

// What one writes with the standard library alone.
Status StandardLibrary(const Case& c, Buffers& b, std::uint64_t iteration) {
  std::mt19937 engine(static_cast<std::mt19937::result_type>(iteration));
  std::bernoulli_distribution keep(1.0 - c.rate.drop_probability());
  const auto scale = static_cast<float>(1.0 / (1.0 - c.rate.drop_probability()));
  for (std::size_t i = 0; i < b.size(); ++i) b.y()[i] = keep(engine) ? b.x()[i] * scale : 0.0f;
  return {};
}

void RegisterRate(Case c, const std::string& rate) {
  const auto forward = [](const Case& k, Buffers& b, std::uint64_t i) {
    return DropoutForward(b.x(), {k.rate, NextKey(k, i)}, b.y(), k.execution);
  };
  Register(RowName("DropoutForward", rate, c), c, 8, forward);
  Register(RowName("DropoutForwardMaskBits", rate, c), c, 8.125, [](const Case& k, Buffers& b, std::uint64_t i) {
    return DropoutForwardStore(b.x(), {k.rate, NextKey(k, i)}, b.y(), MaskFormat::kBits, b.mask(), k.execution);
  });
  Register(RowName("DropoutBackwardFromKey", rate, c), c, 8, [](const Case& k, Buffers& b, std::uint64_t i) {
    return DropoutBackward(b.x(), {k.rate, NextKey(k, i)}, b.y(), k.execution);
  });
  Register(RowName("DropoutBackwardFromMask", rate, c), c, 8.125, [](const Case& k, Buffers& b, std::uint64_t) {
    return DropoutBackward(b.x(), {k.rate, b.mask(), MaskFormat::kBits}, b.y(), k.execution);
  });
  Register(RowName("GenerateMask", rate, c), c, 0.125, [](const Case& k, Buffers& b, std::uint64_t i) {
    return GenerateMask({k.rate, NextKey(k, i)}, k.n, MaskFormat::kBits, b.mask(), k.execution);
  });
  c.rounds = Rounds::k7;
  Register(RowName("DropoutForwardPhilox7", rate, c), c, 8, forward);
}

}  // namespace

void RegisterKernels() {
  for (const std::size_t n : kSizes) {
    for (const char* rate : {"0.1", "0.5"}) {
      const Case c{Rate(std::stod(rate)), Rounds::k10, n, {.max_threads = 1, .target = DefaultTarget()}};
      Register(RowName("StdMt19937", rate, c), c, 8, StandardLibrary);
    }
  }
  for (const std::size_t n : kSizes) {
    for (const int threads : {1, 2}) {
      for (const Target target : SupportedTargets()) {
        const Execution execution{.max_threads = threads, .target = target};
        RegisterYardsticks({Rate(0.5), Rounds::k10, n, execution});
        for (const char* rate : {"0.1", "0.5"}) {
          RegisterRate({Rate(std::stod(rate)), Rounds::k10, n, execution}, rate);
        }
      }
    }
  }
}

}  // namespace fallow::bench
