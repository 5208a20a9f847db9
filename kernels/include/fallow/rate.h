// The dropout rate as the mask contract uses it: an integer threshold and a float scale.
#ifndef FALLOW_RATE_H_
#define FALLOW_RATE_H_

#include <cstdint>

namespace fallow {

// The probability p that an element is dropped, with what follows from it (mask contract v1, kernels/README.md):
//   threshold T = round((1 - p) * 2^32), ties to even, at least 1 and at most 2^32 - 1 for 0 < p < 1;
//   scale       = 2^32 / T, rounded once to float, so that E[dropout(x)] = x for the rate really used.
// p = 0 has T = 2^32 and scale 1 (an exact copy); p = 1 has T = 0 and scale 0 (exact zeros).
class Rate {
 public:
  // Any double; `valid()` tells whether it is one that the kernels accept.
  explicit Rate(double drop_probability) noexcept;

  bool valid() const { return p_ >= 0.0 && p_ <= 1.0; }  // False for NaN.
  double drop_probability() const { return p_; }
  std::uint64_t threshold() const { return threshold_; }
  float scale() const { return scale_; }

 private:
  double p_;
  std::uint64_t threshold_ = 0;
  float scale_ = 0.0f;
};

}  // namespace fallow

#endif  // FALLOW_RATE_H_
