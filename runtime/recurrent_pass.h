// A recurrent layer's passes over one part of a batch: see RowParts.
#ifndef FALLOW_RUNTIME_RECURRENT_PASS_H_
#define FALLOW_RUNTIME_RECURRENT_PASS_H_

#include <cstddef>
#include <span>

#include "fallow/nn/layer.h"
#include "runtime/recurrent_memory.h"

namespace fallow::nn {

// Of one direction, as they are used: weight_hh after its dropout.
struct RecurrentWeights {
  const float* weight_ih;
  const float* weight_hh;
  const float* bias_ih;
  const float* bias_hh;
};

struct RecurrentPart {
  const RecurrentSpec& spec;
  std::span<const RecurrentWeights> weights;
  const Pass& pass;
  Rows rows;  // Of the batch.
};

// Arguments as Layer's, from the part's first row on; `memory.scratch` is the part's own.
void RecurrentForward(const RecurrentPart& part, const float* x, float* y, const Memory& memory);
void RecurrentBackward(const RecurrentPart& part, const float* dy, float* dx, const Memory& memory);

// Rows `unit` to `unit` + `count` of gate `gate`, of a direction's weights and biases: where their gradients are.
struct RecurrentGradients {
  std::size_t direction = 0;
  std::size_t gate = 0;
  std::size_t unit = 0;
  std::size_t count = 0;
  float* weight_ih = nullptr;
  float* weight_hh = nullptr;
  float* bias_ih = nullptr;
  float* bias_hh = nullptr;
};

// Adds the share of a part of `rows` rows, after its backward pass, from what it saved.
void AddRecurrentGradients(const RecurrentSpec& spec, const Pass& pass, std::size_t rows,
                           const RecurrentGradients& gradients, float* saved);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_RECURRENT_PASS_H_
