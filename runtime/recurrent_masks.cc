#include "runtime/recurrent_masks.h"

#include <algorithm>
#include <cassert>

#include "fallow/dropout.h"
#include "fallow/zoneout.h"
#include "runtime/row_keys.h"

namespace fallow::nn {
namespace {

// Added to the layer's index in a stream: no model has as many layers.
constexpr std::uint64_t kWeightStream = std::uint64_t{1} << 20;

// Rates and keys were checked when the layer was made and when the pass began.
void ExpectOk([[maybe_unused]] const Status& status) { assert(status.ok()); }

// What one of the options' probabilities is in a pass.
Rate RateIn(const RecurrentSpec& spec, const Pass& pass, double option) {
  if (pass.mode == Mode::kInfer || option == 0) return Rate(0);
  return pass.rate ? *pass.rate : spec.RateOf(option);
}

Mask WeightMask(const RecurrentSpec& spec, const Pass& pass, std::uint64_t seed, std::uint64_t step,
                std::size_t direction, std::size_t first_row) {
  const std::uint64_t first = (std::uint64_t{direction} * spec.gates() + first_row) * spec.units;
  return {RateIn(spec, pass, spec.options.weight_dropout),
          MaskKey{.seed = seed, .stream = StreamOf(spec.index + kWeightStream, step), .first_element = first}};
}

}  // namespace

void DropWeights(const RecurrentSpec& spec, const Pass& pass, std::uint64_t seed, std::uint64_t step,
                 std::size_t direction, const float* weight, float* dropped) {
  const std::size_t count = spec.gates() * spec.units;
  ExpectOk(DropoutForward({weight, count}, WeightMask(spec, pass, seed, step, direction, 0), {dropped, count},
                          pass.execution));
}

void DropWeightGradient(const RecurrentSpec& spec, const Pass& pass, std::size_t direction, std::size_t first,
                        std::size_t rows, float* gradient) {
  const std::size_t count = rows * spec.units;
  ExpectOk(DropoutBackward({gradient, count}, WeightMask(spec, pass, pass.seed, pass.step, direction, first),
                           {gradient, count}, pass.execution));
}

RecurrentMasks::RecurrentMasks(const RecurrentSpec& spec, const Pass& pass, Rows rows)
    : spec_(spec), pass_(pass), rows_(rows.count()) {
  for (std::size_t i = 0; i < rows_; ++i) {
    keys_[i] = KeyOfRow(pass, spec.index, rows.begin + i, spec.mask_elements());
  }
}

std::span<const MaskKey> RecurrentMasks::KeysAt(std::uint64_t element, Keys& keys) const {
  std::copy_n(keys_.begin(), rows_, keys.begin());
  for (std::size_t i = 0; i < rows_; ++i) keys[i].first_element += element;
  return {keys.data(), rows_};
}

void RecurrentMasks::FillFactors(double option, std::uint64_t element, std::size_t cols, float* factors) const {
  Keys keys;
  const std::size_t count = rows_ * cols;
  std::fill_n(factors, count, 1.0f);
  ExpectOk(DropoutForward({factors, count}, Mask(RateIn(spec_, pass_, option), KeysAt(element, keys)), {factors, count},
                          pass_.execution));
}

void RecurrentMasks::InputFactors(float* factors) const {
  FillFactors(spec_.options.dropout, 0, spec_.inputs, factors);
}

void RecurrentMasks::StateFactors(std::size_t direction, float* factors) const {
  FillFactors(spec_.options.recurrent_dropout, spec_.inputs + direction * spec_.units, spec_.units, factors);
}

std::uint64_t RecurrentMasks::ZoneoutElement(std::size_t direction, State state, std::size_t step) const {
  const std::uint64_t sequence = 2 * direction + (state == State::kC ? 1 : 0);
  return spec_.inputs + spec_.outputs() + (sequence * spec_.steps + step) * spec_.units;
}

void RecurrentMasks::Zoneout(std::size_t direction, State state, std::size_t step, const float* previous,
                             float* current) const {
  const std::size_t count = rows_ * spec_.units;
  if (pass_.mode == Mode::kInfer) {
    return ExpectOk(ZoneoutInference({current, count}, {previous, count}, spec_.RateOf(spec_.options.zoneout),
                                     {current, count}, pass_.execution));
  }
  Keys keys;
  const Mask mask(RateIn(spec_, pass_, spec_.options.zoneout), KeysAt(ZoneoutElement(direction, state, step), keys));
  ExpectOk(ZoneoutForward({current, count}, {previous, count}, mask, {current, count}, pass_.execution));
}

void RecurrentMasks::ZoneoutBackward(std::size_t direction, State state, std::size_t step, float* gradient,
                                     float* previous) const {
  Keys keys;
  const std::size_t count = rows_ * spec_.units;
  const Mask mask(RateIn(spec_, pass_, spec_.options.zoneout), KeysAt(ZoneoutElement(direction, state, step), keys));
  ExpectOk(fallow::ZoneoutBackward({gradient, count}, mask, {gradient, count}, {previous, count}, pass_.execution));
}

}  // namespace fallow::nn
