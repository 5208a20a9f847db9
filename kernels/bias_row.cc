#include "kernels/bias_row.h"

#include <algorithm>

#include "kernels/convert_kernels.h"
#include "kernels/element_address.h"

namespace fallow {
namespace {

// Changes no sum; 0 would turn -0 into +0.
constexpr float kNoBias = -0.0f;

}  // namespace

BiasRow::BiasRow(ConstArray bias, std::size_t cols, Target target) noexcept
    : bias_(bias), target_(target), period_(std::max<std::size_t>(1, kTileElements / cols) * cols) {
  if (bias.data() == nullptr) {
    values_.fill(kNoBias);
  } else if (repeated()) {
    ConvertKernelsFor(bias.type(), target).to_floats(bias.data(), cols, values_.data());
    for (std::size_t i = cols; i < period_; ++i) values_[i] = values_[i - cols];
  }
}

const float* BiasRow::At(std::size_t i, std::size_t count, float* buffer) const noexcept {
  if (bias_.data() == nullptr) return values_.data();
  const std::size_t col = i % period_;
  if (repeated()) return values_.data() + col;
  const void* address = ElementAddress(bias_, 0, col);
  if (bias_.type() == DType::kF32) return static_cast<const float*>(address);
  ConvertKernelsFor(bias_.type(), target_).to_floats(address, count, buffer);
  return buffer;
}

}  // namespace fallow
