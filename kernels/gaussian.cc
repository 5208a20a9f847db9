#include "fallow/gaussian.h"

#include <cmath>
#include <limits>

#include "kernels/call.h"
#include "kernels/checks.h"
#include "kernels/keyed_mask.h"
#include "kernels/masked.h"
#include "kernels/noise.h"
#include "kernels/noise_kernels.h"

namespace fallow {
namespace {

using Operation = void (*)(const NoiseWords& words, std::size_t count, const void* x, float stddev, void* y);

Status CheckArrays(const char* input, const ConstArray& x, const MaskKey& key, const char* output,
                   const ConstArray& y) {
  if (const Status status = CheckArray(input, x); !status.ok()) return status;
  return FirstError(CheckComputedInFloat(input, x), CheckKey("key", key, x.size()), CheckOutput(output, x, y));
}

void Apply(Operation NoiseKernels::*operation, const ConstArray& x, float stddev, const MaskKey& key, const Array& y,
           const Call& call) {
  if (stddev == 0.0f) return CopyOrZero(x, /*zero=*/false, y, call);
  const Operation apply = NoiseKernelsFor(x.type(), call.target()).*operation;
  Noise(key, call.target())
      .ForEach(
          call,
          [&](const NoiseWords& words, std::size_t n, const void* from, void* to) {
            apply(words, n, from, stddev, to);
          },
          x, y);
}

Status GaussianDropout(const char* input, const ConstArray& x, const Rate& rate, const MaskKey& key, const char* output,
                       const Array& y, const Call& call) {
  const double p = rate.drop_probability();
  if (!(p >= 0.0 && p < 1.0)) return Status::Invalid("rate", p, "a number in [0, 1)");
  const Status status = CheckArrays(input, x, key, output, y);
  if (!status.ok()) return status;
  Apply(&NoiseKernels::multiply_normals, x, static_cast<float>(std::sqrt(p / (1.0 - p))), key, y, call);
  return call.Done();
}

}  // namespace

Status GaussianNoise(ConstArray x, double stddev, const MaskKey& key, Array y, const Execution& execution) noexcept {
  const Call call(__func__, x, execution);
  if (!(stddev >= 0.0 && stddev <= std::numeric_limits<float>::max())) {
    return Status::Invalid("stddev", stddev, "a finite number, 0 or more");
  }
  const Status status = CheckArrays("x", x, key, "y", y);
  if (!status.ok()) return status;
  Apply(&NoiseKernels::add_normals, x, static_cast<float>(stddev), key, y, call);
  return call.Done();
}

Status GaussianDropoutForward(ConstArray x, const Rate& rate, const MaskKey& key, Array y,
                              const Execution& execution) noexcept {
  const Call call(__func__, x, execution);
  return GaussianDropout("x", x, rate, key, "y", y, call);
}

Status GaussianDropoutBackward(ConstArray dy, const Rate& rate, const MaskKey& key, Array dx,
                               const Execution& execution) noexcept {
  const Call call(__func__, dy, execution);
  return GaussianDropout("dy", dy, rate, key, "dx", dx, call);
}

}  // namespace fallow
