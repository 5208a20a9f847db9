// Forward and backward passes over a model's row blocks.
#include <algorithm>
#include <cstddef>

#include "runtime/model_impl.h"
#include "runtime/row_blocks.h"

namespace fallow::nn {

// Row blocks go through the layers from one that needs the batch, or blocks of another size, to before the next.
void Model::Impl::Forward(const Pass& pass, Region& region, const Tensor& x) {
  const auto waits = [&](const auto& layer) { return pass.mode == Mode::kTrain && layer->needs_batch(); };
  for (std::size_t first = 0; first < size();) {
    if (waits(layers[first])) {
      const LayerRegion of_layer = RegionOf(kLayerForward, pass, first, x.rows());
      layers[first]->BeginForward(of_layer.pass(), x.rows(), values.Read(plan(pass.mode), wiring.input[first], 0, x),
                                  {.saved = saved.Of(first, 0), .scratch = scratch[0]});
    }
    std::size_t last = first + 1;
    const std::size_t most = block_rows[first];
    while (last < size() && !waits(layers[last]) && block_rows[last] == most) ++last;
    const RowBlocks blocks(x.rows(), most);
    const Pass inner = InTask(pass, blocks.count());
    region.Run(blocks.count(), [&](std::size_t block) { ForwardBlock(inner, first, last, block, x); });
    first = last;
  }
}

void Model::Impl::ForwardBlock(const Pass& pass, std::size_t first, std::size_t last, std::size_t block,
                               const Tensor& x) {
  const BufferPlan& buffers = plan(pass.mode);
  const Rows rows = RowBlocks(x.rows(), block_rows[first])[block];
  for (std::size_t i = first; i < last; ++i) {
    const std::size_t input = wiring.input[i], other = wiring.other[i];
    // The plan copies only a last identity whose input is the caller's.
    if (IsIdentity(*layers[i], pass.mode) && buffers.buffer[input] == buffers.buffer[i + 1]) continue;
    const LayerRegion region = RegionOf(kLayerForward, pass, i, rows.count());
    const Memory memory{.saved = pass.mode == Mode::kTrain ? saved.Of(i, rows.begin) : nullptr,
                        .scratch = scratch[block],
                        .other = other == Wiring::kNone ? nullptr : values.Read(buffers, other, rows.begin, x)};
    layers[i]->ForwardRows(region.pass(), rows, values.Read(buffers, input, rows.begin, x),
                           values.Write(buffers, i + 1, rows.begin), memory);
  }
}

void Model::Impl::Backward(const Pass& pass, Region& region, const Tensor& x, const Tensor& dy) {
  for (std::size_t last = size(); last > first_trained;) {
    if (layers[last - 1]->needs_batch()) {
      const LayerRegion of_layer = RegionOf(kLayerBackward, pass, last - 1, x.rows());
      layers[last - 1]->BeginBackward(
          of_layer.pass(), x.rows(), values.Read(plan(Mode::kTrain), wiring.input[last - 1], 0, x),
          gradients.Read(gradient_plan, last, 0, dy), {.saved = saved.Of(last - 1, 0), .scratch = scratch[0]});
    }
    std::size_t first = last - 1;
    const auto joins = [&](std::size_t i) {
      return !layers[i]->needs_batch() && block_rows[i] == block_rows[last - 1];
    };
    while (first > first_trained && joins(first - 1)) --first;
    const RowBlocks blocks(x.rows(), block_rows[first]);
    const Pass inner = InTask(pass, blocks.count());
    region.Run(blocks.count(), [&](std::size_t block) { BackwardBlock(inner, first, last, block, x, dy); });
    last = first;
  }
}

void Model::Impl::BackwardBlock(const Pass& pass, std::size_t first, std::size_t last, std::size_t block,
                                const Tensor& x, const Tensor& dy) {
  const BufferPlan& buffers = plan(Mode::kTrain);
  const Rows rows = RowBlocks(x.rows(), block_rows[first])[block];
  for (std::size_t i = last; i-- > first;) {
    const std::size_t input = wiring.input[i], other = wiring.other[i];
    if (IsIdentity(*layers[i], Mode::kTrain) && gradient_plan.buffer[input] == gradient_plan.buffer[i + 1]) continue;
    const GradientTarget dx = TargetOf(input, i, rows, block, 0);
    const GradientTarget other_gradient = TargetOf(other, i, rows, block, 1);
    // A layer before all that learn may still leave something to ParameterGradients.
    if (dx.written == nullptr && other_gradient.written == nullptr && layers[i]->saved() == 0) continue;
    const LayerRegion region = RegionOf(kLayerBackward, pass, i, rows.count());
    layers[i]->BackwardRows(region.pass(), rows, values.Read(buffers, input, rows.begin, x),
                            values.Read(buffers, i + 1, rows.begin, x),
                            gradients.Read(gradient_plan, i + 1, rows.begin, dy), dx.written,
                            {.saved = saved.Of(i, rows.begin),
                             .scratch = scratch[block],
                             .other_gradient = other_gradient.written,
                             .batch_rows = x.rows()});
    dx.Add();
    other_gradient.Add();
  }
}

// Of the value that layer `i` reads, as its x (`side` 0) or its other (1).
GradientTarget Model::Impl::TargetOf(std::size_t value, std::size_t i, Rows rows, std::size_t block, std::size_t side) {
  if (value == Wiring::kNone || value <= first_trained) return {};
  float* gradient = gradients.Write(gradient_plan, value, rows.begin);
  const bool again = side == 1 && value == wiring.input[i];
  if (wiring.IsLastReader(value, i) && !again) return {.written = gradient};
  return {.written = scratch[block] + layer_scratch + side * gradient_scratch,
          .sum = gradient,
          .count = rows.count() * shapes[value].elements()};
}

void Model::Impl::ParameterGradients(const Pass& pass, Region& region, const Tensor& x, const Tensor& dy) {
  const Pass inner = InTask(pass, gradient_pieces.size());
  region.Run(gradient_pieces.size(), [&](std::size_t p) {
    const auto [layer, block] = gradient_pieces[p];
    const LayerRegion of_piece = RegionOf(kLayerGradients, inner, layer, x.rows());
    layers[layer]->ParameterGradients(
        of_piece.pass(), block, x.rows(), values.Read(plan(Mode::kTrain), wiring.input[layer], 0, x),
        gradients.Read(gradient_plan, layer + 1, 0, dy), {.saved = saved.Of(layer, 0), .scratch = scratch[p]});
  });
}

}  // namespace fallow::nn
