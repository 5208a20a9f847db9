// What a model is made of: its layers, how they are tied together, and the memory of a pass.
#ifndef FALLOW_RUNTIME_MODEL_IMPL_H_
#define FALLOW_RUNTIME_MODEL_IMPL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fallow/nn/model.h"
#include "runtime/buffer_plan.h"
#include "runtime/pass_memory.h"
#include "runtime/region.h"
#include "runtime/wiring.h"

namespace fallow::nn {

// Piece of the loop that computes parameter gradients.
struct GradientPiece {
  std::size_t layer;
  std::size_t block;
};

// Where a layer writes the gradient of a value it read.
struct GradientTarget {
  float* written = nullptr;  // Null: nobody needs it.
  float* sum = nullptr;      // Not null: what has been written then belongs to this sum.
  std::size_t count = 0;

  void Add() const {
    if (sum == nullptr) return;
    for (std::size_t j = 0; j < count; ++j) sum[j] += written[j];
  }
};

struct Model::Impl {
  Impl(const Shape& input_shape, std::vector<std::unique_ptr<Layer>> given, std::uint64_t seed);

  void BuildLayers(std::uint64_t seed);
  void PlanBuffers();
  void PlanBlocks();
  bool SetRate(std::size_t i, const Rate& rate);
  void TellWhatIsNext();  // See Layer::SetNext.
  void CheckRows(std::uint64_t first_row, std::size_t rows) const;
  void CheckInput(const Pass& pass, const Tensor& x) const;
  void CheckValues(const Tensor& x) const;
  void Forward(const Pass& pass, Region& region, const Tensor& x);
  void ForwardBlock(const Pass& pass, std::size_t first, std::size_t last, std::size_t block, const Tensor& x);
  void Backward(const Pass& pass, Region& region, const Tensor& x, const Tensor& dy);
  void BackwardBlock(const Pass& pass, std::size_t first, std::size_t last, std::size_t block, const Tensor& x,
                     const Tensor& dy);
  void ParameterGradients(const Pass& pass, Region& region, const Tensor& x, const Tensor& dy);
  GradientTarget TargetOf(std::size_t value, std::size_t i, Rows rows, std::size_t block, std::size_t side);
  void ResizeScratch(Mode mode, std::size_t rows);

  std::size_t size() const { return layers.size(); }
  const Shape& output_shape() const { return shapes.back(); }
  // Of layer i and `rows` rows.
  LayerRegion RegionOf(const char* operation, const Pass& pass, std::size_t i, std::size_t rows) const {
    return {operation, rows * shapes[i + 1].elements(), pass, i, specs[i].c_str()};
  }
  const BufferPlan& plan(Mode mode) const { return value_plans[static_cast<std::size_t>(mode)]; }

  std::vector<std::unique_ptr<Layer>> layers;
  Wiring wiring;
  std::vector<std::string> specs;  // Of the layers, for profile records.
  std::vector<Shape> shapes;       // Of value i; see BufferPlan.
  std::size_t max_cols = 1;
  std::uint64_t max_mask = 1;     // Elements of the largest mask for a row.
  std::size_t first_trained = 0;  // The first layer that learns; nothing before it needs gradients.
  std::array<BufferPlan, 3> value_plans;
  BufferPlan gradient_plan;
  std::vector<GradientPiece> gradient_pieces;
  std::vector<std::size_t> block_rows;  // Of each layer: how many a block has at most.

  Buffers values;
  Buffers gradients;
  SavedValues saved;
  Scratch scratch;                   // Of each row block, then of each gradient piece.
  std::size_t layer_scratch = 0;     // Of it, a layer's part in training. Behind that, room for two gradients to add,
  std::size_t gradient_scratch = 0;  // each of so many elements.
  const Tensor* trained_input = nullptr;  // Of the Forward that Backward may follow.
};

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_MODEL_IMPL_H_
