// The profile records that the runtime adds to those of kernels (fallow/profile.h).
#ifndef FALLOW_NN_PROFILE_H_
#define FALLOW_NN_PROFILE_H_

#include "fallow/profile.h"

namespace fallow::nn {

// Pass::execution and TrainingOptions::execution lead to a sink. It gets the records of all kernels called on the way,
// and one of each of the regions below, on the thread that worked on it, when it ends: so a record comes after those of
// what happened inside, and the inner ones are those of the same thread that started no earlier. `layer` and `spec`,
// valid as long as the model, are those of the layer; spec is null where there is none. `dtype` is f32.

// One layer and one block of rows: ForwardRows, BackwardRows. Elements: of the block's output.
inline constexpr const char* kLayerForward = "LayerForward";
inline constexpr const char* kLayerBackward = "LayerBackward";
// One block of a layer's ParameterGradients. Elements: of dy, the whole batch's, of which the block takes a part.
inline constexpr const char* kLayerGradients = "LayerGradients";
// One matrix product, inside one of the above. Elements: multiplications, m * n * k.
inline constexpr const char* kGemm = "Gemm";

// What takes the caller's thread from beginning to end, and encloses the layers that this thread worked on. `threads`
// is how many may have worked on them. Elements: of the batch's input; of the output (loss); of all parameters.
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
