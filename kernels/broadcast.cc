#include "fallow/broadcast.h"

namespace fallow {

Broadcast::Broadcast(std::span<const std::size_t> shape, std::span<const std::size_t> noise_shape) noexcept {
  valid_ = !shape.empty() && shape.size() <= kMaxDims && shape.size() == noise_shape.size();
  if (!valid_) return;
  size_ = 1;
  noise_size_ = 1;
  bool was_fixed = false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (noise_shape[i] != shape[i] && noise_shape[i] != 1) valid_ = false;
    if (__builtin_mul_overflow(size_, shape[i], &size_)) valid_ = false;
    if (shape[i] == 1) continue;
    const bool fixed = noise_shape[i] == 1;
    if (!fixed && __builtin_mul_overflow(noise_size_, shape[i], &noise_size_)) valid_ = false;
    if (dims_ == 0 || fixed != was_fixed) dim_[dims_++] = {1, 0};
    dim_[dims_ - 1].size *= shape[i];
    was_fixed = fixed;
  }
  if (dims_ == 0) dim_[dims_++] = {1, 0};  // All sizes are 1: one element, one decision.
  std::size_t stride = 1;
  for (std::size_t i = dims_; i-- > 0;) {
    // Kinds alternate, and the last one is known.
    if (((dims_ - 1 - i) % 2 == 0) == was_fixed) continue;
    dim_[i].noise_stride = stride;
    stride *= dim_[i].size;
  }
}

}  // namespace fallow
