#include "fallow/monte_carlo.h"

#include <algorithm>
#include <cstring>

#include "kernels/apply_kernels.h"
#include "kernels/call.h"
#include "kernels/checks.h"
#include "kernels/keyed_mask.h"
#include "kernels/mask_words.h"
#include "kernels/masked.h"
#include "kernels/welford_kernels.h"

namespace fallow {
namespace {

// Layouts of other frameworks may have no streams to count samples by.
Status CheckLastSample(const char* argument, MaskKey key, std::size_t samples) {
  key.stream += samples - 1;
  return CheckKey(argument, key, 0);
}

Status CheckSampleKeys(const Mask& mask, std::size_t samples) {
  if (samples == 0) return {};
  if (mask.source() == Mask::Source::kKey) return CheckLastSample("key", mask.key(), samples);
  for (const MaskKey& key : mask.row_keys()) {
    if (const Status status = CheckLastSample("row_keys", key, samples); !status.ok()) return status;
  }
  return {};
}

Status CheckSamples(ConstArray x, const Mask& mask, std::size_t samples, ConstArray y) {
  if (const Status status = FirstError(CheckArray("x", x), CheckArray("y", y)); !status.ok()) return status;
  if (const Status status = CheckMask(mask, x.size()); !status.ok()) return status;
  if (mask.source() != Mask::Source::kKey && mask.source() != Mask::Source::kRowKeys) {
    return Status::Invalid("mask", static_cast<double>(mask.source()), "a mask made from keys");
  }
  if (const Status status = CheckSampleKeys(mask, samples); !status.ok()) return status;
  if (y.type() != x.type()) return Status::Invalid("y", static_cast<double>(y.type()), "the type of the input");
  std::size_t size = 0;
  if (__builtin_mul_overflow(samples, x.size(), &size) || y.size() != size) {
    return Status::Invalid("y", static_cast<double>(y.size()), "samples times as many elements as the input");
  }
  if (size != 0 && y.cols() != x.cols()) {
    return Status::Invalid("y", static_cast<double>(y.cols()), "as many columns as the input");
  }
  return CheckApart("y", y, x);
}

// The output of sample t of x.
Array SampleOf(Array y, std::size_t t, ConstArray x) {
  return {ElementAddress(y, t * x.rows(), 0), y.type(), x.rows(), x.cols(), y.row_stride()};
}

// Chunks of x, and for each a few samples: as many elements a task as elsewhere. Tasks of one chunk follow each other,
// so that it stays in cache.
template <class Body>
void ForEachChunkAndSample(std::size_t size, std::size_t samples, const Call& call, const Body& body) {
  if (size == 0) return;
  const std::size_t chunks = (size + kTaskElements - 1) / kTaskElements;
  const std::size_t group = kTaskElements / std::min(size, kTaskElements);
  const std::size_t groups = samples / group + (samples % group != 0);
  ParallelFor(chunks * groups, call, [&](std::size_t task) {
    const std::size_t first = task / groups * kTaskElements;
    const std::size_t begin = task % groups * group;
    for (std::size_t t = begin; t < std::min(samples, begin + group); ++t) {
      body(first, std::min(kTaskElements, size - first), t);
    }
  });
}

Status CheckState(ConstArray sample, ConstArray mean, ConstArray m2) {
  const Status arrays = FirstError(CheckArray("sample", sample), CheckArray("mean", mean), CheckArray("m2", m2));
  if (!arrays.ok()) return arrays;
  const bool allowed = mean.type() == DType::kF64 || (mean.type() == DType::kF32 && sample.type() != DType::kF64);
  if (!allowed) {
    return Status::Invalid("mean", static_cast<double>(mean.type()), "f64, or f32 with samples that are not f64");
  }
  return FirstError(CheckShape("mean", mean, sample), CheckLike("m2", m2, mean), CheckApart("mean", mean, sample),
                    CheckApart("m2", m2, sample), CheckApart("m2", m2, mean));
}

}  // namespace

Status MonteCarloForward(ConstArray x, const Mask& mask, std::size_t samples, Array y,
                         const Execution& execution) noexcept {
  const Call call(__func__, y, execution);
  if (const Status status = CheckSamples(x, mask, samples, y); !status.ok()) return status;
  if (KeepsAllOrNone(mask)) {
    for (std::size_t t = 0; t < samples; ++t) CopyOrZero(x, DropsAll(mask), SampleOf(y, t, x), call);
    return call.Done();
  }
  const ApplyKernels& kernels = ApplyKernelsFor(x.type(), call.target());
  const Scale scale(mask.rate());
  const bool streaming = WantsStreaming(x, y);
  const auto apply = [&](const std::uint64_t* words, std::size_t n, const void* from, void* to) {
    kernels.drop(from, words, n, scale, streaming, to);
  };
  ForEachChunkAndSample(x.size(), samples, call, [&](std::size_t first, std::size_t n, std::size_t t) {
    std::uint64_t words[kChunkWords];
    FillWords(call, MaskWords(mask, x.size(), call.target(), t), first, n, words);
    ApplyMask(words, first, n, apply, x, SampleOf(y, t, x));
  });
  return call.Done();
}

Status WelfordUpdate(ConstArray sample, std::size_t count_before, Array mean, Array m2,
                     const Execution& execution) noexcept {
  const Call call(__func__, sample, execution);
  if (const Status status = CheckState(sample, mean, m2); !status.ok()) return status;
  const WelfordKernels& kernels = WelfordKernelsFor(sample.type(), call.target());
  const auto update = mean.type() == DType::kF64 ? kernels.update_f64 : kernels.update_f32;
  const auto take_in = [&](std::size_t, std::size_t n, const void* values, void* means, void* squares) {
    if (count_before == 0) {
      std::memset(means, 0, n * SizeOf(mean.type()));
      std::memset(squares, 0, n * SizeOf(mean.type()));
    }
    update(values, n, count_before + 1, means, squares);
  };
  ForEachChunk(sample.size(), call,
               [&](std::size_t first, std::size_t count) { ForEachPart(first, count, take_in, sample, mean, m2); });
  return call.Done();
}

Status WelfordVariance(ConstArray m2, std::size_t divisor, Array variance, const Execution& execution) noexcept {
  const Call call(__func__, m2, execution);
  if (const Status status = CheckArray("m2", m2); !status.ok()) return status;
  if (m2.type() != DType::kF32 && m2.type() != DType::kF64) {
    return Status::Invalid("m2", static_cast<double>(m2.type()), "f32 or f64");
  }
  if (const Status status = CheckOutput("variance", m2, variance); !status.ok()) return status;
  if (divisor == 0) return Status::Invalid("divisor", 0, "at least 1");
  const WelfordKernels& kernels = WelfordKernelsFor(m2.type(), call.target());
  const auto divide = [&](std::size_t, std::size_t n, const void* from, void* to) {
    kernels.divide(from, n, divisor, to);
  };
  ForEachChunk(m2.size(), call,
               [&](std::size_t first, std::size_t count) { ForEachPart(first, count, divide, m2, variance); });
  return call.Done();
}

}  // namespace fallow
