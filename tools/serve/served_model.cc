#include "tools/serve/served_model.h"

#include <map>
#include <utility>

#include "fallow/nn/model_file.h"
#include "fallow/nn/onnx_file.h"
#include "tools/command/command.h"
#include "tools/command/text.h"
#include "tools/command/trained_model.h"

namespace fallow::serve {
namespace {

// Outputs that are probabilities already.
nn::Loss LossOfLastLayer(const nn::Sequential& model) { return nn::Loss::kMeanSquaredError; }

}  // namespace
}  // namespace fallow::serve
