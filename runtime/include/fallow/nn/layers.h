// The layers. Names, argument order and defaults as in Keras and PyTorch.
#ifndef FALLOW_NN_LAYERS_H_
#define FALLOW_NN_LAYERS_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fallow/activation.h"
#include "fallow/nn/attention.h"
#include "fallow/nn/convolution.h"
#include "fallow/nn/dropout_layers.h"
#include "fallow/nn/layer.h"
#include "fallow/nn/norm_layers.h"
#include "fallow/nn/sequences.h"

namespace fallow::nn {

using fallow::Activation;

std::string_view Name(Activation activation);       // "relu", "leaky_relu", "linear", …
Activation ParseActivation(std::string_view name);  // Throws Error naming the known ones.

struct DenseOptions {
  bool use_bias = true;
  float l1 = 0.0f;  // Of the weight, as the next ones: see Parameter.
  float l2 = 0.0f;
  float max_norm = 0.0f;
  bool unit_norm = false;  // Not with max_norm.
};

// The layers, one by one. All throw Error for an argument out of range.

// y = x W^T + b over the flattened sample. weight: (units, inputs). Both start uniform in +-1 / sqrt(inputs): all of
// this as PyTorch's Linear.
std::unique_ptr<Layer> MakeDense(std::size_t units, const DenseOptions& options = {});
// The same over the last dimension alone, for each of the others: (a, b, inputs) -> (a, b, units). PyTorch's Linear.
std::unique_ptr<Layer> MakeDenseLast(std::size_t units, const DenseOptions& options = {});
// Element by element. `negative_slope`, at least 0, is kLeakyReLU's. Not for kLinear, which is no layer.
std::unique_ptr<Layer> MakeActivation(Activation activation, double negative_slope = 0.01);
// exp(x - max) / sum over the sample's last dimension.
std::unique_ptr<Layer> MakeSoftmax();
// (a, b, ...) -> (a * b * ...)
std::unique_ptr<Layer> MakeFlatten();
// The same numbers, row-major, as a sample of another shape.
std::unique_ptr<Layer> MakeReshape(const Shape& shape);
// The sample's dimensions, counted from 1, in this order, as Keras's Permute: {2, 1} turns (steps, channels) into
// (channels, steps).
std::unique_ptr<Layer> MakePermute(std::vector<std::size_t> order);

// y = x, and adds l1 sum |x| + l2 sum x^2, the mean over the batch, to the objective, as Keras's
// ActivityRegularization.
std::unique_ptr<Layer> MakeActivityRegularization(double l1, double l2);

// These tie values together; see ParseLayers. What the layer with this label made, again:
std::unique_ptr<Layer> MakeFrom(std::string label);
// A named part of the model's input, which such layers take in order: of shape `shape`.
std::unique_ptr<Layer> MakeInput(std::string name, const Shape& shape);
// y = x + what the label names, of the same shape.
std::unique_ptr<Layer> MakeAdd(std::string label);
// x, then what the label names, along the first dimension of a sample.
std::unique_ptr<Layer> MakeConcat(std::string label);

// Parses a list of layers, separated by commas, such as
// "dense:128:relu,dropout:0.5,dense:64:relu:l2=1e-4,dropout:0.3,dense:10":
//   dense:UNITS[:ACTIVATION][:l1=X][:l2=X][:max_norm=X][:unit_norm=1][:bias=0]
//   dense_last:UNITS and the rest as for dense
//   relu   leaky_relu[:NEGATIVE_SLOPE]   elu   selu   gelu   silu   sigmoid   tanh   softmax
//   flatten   reshape:SHAPE   permute:DxD
//   conv2d:FILTERS:KERNEL[:ACTIVATION][:stride=S][:padding=P|:padding=same][:dilation=D][:groups=G] and dense's options
//   maxpool2d:KERNEL[:stride=S][:padding=P]   avgpool2d:KERNEL[:stride=S][:padding=P][:count_include_pad=0]
//   conv1d, maxpool1d, avgpool1d, likewise
//   global_avgpool[:keepdims=1]   global_maxpool[:keepdims=1]
//   embedding:VOCABULARY:DIM[:dropout=P][:padding=TOKEN]
//   lstm:UNITS[:sequences=1][:bidirectional=1][:dropout=P][:recurrent_dropout=P][:zoneout=P][:weight_dropout=P][:mask=1]
//   gru:UNITS and the rest as for lstm
//   attention:HEADS[:dropout=RATE][:causal=1][:bias=0]
//   transformer:DIM:HEADS:FEED_FORWARD[:dropout=RATE][:activation=NAME][:causal=1]
//   batch_norm[:momentum=X][:eps=X]   layer_norm[:eps=X]
//   dropout:RATE[:noise_shape=SHAPE]   spatial_dropout1d:RATE   spatial_dropout2d:RATE   drop_path:RATE
//   alpha_dropout:RATE   feature_alpha_dropout:RATE   gaussian_dropout:RATE   gaussian_noise:STDDEV
//   drop_block2d:RATE:BLOCK_SIZE   dropconnect:UNITS:RATE and the rest as for dense
//   concrete_dropout[:rate=X][:temperature=X][:weight_regularizer=X][:dropout_regularizer=X]
//   activity_regularization[:l1=X][:l2=X]
// KERNEL, S, P and D are a number, or in two dimensions HEIGHTxWIDTH. `dense:N:relu` stands for the two layers
// "dense:N" and "relu", as in PyTorch, and "linear" for none.
//   add:LABEL   concat:LABEL   from:LABEL   input:NAME:SHAPE
// make a graph of the chain: "@LABEL" behind a layer names what it makes, and "input" is the model's input. So
// "dense:64:relu@a,dropout:0.5,dense:64,add:a,relu,dense:10" has a connection around two layers; and
// "input:image:28x28,flatten,dense:64:relu@image,input:age:1,dense:8:relu,concat:image,dense:2" two inputs, which are
// one row of 785 numbers. Throws Error naming the position and the text at fault.
std::vector<std::unique_ptr<Layer>> ParseLayers(std::string_view list);

}  // namespace fallow::nn

#endif  // FALLOW_NN_LAYERS_H_
