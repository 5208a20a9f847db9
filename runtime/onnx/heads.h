// What is known of the values inside of an attention.
#ifndef FALLOW_RUNTIME_ONNX_HEADS_H_
#define FALLOW_RUNTIME_ONNX_HEADS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/onnx/view.h"

namespace fallow::nn::onnx_io {

// The queries, keys or values of all heads: head h of position t has in its column j unit first + h head_stride + j
// column_stride of a dense layer.
struct Heads {
  std::size_t of = 0;  // The layer's value.
  std::int64_t first = 0;
  std::int64_t head_stride = 0, column_stride = 0;
  std::int64_t heads = 1, positions = 1, columns = 1;
  float scale = 1;
  // The axes before positions and columns, as sizes of runs; 0 for the samples.
  std::vector<std::vector<std::int64_t>> before = {};
};

// Products of queries and keys; once `weights`, their softmax.
struct HeadScores {
  Heads queries, keys;
  float scale = 1;
  bool causal = false;
  bool weights = false;
  double dropout = 0;
};

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_HEADS_H_
