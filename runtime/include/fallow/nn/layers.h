// The layers. Names, argument order and defaults as in Keras and PyTorch.
#ifndef FALLOW_NN_LAYERS_H_
#define FALLOW_NN_LAYERS_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fallow/activation.h"
#include "fallow/nn/layer.h"
#include "fallow/rate.h"

namespace fallow::nn {

using fallow::Activation;

std::string_view Name(Activation activation);       // "relu", "leaky_relu", "linear", …
Activation ParseActivation(std::string_view name);  // Throws Error naming the known ones.

struct DenseOptions {
  bool use_bias = true;
  float l1 = 0.0f;  // Of the weight, as the next two: see Parameter.
  float l2 = 0.0f;
  float max_norm = 0.0f;
};

// The layers, one by one. All throw Error for an argument out of range.

// y = x W^T + b over the flattened sample. weight: (units, inputs). Both start uniform in +-1 / sqrt(inputs): all of
// this as PyTorch's Linear.
std::unique_ptr<Layer> MakeDense(std::size_t units, const DenseOptions& options = {});
// Element by element. `negative_slope`, at least 0, is kLeakyReLU's. Not for kLinear, which is no layer.
std::unique_ptr<Layer> MakeActivation(Activation activation, double negative_slope = 0.01);
// exp(x - max) / sum over the sample's last dimension.
std::unique_ptr<Layer> MakeSoftmax();
// Inverted dropout (fallow/dropout.h) with probability `rate` of dropping an element; the identity in inference. Its
// mask is that of MaskKey{pass.seed, StreamOf(layer index, pass.step)}, elements counted from row 0 of the data set or
// request.
std::unique_ptr<Layer> MakeDropout(double rate);
// (a, b, ...) -> (a * b * ...)
std::unique_ptr<Layer> MakeFlatten();

// Parses a list of layers, separated by commas:
//   dense:UNITS[:ACTIVATION][:l1=X][:l2=X][:max_norm=X][:bias=0]   dropout:RATE   flatten
//   relu   leaky_relu[:NEGATIVE_SLOPE]   elu   selu   gelu   silu   sigmoid   tanh   softmax
// such as "dense:128:relu,dropout:0.5,dense:64:relu:l2=1e-4,dropout:0.3,dense:10". `dense:N:relu` stands for the two
// layers "dense:N" and "relu", as in PyTorch, and "linear" for none. Throws Error naming the position and the
// text at fault.
std::vector<std::unique_ptr<Layer>> ParseLayers(std::string_view list);

}  // namespace fallow::nn

#endif  // FALLOW_NN_LAYERS_H_
