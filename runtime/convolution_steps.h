// What a convolution computes: of one sample forward and backward, of one part of the weight its gradient.
//
// Products gather their left operand (gathered_product.h); the other is a panel of filters or channels:
//
//   forward    y[position][filter]       += x[position + tap]        weight[tap][filter]
//   backward   dx[position + tap][chan.] += dy[position][filter]     weight[tap][filter][channel]
//   gradient   dw[tap][filter]           += x[tap + position]        dy[position][filter]
//
// where a tap is an element of a window: in any of a group's channels, or, backward, in one. x and dy are read where
// they are, so no matrix of windows is ever made; only samples that need a border are copied. One sum is over taps,
// filters or positions in their order.
#ifndef FALLOW_RUNTIME_CONVOLUTION_STEPS_H_
#define FALLOW_RUNTIME_CONVOLUTION_STEPS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fallow/nn/layer.h"
#include "runtime/gathered_product.h"
#include "runtime/scratch.h"
#include "runtime/window.h"

namespace fallow::nn {

class ConvolutionSteps {
 public:
  using Multiply = void (*)(const GatheredProduct& product);

  ConvolutionSteps() = default;
  ConvolutionSteps(const Window& window, const Sliding& sliding, std::size_t filters, std::size_t groups);

  const Sliding& sliding() const { return sliding_; }
  std::size_t row() const { return row_; }  // Of the weight.
  std::size_t inputs() const { return sliding_.channels * sliding_.pixels(); }
  std::size_t outputs() const { return filters_ * sliding_.positions(); }
  std::size_t multiplications() const { return outputs() * row_; }  // Of one sample.

  // For `positions` below: where each window begins.
  std::uint32_t* FillPositions(Allotter& allotter) const;

  // How much the calls below want for `panels` and as `scratch`, in whole cache lines.
  std::size_t forward_panels() const { return groups_ * filter_panels() * row_ * kPanel; }
  std::size_t forward_scratch() const { return padded_scratch(sliding_.channels) + positions_panel(); }
  std::size_t backward_panels() const { return groups_ * channel_panels() * taps_ * group_filters_ * kPanel; }
  std::size_t backward_scratch() const { return sliding_.padded_pixels() * kPanel; }
  std::size_t gradient_scratch() const;

  // The weight, in the order in which each pass reads it.
  void FillForwardPanels(const PanelKernels& kernels, const float* weight, float* panels) const;
  void FillBackwardPanels(const float* weight, float* panels) const;

  // `count` samples from x to y. `bias` may be null.
  void Forward(const PanelKernels& kernels, Multiply multiply, std::size_t count, const std::uint32_t* positions,
               const float* panels, const float* bias, const float* x, float* scratch, float* y) const;
  void Backward(const PanelKernels& kernels, std::size_t count, const std::uint32_t* positions, const float* panels,
                const float* dy, float* scratch, float* dx) const;

  // Into how many units the weight is cut: filters of one panel, and some channels of their group, each.
  std::size_t gradient_units() const { return groups_ * filter_panels() * channel_parts(); }
  // One unit, over `count` samples. `bias_gradient` may be null.
  void Gradient(const PanelKernels& kernels, std::size_t unit, std::size_t count, const std::uint32_t* positions,
                const float* x, const float* dy, float* scratch, float* weight_gradient, float* bias_gradient) const;

 private:
  struct GradientUnit {
    std::size_t group;
    Rows filters;   // In the model.
    Rows channels;  // In the group.
  };

  std::size_t filter_panels() const;
  std::size_t channel_panels() const;
  std::size_t channel_parts() const;  // Into how many a unit cuts the channels of a group.
  std::size_t positions_panel() const;
  std::size_t padded_scratch(std::size_t channels) const;
  GradientUnit UnitOf(std::size_t unit) const;

  const float* Pad(std::size_t channels, const float* x, float* padded) const;
  void FromPadded(const PanelKernels& kernels, std::size_t cols, const float* panel, float* dx) const;
  void ForwardSample(const PanelKernels& kernels, Multiply multiply, const std::uint32_t* positions,
                     const float* panels, const float* bias, const float* x, float* panel, float* y) const;
  void BackwardPanel(const PanelKernels& kernels, std::size_t cols, const std::uint32_t* positions,
                     const float* weights, const float* dy, float* panel) const;

  std::size_t filters_ = 0;
  std::size_t groups_ = 0;
  std::size_t group_filters_ = 0;
  std::size_t group_channels_ = 0;
  std::size_t taps_ = 0;  // Of one channel.
  std::size_t row_ = 0;
  Window window_;
  Sliding sliding_;
  std::vector<std::uint32_t> tap_offsets_;     // In the padded channels of a group, in the order of a weight's row.
  std::vector<std::uint32_t> filter_offsets_;  // In a group's outputs.
};

// What part `i` of `count` nearly equal ones has of [0, size).
Rows PartOf(std::size_t size, std::size_t i, std::size_t count);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_CONVOLUTION_STEPS_H_
