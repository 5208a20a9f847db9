// Rows of masks: generated, counted, drawn over smaller shapes, from a key a row, and of other frameworks' streams.
#include <string>
#include <vector>

#include "bench/check.h"
#include "bench/grid.h"
#include "bench/register.h"
#include "bench/row.h"
#include "fallow/dropout.h"
#include "tests/support/word_oracle.h"

namespace fallow::bench {
namespace {

Status Bits(const Case& c, Buffers& b, std::uint64_t iteration) {
  return GenerateMask(c.MaskOf(iteration), c.n, MaskFormat::kBits, b.mask(), c.execution);
}

Status Bytes(const Case& c, Buffers& b, std::uint64_t iteration) {
  return GenerateMask(c.MaskOf(iteration), c.n, MaskFormat::kBytes, b.mask_bytes(), c.execution);
}

// Into y, which is written so that the compiler cannot leave it out.
Status Count(const Case& c, Buffers& b, std::uint64_t) {
  std::size_t kept;
  const Status status = CountKept({c.rate, b.mask(), MaskFormat::kBits}, c.n, &kept, c.execution);
  b.y_f32()[0] = static_cast<float>(kept);
  return status;
}

bool AreBits(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    const std::vector<std::uint8_t> expected = oracle::PackBits(OracleMask(c, first, count));
    return std::equal(expected.begin(), expected.end(), b.mask().begin() + static_cast<std::ptrdiff_t>(first / 8));
  });
}

bool AreBytes(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    const std::vector<std::uint8_t> expected = OracleMask(c, first, count);
    return std::equal(expected.begin(), expected.end(), b.mask_bytes().begin() + static_cast<std::ptrdiff_t>(first));
  });
}

bool IsCount(const Case&, Buffers& b) {
  std::size_t kept = 0;
  for (const std::uint8_t byte : b.mask()) {
    for (int bit = 0; bit < 8; ++bit) kept += byte >> bit & 1;
  }
  return b.y_f32()[0] == static_cast<float>(kept);
}

// keep[first + i] of an array as one byte each.
using MaskIn = std::vector<std::uint8_t> (*)(const Case& c, std::size_t first, std::size_t count);

template <MaskIn kMaskIn>
bool IsDropoutBy(const Case& c, Buffers& b) {
  return InWindows(c.n, [&](std::size_t first, std::size_t count) {
    return Same(b.y(), first,
                oracle::Dropout(test::ToOracle(c.type), Part(b.x(), first, count), kMaskIn(c, first, count),
                                oracle::TrainingFactor(c.p())));
  });
}

// Feature maps of 16 x 16, channels first: one decision a map.
constexpr std::size_t kPositions = 256;

Status Spatial(const Case& c, Buffers& b, std::uint64_t iteration) {
  const Mask mask = c.MaskOf(iteration).Over(Broadcast::Rows(c.n / kPositions, kPositions));
  return DropoutForward(b.x(), mask, b.y(), c.execution);
}

std::vector<std::uint8_t> SpatialMask(const Case& c, std::size_t first, std::size_t count) {
  std::vector<std::uint8_t> mask(count);
  for (std::size_t i = 0; i < count; ++i) mask[i] = OracleMask(c, (first + i) / kPositions, 1)[0];
  return mask;
}

// Sequences of 16 steps of 64 features that all lose the same features.
constexpr std::size_t kSteps = 16, kFeatures = 64;

Status Locked(const Case& c, Buffers& b, std::uint64_t iteration) {
  const Broadcast broadcast = Broadcast::ChannelsLast(c.n / (kSteps * kFeatures), kSteps, kFeatures);
  return DropoutForward(b.x(), c.MaskOf(iteration).Over(broadcast), b.y(), c.execution);
}

std::vector<std::uint8_t> LockedMask(const Case& c, std::size_t first, std::size_t count) {
  std::vector<std::uint8_t> mask(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t element = first + i;
    mask[i] = OracleMask(c, element / (kSteps * kFeatures) * kFeatures + element % kFeatures, 1)[0];
  }
  return mask;
}

