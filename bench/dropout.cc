// Rows of dropout itself, of every element type.
#include <string>

#include "bench/check.h"
#include "bench/grid.h"
#include "bench/register.h"
#include "bench/row.h"
#include "fallow/dropout.h"

namespace fallow::bench {
namespace {

// Of iteration 0's mask, or of a stored one.
template <class MaskIn>
bool IsDropoutBy(const Case& c, Buffers& b, const MaskIn& mask_in) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    const oracle::Elements expected = oracle::Dropout(test::ToOracle(c.type), Part(b.x(), first, count),
                                                      mask_in(first, count), oracle::TrainingFactor(c.p()));
    return Same(b.y(), first, expected);
  });
}

bool IsDropout(const Case& c, Buffers& b) {
  return IsDropoutBy(c, b, [&](std::size_t first, std::size_t count) { return OracleMask(c, first, count); });
}

bool IsDropoutByBits(const Case& c, Buffers& b) {
  return IsDropoutBy(c, b, [&](std::size_t first, std::size_t count) {
    std::vector<std::uint8_t> mask(count);
    for (std::size_t i = 0; i < count; ++i) mask[i] = b.mask()[(first + i) / 8] >> ((first + i) % 8) & 1;
    return mask;
  });
}

bool IsDropoutByBytes(const Case& c, Buffers& b) {
  return IsDropoutBy(c, b, [&](std::size_t first, std::size_t count) {
    const auto part = b.mask_bytes().subspan(first, count);
    return std::vector<std::uint8_t>(part.begin(), part.end());
  });
}

bool IsDropoutAndItsBits(const Case& c, Buffers& b) { return IsDropout(c, b) && IsDropoutByBits(c, b); }

// x * q.
bool IsInference(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    return Same(b.y(), first,
                oracle::Scaled(test::ToOracle(c.type), Part(b.x(), first, count), oracle::InferenceFactor(c.p())));
  });
}

Status Forward(const Case& c, Buffers& b, std::uint64_t iteration) {
  return DropoutForward(b.x(), c.MaskOf(iteration), b.y(), c.execution);
}

Status BackwardFromKey(const Case& c, Buffers& b, std::uint64_t iteration) {
  return DropoutBackward(b.x(), c.MaskOf(iteration), b.y(), c.execution);
}

Status BackwardFromMask(const Case& c, Buffers& b, std::uint64_t) {
  return DropoutBackward(b.x(), {c.rate, b.mask(), MaskFormat::kBits}, b.y(), c.execution);
}

Status BackwardFromMaskBytes(const Case& c, Buffers& b, std::uint64_t) {
  return DropoutBackward(b.x(), {c.rate, b.mask_bytes(), MaskFormat::kBytes}, b.y(), c.execution);
}

Status ForwardMaskBits(const Case& c, Buffers& b, std::uint64_t iteration) {
  return DropoutForwardStore(b.x(), c.MaskOf(iteration), b.y(), MaskFormat::kBits, b.mask(), c.execution);
}

Status Accumulate(const Case& c, Buffers& b, std::uint64_t iteration) {
  return DropoutAccumulate(b.x(), c.MaskOf(iteration), b.y(), c.execution);
}

Status Inference(const Case& c, Buffers& b, std::uint64_t) {
  const Rate classic(c.p(), Scaling::kAtInference);
  return DropoutInference(b.x(), classic, b.y(), c.execution);
}

void RegisterForwardAndBackward(Case c) {
  const auto size = static_cast<double>(SizeOf(c.type));
  RegisterRow("DropoutForward", c, 2 * size, Forward, IsDropout);
  RegisterRow("DropoutBackwardFromKey", c, 2 * size, BackwardFromKey, IsDropout);
  RegisterRow("DropoutBackwardFromMask", c, 2 * size + 0.125, BackwardFromMask, IsDropoutByBits);
  c.rounds = Rounds::k7;
  RegisterRow("DropoutForwardPhilox7", c, 2 * size, Forward, IsDropout);
}

void RegisterOthers(const Case& c) {
  const auto size = static_cast<double>(SizeOf(c.type));
  RegisterRow("DropoutForwardMaskBits", c, 2 * size + 0.125, ForwardMaskBits, IsDropoutAndItsBits);
  RegisterRow("DropoutBackwardFromMaskBytes", c, 2 * size + 1, BackwardFromMaskBytes, IsDropoutByBytes);
  RegisterRow("DropoutAccumulate", c, 3 * size, Accumulate, IsDropout);  // To zeros.
  RegisterRow("DropoutInference", c, 2 * size, Inference, IsInference);
}

// What a call costs, where the curves over n bend, and where over p.
void RegisterCurves() {
  for (const int threads : ThreadCounts()) {
    const Execution execution{.max_threads = threads, .target = DefaultTarget()};
    for (const std::size_t n : {64, 1024, 16384, 131072, 262144, 4 << 20, 16 << 20}) {
      for (const char* rate : kRates) RegisterForwardAndBackward({n, execution, rate});
      if (n >= 1024) RegisterCopies({n, execution, ""});
    }
  }
  const Execution alone{.max_threads = 1, .target = DefaultTarget()};
  for (const char* rate : {"0", "0.01", "0.05", "0.2", "0.25", "0.3", "0.4", "0.75", "0.9", "0.99"}) {
    RegisterForwardAndBackward({65536, alone, rate});
  }
}

}  // namespace

void RegisterDropout() {
  ForEachCase(kRates, kAllTypes, RegisterForwardAndBackward);
  ForEachCase(kRates, kAllTypes, RegisterOthers);
  RegisterCurves();
}

}  // namespace fallow::bench
