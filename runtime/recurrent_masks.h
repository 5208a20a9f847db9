// The masks of a recurrent layer, for some rows of a pass: see RecurrentOptions for which element decides what.
#ifndef FALLOW_RUNTIME_RECURRENT_MASKS_H_
#define FALLOW_RUNTIME_RECURRENT_MASKS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "fallow/mask.h"
#include "fallow/nn/layer.h"
#include "fallow/rate.h"
#include "runtime/recurrent_memory.h"

namespace fallow::nn {

enum class State : std::uint8_t { kH, kC };

// `weight` with its dropout in a pass whose rows have this seed and step.
void DropWeights(const RecurrentSpec& spec, const Pass& pass, std::uint64_t seed, std::uint64_t step,
                 std::size_t direction, const float* weight, float* dropped);
// The same of the gradient of `rows` rows from row `first` on, in place.
void DropWeightGradient(const RecurrentSpec& spec, const Pass& pass, std::size_t direction, std::size_t first,
                        std::size_t rows, float* gradient);

class RecurrentMasks {
 public:
  // `rows`: of the batch, at most RowParts::kMaxRows.
  RecurrentMasks(const RecurrentSpec& spec, const Pass& pass, Rows rows);

  // rows x inputs, rows x units: 0 or the scale.
  void InputFactors(float* factors) const;
  void StateFactors(std::size_t direction, float* factors) const;

  // rows x units; `current` becomes what the state is after the step: in inference the mean.
  void Zoneout(std::size_t direction, State state, std::size_t step, const float* previous, float* current) const;
  // Splits `gradient`: what is for the state before goes to `previous`.
  void ZoneoutBackward(std::size_t direction, State state, std::size_t step, float* gradient, float* previous) const;

 private:
  using Keys = std::array<MaskKey, RowParts::kMaxRows>;

  std::span<const MaskKey> KeysAt(std::uint64_t element, Keys& keys) const;
  void FillFactors(double option, std::uint64_t element, std::size_t cols, float* factors) const;
  std::uint64_t ZoneoutElement(std::size_t direction, State state, std::size_t step) const;

  const RecurrentSpec& spec_;
  const Pass& pass_;
  std::size_t rows_;
  Keys keys_;
};

// y[j] = factors[j] is 0 ? 0 : x[j] * factors[j]
inline void DropByFactors(std::size_t count, const float* x, const float* factors, float* y) {
  for (std::size_t j = 0; j < count; ++j) y[j] = factors[j] == 0 ? 0 : x[j] * factors[j];
}

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_RECURRENT_MASKS_H_
