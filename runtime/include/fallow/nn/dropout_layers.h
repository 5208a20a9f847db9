// The dropout family as layers, thin over the kernels of the same names.
//
// Common to all but where it says otherwise: in inference the identity; in training and in kMonteCarlo the element or
// channel of a sample is drawn from MaskKey{pass.seed, StreamOf(layer index, pass.step)}, counted from row 0 of the
// data set or request; Pass::rate replaces the rate. Text forms as for ParseLayers. All throw Error for an argument out
// of range, and from Plan for a shape that does not fit.
#ifndef FALLOW_NN_DROPOUT_LAYERS_H_
#define FALLOW_NN_DROPOUT_LAYERS_H_

#include <cstddef>
#include <memory>

#include "fallow/nn/layer.h"
#include "fallow/nn/tensor.h"

namespace fallow::nn {

// Inverted dropout (fallow/dropout.h) with probability `rate` of dropping an element.
std::unique_ptr<Layer> MakeDropout(double rate);
// The same with one decision for all elements along the dimensions of a sample whose size in `noise_shape` is 1, as
// Keras's noise_shape: its other sizes are the sample's (fallow/broadcast.h). For a sequence {T, features}, 1 x
// features is the locked mask of variational dropout.
std::unique_ptr<Layer> MakeDropout(double rate, const Shape& noise_shape);

// Whole channels of {C, L} and of {C, H, W}, as PyTorch's Dropout1d and Dropout2d, Keras's SpatialDropout.
std::unique_ptr<Layer> MakeSpatialDropout1D(double rate);
std::unique_ptr<Layer> MakeSpatialDropout2D(double rate);

// The whole sample: of a branch that an `add` joins, so that the network is less deep for it. Stochastic depth, as
// torchvision's in its row mode. Source: Huang et al., "Deep networks with stochastic depth", ECCV 2016.
std::unique_ptr<Layer> MakeDropPath(double rate);

// For self-normalising networks (fallow/alpha_dropout.h): element by element, and whole channels of {C, ...}.
std::unique_ptr<Layer> MakeAlphaDropout(double rate);
std::unique_ptr<Layer> MakeFeatureAlphaDropout(double rate);

// Multiplies by normal numbers of mean 1 and variance rate / (1 - rate), as Keras's (fallow/gaussian.h). `rate` is less
// than 1; where Pass::rate is 1, which has no such variance, all becomes 0 as with dropout.
std::unique_ptr<Layer> MakeGaussianDropout(double rate);
// Adds normal numbers of deviation `stddev`, as Keras's. Pass::rate does not change it.
std::unique_ptr<Layer> MakeGaussianNoise(double stddev);

// Drops squares of block_size x block_size of each channel of {C, H, W} (fallow/drop_block.h), as torchvision's
// DropBlock2d. Each sample is scaled by its own share of kept elements, so that it does not depend on its batch. The
// paper's schedule, a rate that grows during training, is not the layer's.
std::unique_ptr<Layer> MakeDropBlock2D(double rate, std::size_t block_size);

// A dense layer (layers.h) whose weights are dropped instead of its inputs, scaled by 1 / (1 - rate).
// Source: Wan et al., "Regularization of neural networks using DropConnect", ICML 2013.
// In training all rows of a batch share one mask a step, over the weight from element 0 on: one product, as in
// PyTorch's own weight-dropped networks. In kMonteCarlo each row has a mask of its own, so that a prediction does not
// depend on its batch; it costs a product with one row, and a mask as large as the weight, for each. Inference uses all
// weights.
struct DenseOptions;
std::unique_ptr<Layer> MakeDropConnect(std::size_t units, double rate, const DenseOptions& options);

struct ConcreteDropoutOptions {
  double rate = 0.1;  // To start with.
  double temperature = 0.1;
  double weight_regularizer = 1e-6;
  double dropout_regularizer = 1e-5;
};

// Learns its rate p = sigmoid(p_logit), the one parameter (fallow/concrete_dropout.h). Defaults and regularisation are
// those of the authors' code: the objective that gradients and updates are of also has
//
//   weight_regularizer * sum w^2 / (1 - p) + dropout_regularizer * n (p log p + (1 - p) log(1 - p))
//
// with n the elements of a sample, and w the weight of the next layer that has parameters, as an L2 penalty beside its
// own. For N training samples and a mean loss, the paper's are l^2 / N, with l the prior's length scale, and 2 / N for
// a Gaussian likelihood or 1 / N for a class's. p stays within 2^-24 of 0 and 1. Has no weight decay. Where Pass::rate
// is 0 or 1, all is kept or dropped. Source: Gal, Hron, Kendall, "Concrete dropout", NeurIPS 2017.
std::unique_ptr<Layer> MakeConcreteDropout(const ConcreteDropoutOptions& options = {});

}  // namespace fallow::nn

#endif  // FALLOW_NN_DROPOUT_LAYERS_H_
