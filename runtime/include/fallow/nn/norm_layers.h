// Layers that normalise. Formulas, names and defaults as in PyTorch.
#ifndef FALLOW_NN_NORM_LAYERS_H_
#define FALLOW_NN_NORM_LAYERS_H_

#include <memory>

#include "fallow/nn/layer.h"

namespace fallow::nn {

struct BatchNormOptions {
  double momentum = 0.1;  // Of the batch, in running statistics. In [0, 1].
  double eps = 1e-5;      // At least 0.
};

// Source: Ioffe, Szegedy, "Batch normalization", ICML 2015. As PyTorch's BatchNorm1d, 2d and 3d.
//
//   y = (x - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c]
//
// for the channels c of samples {C} or {C, ...}. In training mean and var are those of the batch, over its rows and the
// positions of a channel, var divided by their number n; and then
//
//   running_mean = (1 - momentum) * running_mean + momentum * mean
//   running_var  = (1 - momentum) * running_var  + momentum * var * n / (n - 1)
//
// which take the places of mean and var in the other modes. Where n is 1, which PyTorch refuses, y is the bias and
// running_var stays as it is. weight and running_var start at 1, bias and running_mean at 0; all have C elements. Sums
// are taken in double. Throws Error for an option out of range.
std::unique_ptr<Layer> MakeBatchNorm(const BatchNormOptions& options = {});

// Source: Ba, Kiros, Hinton, "Layer normalization", arXiv 1607.06450, 2016. As PyTorch's LayerNorm over the last
// dimension of a sample, of D elements: mean and var are those of D elements in all modes; weight and bias have D.
// Throws Error unless eps is at least 0.
std::unique_ptr<Layer> MakeLayerNorm(double eps = 1e-5);

}  // namespace fallow::nn

#endif  // FALLOW_NN_NORM_LAYERS_H_
