// Constants that are pieces of others.
#ifndef FALLOW_RUNTIME_ONNX_PIECE_FOLDING_H_
#define FALLOW_RUNTIME_ONNX_PIECE_FOLDING_H_

#include <onnx/onnx_pb.h>

#include "runtime/onnx/constants.h"

namespace fallow::nn::onnx_io {

// As Fold, of a node with one output.
void FoldPieces(const ::onnx::NodeProto& node, Constants* constants);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_PIECE_FOLDING_H_
