#include "fallow/rate.h"

#include <algorithm>
#include <cmath>

#include "kernels/quotient.h"

namespace fallow {
namespace {

constexpr double kTwo32 = 4294967296.0;

// Ties to even in every rounding mode but the default too, which std::nearbyint would not be.
std::uint64_t RoundToEven(double value) {
  const double floor = std::floor(value);
  const double rest = value - floor;
  const auto below = static_cast<std::uint64_t>(floor);
  return below + (rest > 0.5 || (rest == 0.5 && (below & 1) != 0) ? 1 : 0);
}

std::uint64_t Threshold(double p) {
  if (p == 0.0) return std::uint64_t{1} << 32;
  if (p == 1.0) return 0;
  return std::clamp<std::uint64_t>(RoundToEven((1.0 - p) * kTwo32), 1, 0xFFFFFFFF);
}

}  // namespace

Rate::Rate(double drop_probability, Scaling scaling) noexcept : p_(drop_probability), scaling_(scaling) {
  if (!valid()) return;
  threshold_ = Threshold(p_);
  if (threshold_ == 0) return;
  const bool in_training = scaling == Scaling::kInTraining;
  scale_ = in_training ? RoundedQuotient(kTwo32, static_cast<double>(threshold_)) : 1.0f;
  scale_f64_ = in_training ? kTwo32 / static_cast<double>(threshold_) : 1.0;
}

double Rate::inference_scale() const {
  return scaling_ == Scaling::kInTraining ? 1.0 : static_cast<double>(threshold_) / kTwo32;
}

}  // namespace fallow
