// Convolutions: layers around convolution_steps.h.
#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/convolution.h"
#include "fallow/nn/error.h"
#include "runtime/convolution_steps.h"
#include "runtime/initial_values.h"
#include "runtime/numbers.h"
#include "runtime/option_checks.h"
#include "runtime/region.h"
#include "runtime/window.h"

namespace fallow::nn {
namespace {

// Rows of a block are cut into at most so many parts, for the threads that have no block of their own.
constexpr std::size_t kMostParts = 8;
constexpr std::size_t kMinMultiplications = std::size_t{1} << 21;  // Of a pass that is cut: some 20 microseconds.
// A weight's gradient is cut into at most so many pieces, as each has memory of its own.
constexpr std::size_t kMostPieces = 16;

class Convolution : public Layer, public Windowed {
 public:
  Convolution(std::size_t filters, Window window, const Conv2DOptions& options)
      : filters_(filters), window_(std::move(window)), options_(options) {
    const char* kind = window_.kind.c_str();
    CheckCount("filters", filters);
    CheckCount("groups", options.groups);
    window_.Settle();
    CheckNotNegative(kind, "l1", options.l1);
    CheckNotNegative(kind, "l2", options.l2);
    CheckNotNegative(kind, "max_norm", options.max_norm);
    CheckDivisible("filters", filters);
  }

  bool slides() const override { return true; }
  const Window& window() const override { return window_; }

  std::string Spec() const override {
    std::string spec = window_.kind + ':' + std::to_string(filters_) + ':' + window_.Text(window_.kernel) +
                       window_.Options(/*default_stride=*/{1, 1});
    if (options_.groups != 1) spec += ":groups=" + std::to_string(options_.groups);
    const auto add = [&](const char* name, float value) {
      if (value != 0) spec += ':' + std::string(name) + '=' + FormatNumber(value);
    };
    add("l1", options_.l1);
    add("l2", options_.l2);
    add("max_norm", options_.max_norm);
    if (!options_.use_bias) spec += ":bias=0";
    return spec;
  }

  LayerPlan Plan(const Shape& input) const override {
    const Sliding sliding = Slide(window_, input);
    CheckDivisible("channels", sliding.channels);
    // No more than the padded sample has elements, which fits 31 bits; so do the filters.
    const Size2D kernel = window_.kernel;
    const std::uint64_t row = sliding.channels / options_.groups * kernel.height * kernel.width;
    return {OutputShape(window_, sliding, filters_), filters_ * (row + (options_.use_bias ? 1 : 0))};
  }

  void Build(const Shape& input, std::uint64_t seed, std::size_t index) override {
    const Sliding sliding = Slide(window_, input);
    steps_ = ConvolutionSteps(window_, sliding, filters_, options_.groups);

    const std::size_t channels = sliding.channels / options_.groups;
    const Size2D kernel = window_.kernel;
    const Shape row = window_.rank == 1 ? Shape{channels, kernel.width} : Shape{channels, kernel.height, kernel.width};
    parameters_.clear();
    parameters_.push_back({.name = "weight",
                           .value = Tensor(filters_, row),
                           .gradient = Tensor(filters_, row),
                           .l1 = options_.l1,
                           .l2 = options_.l2,
                           .max_norm = options_.max_norm});
    if (options_.use_bias) {
      parameters_.push_back(
          {.name = "bias", .value = Tensor(1, Shape{filters_}), .gradient = Tensor(1, Shape{filters_})});
    }
    FillUniform(seed, index, 1 / std::sqrt(static_cast<double>(steps_.row())), parameters_);
  }

  std::span<Parameter> parameters() override { return parameters_; }
  bool needs_input() const override { return true; }

  std::size_t scratch(Mode mode, std::size_t rows) const override {
    const std::size_t parts = PartsOf(rows);
    const std::size_t forward = steps_.forward_panels() + parts * steps_.forward_scratch();
    const std::size_t backward = steps_.backward_panels() + parts * steps_.backward_scratch();
    return PositionsScratch() + (mode == Mode::kTrain ? std::max(forward, backward) : forward);
  }

  std::size_t gradient_scratch(std::size_t) const override { return PositionsScratch() + steps_.gradient_scratch(); }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory& memory) override {
    const PanelKernels& kernels = PanelKernelsFor(pass.execution.target);
    const auto multiply = pass.mode == Mode::kTrain ? kernels.fast : kernels.ordered;
    Allotter allotter(memory.scratch);
    const std::uint32_t* positions = steps_.FillPositions(allotter);
    float* panels = allotter.Floats(steps_.forward_panels());
    float* of_parts = allotter.Floats(0);
    steps_.FillForwardPanels(kernels, weight(), panels);
    ForEachPart(pass, rows.count(), [&](std::size_t part, Rows samples) {
      steps_.Forward(kernels, multiply, samples.count(), positions, panels, bias(), x + samples.begin * steps_.inputs(),
                     of_parts + part * steps_.forward_scratch(), y + samples.begin * steps_.outputs());
    });
  }

