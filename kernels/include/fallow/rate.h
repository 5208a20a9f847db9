// The dropout rate as the mask contract uses it: an integer threshold, and the factors that follow from it.
#ifndef FALLOW_RATE_H_
#define FALLOW_RATE_H_

#include <cstdint>

namespace fallow {

// Where the expectation is kept: E[y] = x in training, or y = E[training's y] at inference.
enum class Scaling : std::uint8_t {
  kInTraining,   // Inverted dropout: kept elements are divided by q as the network trains; inference is the identity.
  kAtInference,  // As first published: kept elements stay as they are; inference multiplies by q.
};

// The probability p that an element is dropped, with what follows from it (mask contract v1, kernels/README.md):
//   threshold T = round((1 - p) * 2^32), ties to even, at least 1 and at most 2^32 - 1 for 0 < p < 1;
//   q           = T / 2^32, the probability that an element is kept, for the rate really used;
//   scale       = 1 / q, rounded once.
// p = 0 has T = 2^32 and scale 1 (an exact copy); p = 1 has T = 0 and scale 0 (exact zeros).
class Rate {
 public:
  // Any double; `valid()` tells whether it is one that the kernels accept.
  explicit Rate(double drop_probability, Scaling scaling = Scaling::kInTraining) noexcept;

  bool valid() const { return p_ >= 0.0 && p_ <= 1.0; }  // False for NaN.
  double drop_probability() const { return p_; }
  Scaling scaling() const { return scaling_; }
  std::uint64_t threshold() const { return threshold_; }

  // What a kept element is multiplied with in training: 1 / q, or 1 with Scaling::kAtInference. In double for f64.
  float scale() const { return scale_; }
  double scale_f64() const { return scale_f64_; }
  // What every element is multiplied with at inference: 1, or q with Scaling::kAtInference.
  double inference_scale() const;

 private:
  double p_;
  std::uint64_t threshold_ = 0;
  double scale_f64_ = 0.0;
  float scale_ = 0.0f;
  Scaling scaling_;
};

}  // namespace fallow

#endif  // FALLOW_RATE_H_
