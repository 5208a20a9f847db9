#include "fallow/drop_block.h"

#include <atomic>

#include "kernels/call.h"
#include "kernels/checks.h"
#include "kernels/drop.h"
#include "kernels/drop_block_words.h"
#include "kernels/quotient.h"
#include "kernels/stored_mask.h"

namespace fallow {
namespace {

// Between counting and applying, the mask waits in the output, each chunk's where the chunk's elements will be.
class WaitingWords {
 public:
  // Not if the output is the input, which is still needed, or has gaps, which are the caller's.
  static bool Possible(ConstArray x, ConstArray y) { return x.data() != y.data() && y.contiguous(); }

  explicit WaitingWords(Array y) : y_(y) {}

  void Put(std::size_t first, std::size_t count, const std::uint64_t* words) const {
    StoreBits(words, count, AddressOf(first));
  }
  void Fill(std::size_t first, std::size_t count, std::uint64_t* words) const {
    LoadBits(AddressOf(first), 0, count, words);
  }

 private:
  std::uint8_t* AddressOf(std::size_t first) const { return static_cast<std::uint8_t*>(ElementAddress(y_, 0, first)); }

  Array y_;
};

// Of `size` elements; seen(first, n, words) is called for each chunk.
template <class Seen>
std::size_t CountKept(const DropBlockWords& source, std::size_t size, const Call& call, const Seen& seen) {
  std::atomic<std::size_t> kept = 0;
  ForEachChunk(size, call, [&](std::size_t first, std::size_t n) {
    std::uint64_t words[kChunkWords];
    FillWords(call, source, first, n, words);
    kept.fetch_add(CountBits(words, n), std::memory_order_relaxed);
    seen(first, n, words);
  });
  return kept;
}

Scale ScaleOf(std::size_t size, std::size_t kept) {
  if (kept == 0) return Scale(0.0);
  Scale scale(static_cast<double>(size) / static_cast<double>(kept));
  scale.f32 = RoundedQuotient(static_cast<double>(size), static_cast<double>(kept));
  return scale;
}

void DropAndScale(const DropBlockWords& source, ConstArray x, Array y, const Call& call) {
  const std::size_t size = x.size();
  if (!WaitingWords::Possible(x, y)) {
    const std::size_t kept = CountKept(source, size, call, [](auto...) {});
    return Drop(source, x, ScaleOf(size, kept), y, call);
  }
  const WaitingWords waiting(y);
  const auto put = [&](std::size_t first, std::size_t n, const std::uint64_t* words) { waiting.Put(first, n, words); };
  const std::size_t kept = CountKept(source, size, call, put);
  Drop(waiting, x, ScaleOf(size, kept), y, call);
}

Status DropBlock(const char* input, ConstArray x, const DropBlockShape& shape, const Rate& rate, const MaskKey& key,
                 const char* output, Array y, const Call& call) {
  if (const Status status = CheckArray(input, x); !status.ok()) return status;
  const Status status = FirstError(CheckDropBlock(shape, rate, key, x.size()), CheckOutput(output, x, y));
  if (!status.ok()) return status;
  if (rate.drop_probability() == 0.0) {
    CopyOrZero(x, false, y, call);
    return call.Done();
  }
  const DropBlockWords source(shape, rate, key, call.target());
  if (rate.scaling() == Scaling::kAtInference) {
    Drop(source, x, Scale(1.0), y, call);
  } else {
    DropAndScale(source, x, y, call);
  }
  return call.Done();
}

}  // namespace

Status DropBlockForward(ConstArray x, const DropBlockShape& shape, const Rate& rate, const MaskKey& key, Array y,
                        const Execution& execution) noexcept {
  const Call call(__func__, x, execution);
  return DropBlock("x", x, shape, rate, key, "y", y, call);
}

Status DropBlockBackward(ConstArray dy, const DropBlockShape& shape, const Rate& rate, const MaskKey& key, Array dx,
                         const Execution& execution) noexcept {
  const Call call(__func__, dy, execution);
  return DropBlock("dy", dy, shape, rate, key, "dx", dx, call);
}

Status GenerateDropBlockMask(const DropBlockShape& shape, const Rate& rate, const MaskKey& key, MaskFormat format,
                             std::span<std::uint8_t> stored, const Execution& execution) noexcept {
  const Call call(__func__, kNoDType, shape.size(), execution);
  const std::size_t size = shape.size();
  const Status status =
      FirstError(CheckDropBlock(shape, rate, key, size), CheckStored(format, stored, size, Mask(rate, key)));
  if (!status.ok()) return status;
  const DropBlockWords source(shape, rate, key, call.target());
  StoreWords(source, size, StoredMask(format, stored, call.target()), call);
  return call.Done();
}

}  // namespace fallow
