#include "fallow/zoneout.h"

#include "kernels/call.h"
#include "kernels/checks.h"
#include "kernels/mask_words.h"
#include "kernels/masked.h"
#include "kernels/select_kernels.h"

namespace fallow {
namespace {

Status CheckStates(ConstArray current, ConstArray previous, const Mask& mask, ConstArray y) {
  if (const Status status = CheckMasked("current", current, mask, "y", y); !status.ok()) return status;
  if (const Status status = CheckArray("previous", previous); !status.ok()) return status;
  if (const Status status = CheckLike("previous", previous, current); !status.ok()) return status;
  return CheckOutput("y", previous, y);
}

}  // namespace

Status ZoneoutForward(ConstArray current, ConstArray previous, const Mask& mask, Array y,
                      const Execution& execution) noexcept {
  const Call call(__func__, current, execution);
  if (const Status status = CheckStates(current, previous, mask, y); !status.ok()) return status;
  const SelectKernels& kernels = SelectKernelsFor(y.type(), call.target());
  ForEachMasked(
      MaskWords(mask, y.size(), call.target()), call,
      [&](const std::uint64_t* words, std::size_t n, const void* a, const void* b, void* to) {
        kernels.select(a, b, words, n, to);
      },
      current, previous, y);
  return call.Done();
}

Status ZoneoutBackward(ConstArray dy, const Mask& mask, Array d_current, Array d_previous,
                       const Execution& execution) noexcept {
  const Call call(__func__, dy, execution);
  if (const Status status = CheckMasked("dy", dy, mask, "d_current", d_current); !status.ok()) return status;
  if (const Status status = CheckMasked("dy", dy, mask, "d_previous", d_previous); !status.ok()) return status;
  if (const Status status = CheckApart("d_previous", d_previous, d_current); !status.ok()) return status;
  const SelectKernels& kernels = SelectKernelsFor(dy.type(), call.target());
  ForEachMasked(
      MaskWords(mask, dy.size(), call.target()), call,
      [&](const std::uint64_t* words, std::size_t n, const void* from, void* a, void* b) {
        kernels.split(from, words, n, a, b);
      },
      dy, d_current, d_previous);
  return call.Done();
}

Status ZoneoutInference(ConstArray current, ConstArray previous, const Rate& rate, Array y,
                        const Execution& execution) noexcept {
  const Call call(__func__, current, execution);
  if (const Status status = CheckRate(rate); !status.ok()) return status;
  const Mask none(Rate(0.0), MaskKey{});
  if (const Status status = CheckStates(current, previous, none, y); !status.ok()) return status;
  if (IsConstant(rate)) {
    CopyOrZero(rate.threshold() == 0 ? previous : current, false, y, call);
    return call.Done();
  }
  const SelectKernels& kernels = SelectKernelsFor(y.type(), call.target());
  const double q = static_cast<double>(rate.threshold()) * 0x1p-32;
  const Scale of_current(q);
  const Scale of_previous(1.0 - q);
  const auto mix = [&](std::size_t, std::size_t n, const void* a, const void* b, void* to) {
    kernels.mix(a, of_current, b, of_previous, n, to);
  };
  ForEachChunk(y.size(), call,
               [&](std::size_t first, std::size_t count) { ForEachPart(first, count, mix, current, previous, y); });
  return call.Done();
}

}  // namespace fallow
