#include "fallow/dropout.h"

#include "kernels/apply_kernels.h"
#include "kernels/call.h"
#include "kernels/checks.h"
#include "kernels/drop.h"
#include "kernels/mask_words.h"
#include "kernels/masked.h"
#include "kernels/stored_mask.h"

namespace fallow {
namespace {

Status Dropout(const char* input, const ConstArray& x, const Mask& mask, const char* output, const Array& y,
               const Call& call) {
  const Status status = CheckMasked(input, x, mask, output, y);
  if (!status.ok()) return status;
  if (KeepsAllOrNone(mask)) {
    CopyOrZero(x, DropsAll(mask), y, call);
  } else {
    Drop(MaskWords(mask, x.size(), call.target()), x, Scale(mask.rate()), y, call);
  }
  return call.Done();
}

// A mask that is stored as it is used.
struct StoringWords {
  void Fill(std::size_t first, std::size_t count, std::uint64_t* words) const {
    source.Fill(first, count, words);
    store.Write(first, count, words);
  }

  const MaskWords& source;
  const StoredMask& store;
};

}  // namespace

Status DropoutForward(ConstArray x, const Mask& mask, Array y, const Execution& execution) noexcept {
  const Call call(__func__, x, execution);
  return Dropout("x", x, mask, "y", y, call);
}

Status DropoutBackward(ConstArray dy, const Mask& mask, Array dx, const Execution& execution) noexcept {
  const Call call(__func__, dy, execution);
  return Dropout("dy", dy, mask, "dx", dx, call);
}

Status DropoutForwardStore(ConstArray x, const Mask& mask, Array y, MaskFormat format, std::span<std::uint8_t> stored,
                           const Execution& execution) noexcept {
  const Call call(__func__, x, execution);
  const Status status = FirstError(CheckMasked("x", x, mask, "y", y), CheckStored(format, stored, x.size(), mask));
  if (!status.ok()) return status;
  const Status apart = FirstError(CheckBytesApart("stored", stored, x), CheckBytesApart("stored", stored, y));
  if (!apart.ok()) return apart;
  const MaskWords words(mask, x.size(), call.target());
  const StoredMask store(format, stored, call.target());
  if (KeepsAllOrNone(mask)) {
    CopyOrZero(x, DropsAll(mask), y, call);
    StoreWords(words, x.size(), store, call);
    return call.Done();
  }
  const StoringWords source{words, store};
  Drop(source, x, Scale(mask.rate()), y, call);
  return call.Done();
}

Status DropoutAccumulate(ConstArray x, const Mask& mask, Array y, const Execution& execution) noexcept {
  const Call call(__func__, x, execution);
  if (const Status status = CheckMasked("x", x, mask, "y", y); !status.ok()) return status;
  if (const Status status = CheckApart("y", y, x); !status.ok()) return status;
  if (DropsAll(mask)) return call.Done();
  const ApplyKernels& kernels = ApplyKernelsFor(x.type(), call.target());
  const Scale scale(mask.rate());
  ForEachMasked(
      MaskWords(mask, x.size(), call.target()), call,
      [&](const std::uint64_t* words, std::size_t n, const void* from, void* to) {
        kernels.accumulate(from, words, n, scale, to);
      },
      x, y);
  return call.Done();
}

Status DropoutInference(ConstArray x, const Rate& rate, Array y, const Execution& execution) noexcept {
  const Call call(__func__, x, execution);
  const Mask all(Rate(0.0), MaskKey{});
  if (const Status status = CheckRate(rate); !status.ok()) return status;
  if (const Status status = CheckMasked("x", x, all, "y", y); !status.ok()) return status;
  const double factor = rate.inference_scale();
  if (factor == 1.0 || factor == 0.0) {
    CopyOrZero(x, factor == 0.0, y, call);
  } else {
    Drop(MaskWords(all, x.size(), call.target()), x, Scale(factor), y, call);
  }
  return call.Done();
}

}  // namespace fallow