  void BackwardRows(const Pass& pass, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory& memory) override {
    if (dx == nullptr) return;
    const PanelKernels& kernels = PanelKernelsFor(pass.execution.target);
    Allotter allotter(memory.scratch);
    const std::uint32_t* positions = steps_.FillPositions(allotter);
    float* panels = allotter.Floats(steps_.backward_panels());
    float* of_parts = allotter.Floats(0);
    steps_.FillBackwardPanels(weight(), panels);
    ForEachPart(pass, rows.count(), [&](std::size_t part, Rows samples) {
      steps_.Backward(kernels, samples.count(), positions, panels, dy + samples.begin * steps_.outputs(),
                      of_parts + part * steps_.backward_scratch(), dx + samples.begin * steps_.inputs());
    });
  }

  std::size_t gradient_blocks() const override { return std::min(steps_.gradient_units(), kMostPieces); }

  void ParameterGradients(const Pass& pass, std::size_t block, std::size_t rows, const float* x, const float* dy,
                          const Memory& memory) override {
    const Rows units = PartOf(steps_.gradient_units(), block, gradient_blocks());
    const Region region(kGemm, rows * steps_.multiplications() / steps_.gradient_units() * units.count(),
                        pass.execution);
    Allotter allotter(memory.scratch);
    const std::uint32_t* positions = steps_.FillPositions(allotter);
    float* scratch = allotter.Floats(0);
    for (std::size_t unit = units.begin; unit < units.end; ++unit) {
      steps_.Gradient(PanelKernelsFor(pass.execution.target), unit, rows, positions, x, dy, scratch,
                      parameters_[0].gradient.data(), options_.use_bias ? parameters_[1].gradient.data() : nullptr);
    }
  }

 private:
  void CheckCount(const char* name, std::size_t value) const {
    if (value >= 1 && value <= kMaxWindow) return;
    throw Error(window_.kind + ": " + std::to_string(value) + ' ' + name + ", expected 1 to " +
                std::to_string(kMaxWindow));
  }

  void CheckDivisible(const char* name, std::size_t value) const {
    if (value % options_.groups == 0) return;
    throw Error(window_.kind + ": " + std::to_string(value) + ' ' + name + ", expected a multiple of the " +
                std::to_string(options_.groups) + " groups");
  }

  const float* weight() const { return parameters_[0].value.data(); }
  const float* bias() const { return options_.use_bias ? parameters_[1].value.data() : nullptr; }

  std::size_t PositionsScratch() const { return Allotter::kSlack + Allotter::Lines(steps_.sliding().positions()); }

  static std::size_t PartsOf(std::size_t rows) { return std::min(rows, kMostParts); }

  // Calls body(part, samples), on several threads if it is worth it.
  template <class Body>
  void ForEachPart(const Pass& pass, std::size_t rows, const Body& body) const {
    const std::size_t parts = PartsOf(rows), multiplications = rows * steps_.multiplications();
    const auto run = [&](std::size_t part) {
      const Rows samples = PartOf(rows, part, parts);
      const Region region(kGemm, samples.count() * steps_.multiplications(), pass.execution);
      body(part, samples);
    };
    if (parts == 1 || multiplications < kMinMultiplications) {
      for (std::size_t part = 0; part < parts; ++part) run(part);
      return;
    }
    Region region(kProductInParts, multiplications, pass.execution);
    region.Run(parts, run);
  }

  std::size_t filters_;
  Window window_;
  Conv2DOptions options_;
  ConvolutionSteps steps_;
  std::vector<Parameter> parameters_;
};

}  // namespace

std::unique_ptr<Layer> MakeConv2D(std::size_t filters, Size2D kernel, const Conv2DOptions& options) {
  return std::make_unique<Convolution>(filters,
                                       Window{.kind = "conv2d",
                                              .rank = 2,
                                              .kernel = kernel,
                                              .stride = options.stride,
                                              .padding = options.padding,
                                              .same_padding = options.same_padding,
                                              .dilation = options.dilation},
                                       options);
}

std::unique_ptr<Layer> MakeConv1D(std::size_t filters, std::size_t kernel, const Conv1DOptions& options) {
  const Conv2DOptions common{.groups = options.groups,
                             .use_bias = options.use_bias,
                             .l1 = options.l1,
                             .l2 = options.l2,
                             .max_norm = options.max_norm};
  return std::make_unique<Convolution>(filters,
                                       Window{.kind = "conv1d",
                                              .rank = 1,
                                              .kernel = {1, kernel},
                                              .stride = {1, options.stride},
                                              .padding = {0, options.padding},
                                              .same_padding = options.same_padding,
                                              .dilation = {1, options.dilation}},
                                       common);
}

}  // namespace fallow::nn
