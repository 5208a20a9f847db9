// Convolutions and pooling: windows that slide over images of shape {channels, height, width} or sequences of shape
// {channels, length}. A shape without its first dimension, such as {28, 28}, is one channel. Layouts, defaults and
// arithmetic as PyTorch's.
#ifndef FALLOW_NN_CONVOLUTION_H_
#define FALLOW_NN_CONVOLUTION_H_

#include <cstddef>
#include <memory>

#include "fallow/nn/layer.h"

namespace fallow::nn {

struct Size2D {
  std::size_t height = 0;
  std::size_t width = 0;
  bool operator==(const Size2D&) const = default;
};

struct Conv2DOptions {
  Size2D stride = {1, 1};
  Size2D padding = {0, 0};  // Zeros before and behind, each.
  // Instead of a padding: as many zeros as make the output as large as the input, an odd one behind. Only for stride 1.
  bool same_padding = false;
  Size2D dilation = {1, 1};  // Distance between the elements of a window.
  std::size_t groups = 1;    // Each has its part of the channels and of the filters; both must be divisible.
  bool use_bias = true;
  float l1 = 0.0f;  // Of the weight, as the next two: see Parameter. A row is a filter.
  float l2 = 0.0f;
  float max_norm = 0.0f;
};

struct Conv1DOptions {
  std::size_t stride = 1;
  std::size_t padding = 0;
  bool same_padding = false;
  std::size_t dilation = 1;
  std::size_t groups = 1;
  bool use_bias = true;
  float l1 = 0.0f;
  float l2 = 0.0f;
  float max_norm = 0.0f;
};

// All Make functions throw Error for an argument out of range.

// y[f][i][j] = b[f] + sum over c, u, v of weight[f][c][u][v] x[c][i * stride + u * dilation - padding][…], x being 0
// outside. {channels, height, width} -> {filters, (height + 2 padding - dilation (kernel - 1) - 1) / stride + 1, …}.
// weight: filters rows of (channels / groups, kernel.height, kernel.width). Weight and bias start uniform in
// +-1 / sqrt(row length).
std::unique_ptr<Layer> MakeConv2D(std::size_t filters, Size2D kernel, const Conv2DOptions& options = {});
// The same along one dimension.
std::unique_ptr<Layer> MakeConv1D(std::size_t filters, std::size_t kernel, const Conv1DOptions& options = {});

struct Pool2DOptions {
  Size2D stride = {0, 0};   // 0: the kernel's, as for every number.
  Size2D padding = {0, 0};  // Before and behind, each; at most half of the kernel.
  // Of averages: whether the padding counts, as zeros. If not, windows at the border are means of fewer numbers.
  bool count_include_pad = true;
};

struct Pool1DOptions {
  std::size_t stride = 0;
  std::size_t padding = 0;
  bool count_include_pad = true;
};

// The largest number of each window, channel by channel: {channels, height, width} ->
// {channels, (height + 2 padding - kernel) / stride + 1, …}. Padding is less than any number. NaN if one is. The
// gradient goes to the first largest.
std::unique_ptr<Layer> MakeMaxPool2D(Size2D kernel, const Pool2DOptions& options = {});
std::unique_ptr<Layer> MakeMaxPool1D(std::size_t kernel, const Pool1DOptions& options = {});
// The mean of each window, likewise.
std::unique_ptr<Layer> MakeAvgPool2D(Size2D kernel, const Pool2DOptions& options = {});
std::unique_ptr<Layer> MakeAvgPool1D(std::size_t kernel, const Pool1DOptions& options = {});

// The largest number, or the mean, of each channel, of any number of dimensions: {channels, …} -> {channels}, or to
// {channels, 1, …} with `keepdims`.
std::unique_ptr<Layer> MakeGlobalMaxPool(bool keepdims = false);
std::unique_ptr<Layer> MakeGlobalAvgPool(bool keepdims = false);

}  // namespace fallow::nn

#endif  // FALLOW_NN_CONVOLUTION_H_
