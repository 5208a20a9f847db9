#include "kernels/mask_words.h"

#include <algorithm>

#include "kernels/broadcast_words.h"
#include "kernels/checks.h"
#include "kernels/mask_kernels.h"
#include "kernels/words.h"

namespace fallow {
namespace {

Status CheckRowKeys(std::span<const MaskKey> keys, std::size_t count) {
  if (count == 0) return {};
  if (keys.empty() || count % keys.size() != 0) {
    return Status::Invalid("row_keys", static_cast<double>(keys.size()), "a divisor of the number of mask elements");
  }
  if (keys.data() == nullptr) {
    return Status::Invalid("row_keys", static_cast<double>(keys.size()), "no keys where the address is null");
  }
  for (const MaskKey& key : keys) {
    if (const Status status = CheckKey("row_keys", key, count / keys.size()); !status.ok()) return status;
  }
  return {};
}

// Of the mask's own elements.
Status CheckSource(const Mask& mask, std::size_t count) {
  switch (mask.source()) {
    case Mask::Source::kKey:
      return CheckKey("key", mask.key(), count);
    case Mask::Source::kRowKeys:
      return CheckRowKeys(mask.row_keys(), count);
    case Mask::Source::kBits:
      return CheckBytes("mask", mask.stored(), BitMaskBytes(count), "BitMaskBytes(n) bytes");
    case Mask::Source::kBytes:
      return CheckBytes("mask", mask.stored(), count, "one byte an element");
    case Mask::Source::kUnknownFormat:
      break;
  }
  return Status::Invalid("mask", static_cast<double>(mask.stored().size()), "a known MaskFormat");
}

}  // namespace

Status CheckMask(const Mask& mask, std::size_t count) noexcept {
  if (const Status status = CheckRate(mask.rate()); !status.ok()) return status;
  const Broadcast& broadcast = mask.broadcast();
  if (broadcast.is_none() && broadcast.valid()) return CheckSource(mask, count);
  if (!broadcast.valid()) {
    return Status::Invalid("broadcast", static_cast<double>(broadcast.size()),
                           "1 to 8 dimensions, each noise size that of the shape or 1, of a size that fits");
  }
  if (broadcast.size() != count) {
    return Status::Invalid("broadcast", static_cast<double>(broadcast.size()),
                           "a shape of as many elements as the array");
  }
  return CheckSource(mask, broadcast.noise_size());
}

MaskWords::MaskWords(const Mask& mask, std::size_t count, Target target, std::uint64_t stream_offset)
    : mask_(mask), target_(target), stream_offset_(stream_offset) {
  if (mask.source() == Mask::Source::kKey) keyed_ = Keyed(mask.key());
  if (mask.source() == Mask::Source::kRowKeys && count != 0) {
    const std::size_t own = mask.broadcast().is_none() ? count : mask.broadcast().noise_size();
    row_length_ = own / mask.row_keys().size();
  }
}

void MaskWords::Fill(std::size_t first, std::size_t count, std::uint64_t* words) const {
  if (mask_.broadcast().is_none()) {
    FillOwn(first, count, words);
  } else {
    FillBroadcast(first, count, words);
  }
}

void MaskWords::FillOwn(std::size_t first, std::size_t count, std::uint64_t* words) const {
  switch (mask_.source()) {
    case Mask::Source::kKey:
      return keyed_->Fill(first, count, words);
    case Mask::Source::kRowKeys:
      return FillRows(first, count, words);
    case Mask::Source::kBits:
      return LoadBits(mask_.stored().data(), first, count, words);
    case Mask::Source::kBytes:
      return MaskKernelsFor(target_).pack(mask_.stored().data() + first, count, words);
    case Mask::Source::kUnknownFormat:
      break;  // CheckMask.
  }
}

KeyedMask MaskWords::Keyed(MaskKey key) const {
  key.stream += stream_offset_;
  return {key, mask_.rate(), target_};
}

void MaskWords::FillRows(std::size_t first, std::size_t count, std::uint64_t* words) const {
  for (std::size_t done = 0; done < count;) {
    const MaskKey& key = mask_.row_keys()[(first + done) / row_length_];
    const std::size_t col = (first + done) % row_length_;
    const std::size_t n = std::min(row_length_ - col, count - done);
    std::uint64_t part[kChunkWords];
    Keyed(key).Fill(col, n, part);
    CopyBits(part, 0, n, words, done);
    done += n;
  }
}

void MaskWords::FillBroadcast(std::size_t first, std::size_t count, std::uint64_t* words) const {
  SpreadWords(mask_.broadcast(), first, count, words,
              [this](std::size_t own, std::size_t n, std::uint64_t* part) { FillOwn(own, n, part); });
}

}  // namespace fallow
