#include "runtime/convolution_steps.h"

#include <algorithm>

namespace fallow::nn {
namespace {

// Positions whose panel is kept in cache.
constexpr std::size_t kPositionsAtOnce = 1024;
// Taps of a gradient unit, about: each unit turns dy into a panel of its own.
constexpr std::size_t kTapsPerUnit = 144;

std::size_t DivideUp(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

// sum[c] += of `rows` rows of a panel.
void AddRows(std::size_t rows, const float* panel, float* sum) {
  float of_rows[kPanel] = {};
  for (std::size_t r = 0; r < rows; ++r, panel += kPanel) {
    for (std::size_t c = 0; c < kPanel; ++c) of_rows[c] += panel[c];
  }
  for (std::size_t c = 0; c < kPanel; ++c) sum[c] += of_rows[c];
}

}  // namespace

Rows PartOf(std::size_t size, std::size_t i, std::size_t count) {
  const auto begin = [&](std::size_t j) { return j * (size / count) + std::min(j, size % count); };
  return {begin(i), begin(i + 1)};
}

ConvolutionSteps::ConvolutionSteps(const Window& window, const Sliding& sliding, std::size_t filters,
                                   std::size_t groups)
    : filters_(filters),
      groups_(groups),
      group_filters_(filters / groups),
      group_channels_(sliding.channels / groups),
      taps_(window.kernel.height * window.kernel.width),
      row_(group_channels_ * taps_),
      window_(window),
      sliding_(sliding) {
  for (std::size_t c = 0; c < group_channels_; ++c) {
    for (std::size_t u = 0; u < window.kernel.height; ++u) {
      const std::size_t line = c * sliding.padded_pixels() + u * window.dilation.height * sliding.padded.width;
      for (std::size_t v = 0; v < window.kernel.width; ++v) {
        tap_offsets_.push_back(static_cast<std::uint32_t>(line + v * window.dilation.width));
      }
    }
  }
  for (std::size_t f = 0; f < group_filters_; ++f) {
    filter_offsets_.push_back(static_cast<std::uint32_t>(f * sliding.positions()));
  }
}

std::uint32_t* ConvolutionSteps::FillPositions(Allotter& allotter) const {
  std::uint32_t* positions = allotter.Numbers(sliding_.positions());
  nn::FillPositions(window_, sliding_, positions);
  return positions;
}

std::size_t ConvolutionSteps::filter_panels() const { return DivideUp(group_filters_, kPanel); }
std::size_t ConvolutionSteps::channel_panels() const { return DivideUp(group_channels_, kPanel); }
std::size_t ConvolutionSteps::channel_parts() const { return std::min(DivideUp(row_, kTapsPerUnit), group_channels_); }
std::size_t ConvolutionSteps::positions_panel() const {
  return std::min(sliding_.positions(), kPositionsAtOnce) * kPanel;
}
std::size_t ConvolutionSteps::padded_scratch(std::size_t channels) const {
  return sliding_.pads() ? Allotter::Lines(channels * sliding_.padded_pixels()) : 0;
}
std::size_t ConvolutionSteps::gradient_scratch() const {
  const std::size_t channels = DivideUp(group_channels_, channel_parts());
  return padded_scratch(channels) + positions_panel() + 2 * channels * taps_ * kPanel + kPanel;
}

// Of each panel of filters: taps x kPanel.
void ConvolutionSteps::FillForwardPanels(const PanelKernels& kernels, const float* weight, float* panels) const {
  for (std::size_t group = 0; group < groups_; ++group) {
    for (std::size_t first = 0; first < group_filters_; first += kPanel, panels += row_ * kPanel) {
      const std::size_t filter = group * group_filters_ + first;
      kernels.to_panel(row_, std::min(kPanel, group_filters_ - first), weight + filter * row_, row_, panels);
    }
  }
}

// Of each panel of channels and each tap: filters x kPanel.
void ConvolutionSteps::FillBackwardPanels(const float* weight, float* panels) const {
  for (std::size_t group = 0; group < groups_; ++group) {
    for (std::size_t first = 0; first < group_channels_; first += kPanel) {
      const std::size_t count = std::min(kPanel, group_channels_ - first);
      for (std::size_t tap = 0; tap < taps_; ++tap) {
        const float* from = weight + group * group_filters_ * row_ + first * taps_ + tap;
        for (std::size_t f = 0; f < group_filters_; ++f, from += row_, panels += kPanel) {
          for (std::size_t c = 0; c < count; ++c) panels[c] = from[c * taps_];
          std::fill(panels + count, panels + kPanel, 0.0f);
        }
      }
    }
  }
}

// Channels with their padding around them: in `padded`, whose border is 0, or where they are if there is none.
const float* ConvolutionSteps::Pad(std::size_t channels, const float* x, float* padded) const {
  if (!sliding_.pads()) return x;
  const Size2D size = sliding_.input;
  float* to = padded + sliding_.before.height * sliding_.padded.width + sliding_.before.width;
  for (std::size_t c = 0; c < channels; ++c, to += sliding_.padded_pixels()) {
    for (std::size_t i = 0; i < size.height; ++i, x += size.width) {
      std::copy_n(x, size.width, to + i * sliding_.padded.width);
    }
  }
  return padded;
}

void ConvolutionSteps::FromPadded(const PanelKernels& kernels, std::size_t cols, const float* panel, float* dx) const {
  const std::size_t pixels = sliding_.pixels();
  if (!sliding_.pads()) return kernels.from_panel(pixels, cols, panel, nullptr, dx, pixels);
  panel += (sliding_.before.height * sliding_.padded.width + sliding_.before.width) * kPanel;
  for (std::size_t i = 0; i < sliding_.input.height; ++i, dx += sliding_.input.width) {
    kernels.from_panel(sliding_.input.width, cols, panel, nullptr, dx, pixels);
    panel += sliding_.padded.width * kPanel;
  }
}

void ConvolutionSteps::Forward(const PanelKernels& kernels, Multiply multiply, std::size_t count,
                               const std::uint32_t* positions, const float* panels, const float* bias, const float* x,
                               float* scratch, float* y) const {
  const std::size_t padded = padded_scratch(sliding_.channels);
  std::fill_n(scratch, padded, 0.0f);
  for (std::size_t r = 0; r < count; ++r) {
    const float* in = Pad(sliding_.channels, x + r * inputs(), scratch);
    ForwardSample(kernels, multiply, positions, panels, bias, in, scratch + padded, y + r * outputs());
  }
}

void ConvolutionSteps::ForwardSample(const PanelKernels& kernels, Multiply multiply, const std::uint32_t* positions,
                                     const float* panels, const float* bias, const float* x, float* panel,
                                     float* y) const {
  const std::size_t count = sliding_.positions();
  for (std::size_t group = 0; group < groups_; ++group) {
    for (std::size_t first = 0; first < group_filters_; first += kPanel, panels += row_ * kPanel) {
      const std::size_t filter = group * group_filters_ + first;
      const std::size_t cols = std::min(kPanel, group_filters_ - first);
      for (std::size_t p = 0; p < count; p += kPositionsAtOnce) {
        const std::size_t rows = std::min(kPositionsAtOnce, count - p);
        multiply({.m = rows,
                  .cols = cols,
                  .k = row_,
                  .a = x + group * group_channels_ * sliding_.padded_pixels(),
                  .rows = positions + p,
                  .terms = tap_offsets_.data(),
                  .b = panels,
                  .c = panel});
        kernels.from_panel(rows, cols, panel, bias == nullptr ? nullptr : bias + filter, y + filter * count + p, count);
      }
    }
  }
}

void ConvolutionSteps::Backward(const PanelKernels& kernels, std::size_t count, const std::uint32_t* positions,
                                const float* panels, const float* dy, float* scratch, float* dx) const {
  for (std::size_t r = 0; r < count; ++r) {
    const float* weights = panels;
    for (std::size_t group = 0; group < groups_; ++group, dy += group_filters_ * sliding_.positions()) {
      for (std::size_t first = 0; first < group_channels_; first += kPanel) {
        const std::size_t cols = std::min(kPanel, group_channels_ - first);
        BackwardPanel(kernels, cols, positions, weights, dy, scratch);
        FromPadded(kernels, cols, scratch, dx);
        dx += cols * sliding_.pixels();
        weights += taps_ * group_filters_ * kPanel;
      }
    }
  }
}

// Gradients of a panel of channels, with their padding.
void ConvolutionSteps::BackwardPanel(const PanelKernels& kernels, std::size_t cols, const std::uint32_t* positions,
                                     const float* weights, const float* dy, float* panel) const {
  std::fill_n(panel, backward_scratch(), 0.0f);
  const std::size_t count = sliding_.positions();
  for (std::size_t p = 0; p < count; p += kPositionsAtOnce) {
    for (std::size_t tap = 0; tap < taps_; ++tap) {
      kernels.fast({.m = std::min(kPositionsAtOnce, count - p),
                    .cols = cols,
                    .k = group_filters_,
                    .a = dy + p,
                    .rows = nullptr,
                    .terms = filter_offsets_.data(),
                    .b = weights + tap * group_filters_ * kPanel,
                    .c = panel + tap_offsets_[tap] * kPanel,
                    .c_rows = positions + p,
                    .accumulate = true});
    }
  }
}

ConvolutionSteps::GradientUnit ConvolutionSteps::UnitOf(std::size_t unit) const {
  const std::size_t panel = unit / channel_parts() % filter_panels();
  const std::size_t group = unit / channel_parts() / filter_panels();
  const std::size_t filter = group * group_filters_ + panel * kPanel;
  return {group,
          {filter, filter + std::min(kPanel, group_filters_ - panel * kPanel)},
          PartOf(group_channels_, unit % channel_parts(), channel_parts())};
}

// Sums over the positions of a sample, then over the samples, which errs less than over all at once.
void ConvolutionSteps::Gradient(const PanelKernels& kernels, std::size_t unit_index, std::size_t count,
                                const std::uint32_t* positions, const float* x, const float* dy, float* scratch,
                                float* weight_gradient, float* bias_gradient) const {
  const GradientUnit unit = UnitOf(unit_index);
  const std::size_t channels = unit.channels.count(), filters = unit.filters.count(), taps = channels * taps_;
  float* panel = scratch + padded_scratch(channels);
  float* of_sample = panel + positions_panel();
  float* sum = of_sample + taps * kPanel;
  float* bias_sum = sum + taps * kPanel;
  std::fill_n(scratch, padded_scratch(channels), 0.0f);
  std::fill_n(sum, (taps + 1) * kPanel, 0.0f);
  x += (unit.group * group_channels_ + unit.channels.begin) * sliding_.pixels();
  dy += unit.filters.begin * sliding_.positions();
  for (std::size_t r = 0; r < count; ++r, x += inputs(), dy += outputs()) {
    const float* in = Pad(channels, x, scratch);
    for (std::size_t p = 0; p < sliding_.positions(); p += kPositionsAtOnce) {
      const std::size_t terms = std::min(kPositionsAtOnce, sliding_.positions() - p);
      kernels.to_panel(terms, filters, dy + p, sliding_.positions(), panel);
      kernels.fast({.m = taps,
                    .cols = filters,
                    .k = terms,
                    .a = in,
                    .rows = tap_offsets_.data(),
                    .terms = positions + p,
                    .b = panel,
                    .c = of_sample,
                    .accumulate = p > 0});
      AddRows(terms, panel, bias_sum);
    }
    for (std::size_t i = 0; i < taps * kPanel; ++i) sum[i] += of_sample[i];
  }
  kernels.from_panel(taps, filters, sum, nullptr,
                     weight_gradient + unit.filters.begin * row_ + unit.channels.begin * taps_, row_);
  if (bias_gradient != nullptr && unit.channels.begin == 0) {
    std::copy_n(bias_sum, filters, bias_gradient + unit.filters.begin);
  }
}

}  // namespace fallow::nn
