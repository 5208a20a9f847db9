#include "runtime/inference.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "runtime/model_impl.h"

namespace fallow::nn {

std::size_t Inference::layers() const { return model_.size(); }
std::size_t Inference::elements(std::size_t value) const { return model_.shapes[value].elements(); }
void Inference::CheckInput(const Tensor& x) const {
  model_.CheckRows(0, x.rows());
  model_.CheckValues(x);
}

bool Inference::IsRandom(const Layer& layer) const {
  if (!layer.random()) return false;
  return rate_ && layer.drops() ? rate_->drop_probability() != 0 : !layer.identity(Mode::kMonteCarlo);
}

std::size_t Inference::first_of_samples() const {
  const std::size_t random =
      std::ranges::find_if(model_.layers, [&](const auto& layer) { return IsRandom(*layer); }) - model_.layers.begin();
  if (random == layers()) return random;
  // Not later than a value that a layer behind it reads.
  std::size_t first = random;
  for (std::size_t i = layers(); i-- > 0 && i + 1 > first;) {
    first = std::min({first, model_.wiring.input[i], model_.wiring.other[i]});
  }
  return first;
}

std::size_t Inference::scratch(std::size_t rows) const {
  std::size_t most = 0;
  for (const Mode mode : {Mode::kInfer, Mode::kMonteCarlo}) {
    const std::vector<std::size_t>& cols = model_.plan(mode).cols;
    const std::size_t values = std::accumulate(cols.begin(), cols.end(), elements(0));
    most = std::max(most, rows * values + MostScratch(model_.layers, mode, rows));
  }
  return most;
}

// Value 0 first, then the plan's buffers.
float* Inference::Value(Mode mode, std::size_t value, std::size_t rows, float* scratch) const {
  const BufferPlan& plan = model_.plan(mode);
  if (plan.buffer[value] == BufferPlan::kCaller) return scratch;
  const auto end = plan.cols.begin() + static_cast<std::ptrdiff_t>(plan.buffer[value]);
  return scratch + rows * std::accumulate(plan.cols.begin(), end, elements(0));
}

void Inference::Run(Pass pass, std::size_t first, std::size_t last, Rows rows, float* scratch, float* y) const {
  pass.rate = rate_;
  const std::vector<std::size_t>& cols = model_.plan(pass.mode).cols;
  const std::size_t values = std::accumulate(cols.begin(), cols.end(), elements(0));
  const auto value_at = [&](std::size_t value) { return Value(pass.mode, value, rows.count(), scratch); };
  for (std::size_t i = first; i < last; ++i) {
    Layer& layer = *model_.layers[i];
    const std::size_t other = model_.wiring.other[i];
    const float* x = value_at(model_.wiring.input[i]);
    if (IsIdentity(layer, pass.mode) && x == value_at(i + 1)) continue;
    const LayerRegion region = model_.RegionOf(kLayerForward, pass, i, rows.count());
    const Memory memory{.scratch = scratch + rows.count() * values,
                        .other = other == Wiring::kNone ? nullptr : value_at(other)};
    layer.ForwardRows(region.pass(), rows, x, value_at(i + 1), memory);
  }
  std::copy_n(value_at(last), rows.count() * elements(last), y);
}

}  // namespace fallow::nn
