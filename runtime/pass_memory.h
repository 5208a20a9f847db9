// The memory of one pass over a model: values between layers, and what layers are lent.
#ifndef FALLOW_RUNTIME_PASS_MEMORY_H_
#define FALLOW_RUNTIME_PASS_MEMORY_H_

#include <algorithm>
#include <cstddef>
#include <vector>

#include "fallow/nn/layer.h"
#include "fallow/nn/tensor.h"
#include "runtime/buffer_plan.h"
#include "runtime/wiring.h"

namespace fallow::nn {

// Buffers that follow a plan.
class Buffers {
 public:
  void Resize(const BufferPlan& plan, std::size_t rows) {
    if (tensors_.size() < plan.cols.size()) tensors_.resize(plan.cols.size());
    for (std::size_t b = 0; b < plan.cols.size(); ++b) tensors_[b].Resize(rows, Shape{plan.cols[b]});
  }

  Tensor& operator[](std::size_t buffer) { return tensors_[buffer]; }

  // Row `row`, the first of its block, of value `i`; `caller` is what the plan calls kCaller.
  const float* Read(const BufferPlan& plan, std::size_t i, std::size_t row, const Tensor& caller) {
    if (plan.buffer[i] == BufferPlan::kCaller) return caller.data() + row * caller.cols();
    return Write(plan, i, row);
  }
  float* Write(const BufferPlan& plan, std::size_t i, std::size_t row) {
    return tensors_[plan.buffer[i]].data() + row * plan.cols[plan.buffer[i]];
  }

 private:
  std::vector<Tensor> tensors_;
};

// Pieces of scratch memory that different threads may use at once.
class Scratch {
 public:
  void Resize(std::size_t pieces, std::size_t elements) {
    constexpr std::size_t kCacheLine = 16;  // Of float. No two pieces share one.
    elements = (elements + kCacheLine - 1) / kCacheLine * kCacheLine;
    memory_.Resize(pieces, Shape{elements});
  }

  float* operator[](std::size_t piece) { return memory_.data() + piece * memory_.cols(); }

 private:
  Tensor memory_;
};

// The most scratch that any of the layers wants for one call on `rows` rows.
inline std::size_t MostScratch(Layers layers, Mode mode, std::size_t rows) {
  std::size_t most = 0;
  for (const auto& layer : layers) most = std::max(most, layer->scratch(mode, rows));
  return most;
}

// What the layers save for the backward pass.
class SavedValues {
 public:
  void Resize(Layers layers, std::size_t rows) {
    if (tensors_.size() < layers.size()) tensors_.resize(layers.size());
    for (std::size_t i = 0; i < layers.size(); ++i) tensors_[i].Resize(rows, Shape{layers[i]->saved()});
  }

  float* Of(std::size_t layer, std::size_t row) { return tensors_[layer].data() + row * tensors_[layer].cols(); }

 private:
  std::vector<Tensor> tensors_;
};

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_PASS_MEMORY_H_
