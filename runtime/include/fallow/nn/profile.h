// The profile records that the runtime adds to those of kernels (fallow/profile.h).
#ifndef FALLOW_NN_PROFILE_H_
#define FALLOW_NN_PROFILE_H_

#include "fallow/profile.h"

namespace fallow::nn {

// Pass::execution and TrainingOptions::execution lead to a sink. It gets the records of all kernels called on the way,
// and one of each of the regions below when it ends, on the thread that began it; so a thread's records come after
// those of what happened inside. `dtype` is f32.

// One layer and one block of rows: ForwardRows, BackwardRows. Elements: of the block's output.
inline constexpr const char* kLayerForward = "LayerForward";
inline constexpr const char* kLayerBackward = "LayerBackward";
// One block of a layer's ParameterGradients. Elements: of dy, the whole batch's, of which the block takes a part.
inline constexpr const char* kLayerGradients = "LayerGradients";
// These three, and the records of everything inside of them, on whatever thread, have `layer`, the layer's index,
// `spec`, valid as long as the model, and `pass`, one of these three.

// One matrix product, or a part of one, in a layer. Elements: multiplications, m * n * k.
inline constexpr const char* kGemm = "Gemm";
// A product that several threads may share, around the parts that the layer's thread computes. Elements: likewise.
inline constexpr const char* kProductInParts = "ProductInParts";

// Rows of a block that go through a layer's steps on several threads, around the parts that the layer's thread runs.
// Elements: rows.
inline constexpr const char* kRowsInParts = "RowsInParts";

// What takes the caller's thread from beginning to end. `threads` is how many may have worked on it. Elements: of the
// batch's input; of the output (loss); of all parameters.
inline constexpr const char* kForward = "Forward";
inline constexpr const char* kBackward = "Backward";
inline constexpr const char* kLoss = "Loss";
inline constexpr const char* kOptimizerStep = "OptimizerStep";
// A part of the parameters, on whatever thread, during an OptimizerStep.
inline constexpr const char* kOptimizerPiece = "OptimizerPiece";
// Train puts the rows of the next batch together. Elements: of its input.
inline constexpr const char* kSelectBatch = "SelectBatch";

}  // namespace fallow::nn

#endif  // FALLOW_NN_PROFILE_H_
