// Multi-head self-attention.
#ifndef FALLOW_NN_ATTENTION_H_
#define FALLOW_NN_ATTENTION_H_

#include <cstddef>
#include <memory>

#include "fallow/nn/layer.h"

namespace fallow::nn {

struct AttentionOptions {
  double dropout = 0.0;  // Of the attention weights.
  bool causal = false;   // Position i sees positions 0 to i alone.
  bool use_bias = true;
};

// Over samples of shape (T, D), D a multiple of `heads`. With x of one sample, and head h the columns of q, k and v
// from h D / heads on:
//
//   (q k v) = x in_proj^T + bias;   a_h = dropout(softmax(q_h k_h^T / sqrt(D / heads)));   y = (a_1 v_1 ...) out_proj^T
//   + bias
//
// Names, layout and initial values as PyTorch's MultiheadAttention: in_proj_weight (3 D, D), in_proj_bias,
// out_proj.weight (D, D), out_proj.bias. The mask of the weights is that of MaskKey{pass.seed, StreamOf(layer index,
// pass.step)}, elements counted over (row, head, query, key).
// Source: Vaswani et al., "Attention is all you need", NeurIPS 2017. Throws Error for an argument out of range.
std::unique_ptr<Layer> MakeAttention(std::size_t heads, const AttentionOptions& options = {});

}  // namespace fallow::nn

#endif  // FALLOW_NN_ATTENTION_H_
