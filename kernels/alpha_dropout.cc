#include "fallow/alpha_dropout.h"

#include <cmath>

#include "kernels/drop.h"
#include "kernels/mask_words.h"
#include "kernels/masked.h"
#include "kernels/select_kernels.h"

namespace fallow {
namespace {

constexpr double kAlpha = -1.7580993408473766;

// Of rates that keep anything.
Affine AffineOf(const Rate& rate) {
  const double q = static_cast<double>(rate.threshold()) * 0x1p-32;
  const double p = 1.0 - q;
  const double a = 1.0 / std::sqrt(q * (1.0 + p * kAlpha * kAlpha));
  const double b = -a * p * kAlpha;
  return {Scale(a), Scale(b), Scale(a * kAlpha + b)};
}

}  // namespace

Status AlphaDropoutForward(ConstArray x, const Mask& mask, Array y, const Execution& execution) noexcept {
  const Call call(__func__, x, execution);
  const Status status = CheckMasked("x", x, mask, "y", y);
  if (!status.ok()) return status;
  if (KeepsAllOrNone(mask)) {
    CopyOrZero(x, DropsAll(mask), y, call);
    return call.Done();
  }
  const SelectKernels& kernels = SelectKernelsFor(x.type(), call.target());
  const Affine affine = AffineOf(mask.rate());
  ForEachMasked(
      MaskWords(mask, x.size(), call.target()), call,
      [&](const std::uint64_t* words, std::size_t n, const void* from, void* to) {
        kernels.affine(from, words, n, affine, to);
      },
      x, y);
  return call.Done();
}

Status AlphaDropoutBackward(ConstArray dy, const Mask& mask, Array dx, const Execution& execution) noexcept {
  const Call call(__func__, dy, execution);
  const Status status = CheckMasked("dy", dy, mask, "dx", dx);
  if (!status.ok()) return status;
  if (KeepsAllOrNone(mask)) {
    CopyOrZero(dy, DropsAll(mask), dx, call);
  } else {
    Drop(MaskWords(mask, dy.size(), call.target()), dy, AffineOf(mask.rate()).scale, dx, call);
  }
  return call.Done();
}

}  // namespace fallow