// Rows of 1,024 elements, each with a key of its own, as requests in a batch.
constexpr std::size_t kRow = 1024;

Status RowKeys(const Case& c, Buffers& b, std::uint64_t iteration) {
  static std::vector<MaskKey> keys;
  keys.resize(c.n / kRow);
  for (std::size_t row = 0; row < keys.size(); ++row) keys[row] = c.KeyOf(iteration + row);
  return DropoutForward(b.x(), Mask(c.rate, keys), b.y(), c.execution);
}

std::vector<std::uint8_t> RowKeysMask(const Case& c, std::size_t first, std::size_t count) {
  const MaskKey key = c.KeyOf(first / kRow);
  return oracle::MaskBytes(c.p(), {.seed = key.seed, .stream = key.stream, .first_element = first % kRow}, count);
}

Status Forward(const Case& c, Buffers& b, std::uint64_t iteration) {
  return DropoutForward(b.x(), c.MaskOf(iteration), b.y(), c.execution);
}

template <class Keeps>
std::vector<std::uint8_t> MaskOfWords(std::size_t first, std::size_t count, const Keeps& keeps) {
  std::vector<std::uint8_t> mask(count);
  for (std::size_t i = 0; i < count; ++i) mask[i] = keeps(first + i);
  return mask;
}

std::vector<std::uint8_t> CurandMask(const Case& c, std::size_t first, std::size_t count) {
  const MaskKey key = c.KeyOf(0);
  return MaskOfWords(first, count, [&](std::size_t i) {
    return oracle::CurandKeeps(oracle::CurandWord(key.seed, key.stream, i), c.p());
  });
}

std::vector<std::uint8_t> OneDnnMask(const Case& c, std::size_t first, std::size_t count) {
  const MaskKey key = c.KeyOf(0);
  return MaskOfWords(first, count, [&](std::size_t i) {
    return oracle::OneDnnKeeps(oracle::OneDnnWord(key.seed, key.stream, i), c.p());
  });
}

// JAX's keys are a seed alone.
Status ForwardJax(const Case& c, Buffers& b, std::uint64_t iteration) {
  MaskKey key = c.KeyOf(iteration);
  key.stream = 0;
  return DropoutForward(b.x(), {c.rate, key}, b.y(), c.execution);
}

std::vector<std::uint8_t> JaxMask(const Case& c, std::size_t first, std::size_t count) {
  const MaskKey key = c.KeyOf(0);
  return MaskOfWords(first, count,
                     [&](std::size_t i) { return oracle::JaxKeeps(oracle::JaxWord(key.seed, i), c.p()); });
}

void RegisterCase(Case c) {
  RegisterRow("GenerateMask", c, 0.125, Bits, AreBits);
  RegisterRow("GenerateMaskBytes", c, 1, Bytes, AreBytes);
  RegisterRow("DropoutForwardSpatial", c, 8, Spatial, IsDropoutBy<SpatialMask>);
  RegisterRow("DropoutForwardLocked", c, 8, Locked, IsDropoutBy<LockedMask>);
  RegisterRow("DropoutForwardRowKeys", c, 8, RowKeys, IsDropoutBy<RowKeysMask>);
  c.layout = MaskStream::kCurand;
  RegisterRow("DropoutForwardCurand", c, 8, Forward, IsDropoutBy<CurandMask>);
  c.layout = MaskStream::kOneDnn;
  RegisterRow("DropoutForwardOneDnn", c, 8, Forward, IsDropoutBy<OneDnnMask>);
  c.layout = MaskStream::kJaxThreefry;
  RegisterRow("DropoutForwardJax", c, 8, ForwardJax, IsDropoutBy<JaxMask>);
}

}  // namespace

void RegisterMasks() {
  ForEachCase(kRates, kF32, RegisterCase);
  ForEachCase(kNoRate, kF32, [](const Case& c) { RegisterRow("CountKept", c, 0.125, Count, IsCount); });
}

}  // namespace fallow::bench
