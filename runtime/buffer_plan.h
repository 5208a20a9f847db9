// Which memory each value between layers lives in.
#ifndef FALLOW_RUNTIME_BUFFER_PLAN_H_
#define FALLOW_RUNTIME_BUFFER_PLAN_H_

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "fallow/nn/layer.h"

namespace fallow::nn {

// Value i is the input of layer i, and the output of layer i - 1.
struct BufferPlan {
  static constexpr std::size_t kCaller = static_cast<std::size_t>(-1);  // The caller's memory: read, never written.

  std::vector<std::size_t> buffer;  // Of value i: kCaller, or an index into `cols`.
  std::vector<std::size_t> cols;    // Elements a row of each buffer.
};

using Layers = std::span<const std::unique_ptr<Layer>>;

// `cols[i]`: elements a row of value i. Value 0 is the caller's, the last one has buffer 0 to itself. In kTrain all
// that the backward pass reads is left intact; in the other modes two more buffers serve all values in turn. A row
// block that begins at row r begins r * plan.cols[b] elements into buffer b, and within a block rows are packed.
BufferPlan PlanValues(Layers layers, std::span<const std::size_t> cols, Mode mode);

// The same for the gradients of values `first` + 1 to the last, which is the caller's. Gradients that
// ParameterGradients reads stay intact.
BufferPlan PlanGradients(Layers layers, std::span<const std::size_t> cols, std::size_t first);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_BUFFER_PLAN_H_
