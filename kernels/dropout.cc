#include "fallow/dropout.h"

#include "kernels/apply_kernels.h"
#include "kernels/checks.h"
#include "kernels/drop.h"
#include "kernels/mask_words.h"
#include "kernels/masked.h"
#include "kernels/stored_mask.h"

namespace fallow {
namespace {

Status Dropout(const char* input, const ConstArray& x, const Mask& mask, const char* output, const Array& y,
               const Execution& execution) {
  const Status status = CheckMasked(input, x, mask, output, y);
  if (!status.ok()) return status;
  if (KeepsAllOrNone(mask)) {
    CopyOrZero(x, DropsAll(mask), y, execution);
  } else {
    Drop(MaskWords(mask, x.size(), execution.target), x, Scale(mask.rate()), y, execution);
  }
  return {};
}

// A mask that is stored as it is used.
struct StoringWords {
  void Fill(std::size_t first, std::size_t count, std::uint64_t* words) const {
    source.Fill(first, count, words);
    store.Write(first, count, words);
  }

  const MaskWords source;
  const StoredMask store;
};

}  // namespace

Status DropoutForward(ConstArray x, const Mask& mask, Array y, const Execution& execution) noexcept {
  return Dropout("x", x, mask, "y", y, execution);
}

Status DropoutBackward(ConstArray dy, const Mask& mask, Array dx, const Execution& execution) noexcept {
  return Dropout("dy", dy, mask, "dx", dx, execution);
}

Status DropoutForwardStore(ConstArray x, const Mask& mask, Array y, MaskFormat format, std::span<std::uint8_t> stored,
                           const Execution& execution) noexcept {
  const Status status = FirstError(CheckMasked("x", x, mask, "y", y), CheckStored(format, stored, x.size(), mask));
  if (!status.ok()) return status;
  const Status apart = FirstError(CheckBytesApart("stored", stored, x), CheckBytesApart("stored", stored, y));
  if (!apart.ok()) return apart;
  if (KeepsAllOrNone(mask)) {
    CopyOrZero(x, DropsAll(mask), y, execution);
    return GenerateMask(mask, x.size(), format, stored, execution);
  }
  const StoringWords source{MaskWords(mask, x.size(), execution.target), StoredMask(format, stored, execution.target)};
  Drop(source, x, Scale(mask.rate()), y, execution);
  return {};
}

Status DropoutAccumulate(ConstArray x, const Mask& mask, Array y, const Execution& execution) noexcept {
  if (const Status status = CheckMasked("x", x, mask, "y", y); !status.ok()) return status;
  if (const Status status = CheckApart("y", y, x); !status.ok()) return status;
  if (DropsAll(mask)) return {};
  const ApplyKernels& kernels = ApplyKernelsFor(x.type(), execution.target);
  const Scale scale(mask.rate());
  ForEachMasked(
      MaskWords(mask, x.size(), execution.target), execution,
      [&](const std::uint64_t* words, std::size_t n, const void* from, void* to) {
        kernels.accumulate(from, words, n, scale, to);
      },
      x, y);
  return {};
}

Status DropoutInference(ConstArray x, const Rate& rate, Array y, const Execution& execution) noexcept {
  const Mask all(Rate(0.0), MaskKey{});
  if (const Status status = CheckRate(rate); !status.ok()) return status;
  if (const Status status = CheckMasked("x", x, all, "y", y); !status.ok()) return status;
  const double factor = rate.inference_scale();
  if (factor == 1.0 || factor == 0.0) {
    CopyOrZero(x, factor == 0.0, y, execution);
  } else {
    Drop(MaskWords(all, x.size(), execution.target), x, Scale(factor), y, execution);
  }
  return {};
}

}  // namespace fallow
