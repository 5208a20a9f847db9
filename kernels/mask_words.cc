#include "kernels/mask_words.h"

#include <algorithm>
#include <cstring>

#include "kernels/broadcast_words.h"
#include "kernels/checks.h"
#include "kernels/words.h"

namespace fallow {
namespace {

Status CheckKey(const char* argument, const MaskKey& key, std::size_t count) {
  constexpr std::uint64_t kLimit = std::uint64_t{1} << 57;
  if (key.rounds != Rounds::k7 && key.rounds != Rounds::k10) {
    return Status::Invalid(argument, static_cast<double>(key.rounds), "7 or 10 rounds");
  }
  if (count <= kLimit && key.first_element <= kLimit - count) return {};
  return Status::Invalid(argument, static_cast<double>(key.first_element),
                         "first_element + number of elements at most 2^57");
}

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
  if (!mask.rate().valid()) return Status::Invalid("rate", mask.rate().drop_probability(), "a number in [0, 1]");
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

MaskWords::MaskWords(const Mask& mask, std::size_t count, Target target)
    : mask_(mask), kernels_(MaskKernelsFor(target)) {
  if (mask.source() == Mask::Source::kKey) plan_.emplace(mask.key(), mask.rate());
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
      return FillFromKey(*plan_, mask_.key().first_element + first, count, words);
    case Mask::Source::kRowKeys:
      return FillRows(first, count, words);
    case Mask::Source::kBits:
      return LoadBits(mask_.stored().data(), first, count, words);
    case Mask::Source::kBytes:
      return kernels_.pack(mask_.stored().data() + first, count, words);
    case Mask::Source::kUnknownFormat:
      break;  // CheckMask.
  }
}

void MaskWords::FillFromKey(const MaskPlan& plan, std::uint64_t element, std::size_t count,
                            std::uint64_t* words) const {
  if (IsConstant(mask_.rate())) {
    std::memset(words, mask_.rate().threshold() == 0 ? 0 : 0xFF, (count / 64 + 1) * sizeof(*words));
    return;
  }
  const std::size_t within = element % kBlockElements;
  kernels_.generate(plan, element / kBlockElements, (within + count + kBlockElements - 1) / kBlockElements, words);
  if (within != 0) ShiftWords(words, within, count, words);
}

void MaskWords::FillRows(std::size_t first, std::size_t count, std::uint64_t* words) const {
  for (std::size_t done = 0; done < count;) {
    const MaskKey& key = mask_.row_keys()[(first + done) / row_length_];
    const std::size_t col = (first + done) % row_length_;
    const std::size_t n = std::min(row_length_ - col, count - done);
    std::uint64_t part[kChunkWords];
    FillFromKey(MaskPlan(key, mask_.rate()), key.first_element + col, n, part);
    CopyBits(part, 0, n, words, done);
    done += n;
  }
}

void MaskWords::FillBroadcast(std::size_t first, std::size_t count, std::uint64_t* words) const {
  SpreadWords(mask_.broadcast(), first, count, words,
              [this](std::size_t own, std::size_t n, std::uint64_t* part) { FillOwn(own, n, part); });
}

}  // namespace fallow
