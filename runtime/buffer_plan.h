// Which memory each value of a model lives in.
#ifndef FALLOW_RUNTIME_BUFFER_PLAN_H_
#define FALLOW_RUNTIME_BUFFER_PLAN_H_

#include <cstddef>
#include <span>
#include <vector>

#include "fallow/nn/layer.h"
#include "runtime/wiring.h"

namespace fallow::nn {

struct BufferPlan {
  static constexpr std::size_t kCaller = static_cast<std::size_t>(-1);  // The caller's memory: read, never written.

  std::vector<std::size_t> buffer;  // Of value i: kCaller, or an index into `cols`.
  std::vector<std::size_t> cols;    // Elements a row of each buffer.
};

// Whether the plan takes the layer as changing nothing in `mode`. In kMonteCarlo, whose rates may be replaced, no layer
// that drops is.
bool IsIdentity(const Layer& layer, Mode mode);

// `cols[i]`: elements a row of value i; `block_rows[i]`: rows a block that goes through layer i. Value 0 is the
// caller's, the last one has buffer 0 to itself. In kTrain all that the backward pass reads is left intact; in the
// other modes values share as few buffers as can be: two more, for a chain. A row block that begins at row r begins r *
// plan.cols[b] elements into buffer b, and within a block rows are packed. So a value that blocks of other rows read
// than wrote it has a buffer to itself.
BufferPlan PlanValues(Layers layers, const Wiring& wiring, std::span<const std::size_t> cols,
                      std::span<const std::size_t> block_rows, Mode mode);

// The same for the gradients of values `first` + 1 to the last, which is the caller's. Gradients that
// ParameterGradients reads stay intact. The gradient of a value that is no link (see Wiring) has a buffer to itself.
BufferPlan PlanGradients(Layers layers, const Wiring& wiring, std::span<const std::size_t> cols, std::size_t first);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_BUFFER_PLAN_H_
