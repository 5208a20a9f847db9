// Pooling over windows, and over whole channels.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/convolution.h"
#include "fallow/nn/error.h"
#include "runtime/pooling_kernels.h"
#include "runtime/window.h"

namespace fallow::nn {
namespace {

Size2D OrKernel(Size2D stride, Size2D kernel) {
  return {stride.height == 0 ? kernel.height : stride.height, stride.width == 0 ? kernel.width : stride.width};
}

class Pool : public Layer, public Windowed {
 public:
  explicit Pool(Window window) : window_(std::move(window)) {
    window_.Settle();
    const Size2D kernel = window_.kernel, padding = window_.padding;
    if (padding.height <= kernel.height / 2 && padding.width <= kernel.width / 2) return;
    throw Error(window_.kind + ": the padding is " + window_.Text(padding) + ", expected at most half of the kernel");
  }

  bool slides() const override { return true; }
  const Window& window() const override { return window_; }

  std::string Spec() const override {
    return window_.kind + ':' + window_.Text(window_.kernel) + window_.Options(/*default_stride=*/window_.kernel);
  }

  LayerPlan Plan(const Shape& input) const override {
    const Sliding sliding = Slide(window_, input);
    return {OutputShape(window_, sliding, input.rank() == window_.rank ? 0 : sliding.channels)};
  }

  void Build(const Shape& input, std::uint64_t, std::size_t) override { sliding_ = Slide(window_, input); }

 protected:
  std::size_t inputs() const { return sliding_.channels * sliding_.pixels(); }

  // Calls body(channel) for each of all rows' channels, which lie behind each other.
  template <class Body>
  void ForEachChannel(Rows rows, const Body& body) const {
    const std::size_t count = rows.count() * sliding_.channels;
    for (std::size_t channel = 0; channel < count; ++channel) body(channel);
  }

  Window window_;
  Sliding sliding_;
};

// In training it saves where the largest numbers are.
class MaxPool : public Pool {
 public:
  using Pool::Pool;

  std::size_t saved() const override { return sliding_.channels * sliding_.positions(); }
  std::size_t scratch(Mode, std::size_t) const override { return 2 * sliding_.padded.width; }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory& memory) override {
    const auto max = PoolingKernelsFor(pass.execution.target).max;
    const std::size_t pixels = sliding_.pixels(), positions = sliding_.positions();
    const PooledRow row{memory.scratch,
                        new (memory.scratch + sliding_.padded.width) std::int32_t[sliding_.padded.width]};
    std::int32_t* index = pass.mode == Mode::kTrain ? new (memory.saved) std::int32_t[rows.count() * saved()] : nullptr;
    ForEachChannel(rows, [&](std::size_t c) {
      max(window_, sliding_, x + c * pixels, y + c * positions, index == nullptr ? nullptr : index + c * positions,
          row);
    });
  }

  void BackwardRows(const Pass&, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory& memory) override {
    if (dx == nullptr) return;
    std::fill_n(dx, rows.count() * inputs(), 0.0f);
    const auto* index = reinterpret_cast<const std::int32_t*>(memory.saved);
    const std::size_t pixels = sliding_.pixels(), positions = sliding_.positions();
    ForEachChannel(rows, [&](std::size_t c) {
      float* to = dx + c * pixels;
      for (std::size_t p = c * positions; p < (c + 1) * positions; ++p) to[index[p]] += dy[p];
    });
  }
};

class AvgPool : public Pool {
 public:
  // Without padding it says the same either way.
  AvgPool(Window window, bool count_include_pad)
      : Pool(std::move(window)), count_include_pad_(count_include_pad || window_.padding == Size2D{0, 0}) {}

  std::string Spec() const override { return Pool::Spec() + (count_include_pad_ ? "" : ":count_include_pad=0"); }

  std::size_t scratch(Mode, std::size_t) const override { return sliding_.positions() + sliding_.padded.width; }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory& memory) override {
    const auto average = PoolingKernelsFor(pass.execution.target).average;
    FillScale(memory.scratch);
    ForEachChannel(rows, [&](std::size_t c) {
      average(window_, sliding_, x + c * sliding_.pixels(), memory.scratch, y + c * sliding_.positions(),
              memory.scratch + sliding_.positions());
    });
  }

  void BackwardRows(const Pass& pass, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory& memory) override {
    if (dx == nullptr) return;
    const auto backward = PoolingKernelsFor(pass.execution.target).average_backward;
    FillScale(memory.scratch);
    std::fill_n(dx, rows.count() * inputs(), 0.0f);
    ForEachChannel(rows, [&](std::size_t c) {
      backward(window_, sliding_, dy + c * sliding_.positions(), memory.scratch, dx + c * sliding_.pixels(),
               memory.scratch + sliding_.positions());
    });
  }

 private:
  // How much of the `kernel` numbers from `begin` on, of a padded row, are in the row itself.
  static std::size_t Inside(std::size_t begin, std::size_t kernel, std::size_t before, std::size_t input) {
    return std::min(begin + kernel, before + input) - std::max(begin, before);
  }

  // One by how many numbers each window has.
  void FillScale(float* scale) const {
    const Size2D kernel = window_.kernel, stride = window_.stride;
    for (std::size_t i = 0; i < sliding_.output.height; ++i) {
      for (std::size_t j = 0; j < sliding_.output.width; ++j) {
        const std::size_t rows =
            Inside(i * stride.height, kernel.height, sliding_.before.height, sliding_.input.height);
        const std::size_t cols = Inside(j * stride.width, kernel.width, sliding_.before.width, sliding_.input.width);
        *scale++ = 1.0f / static_cast<float>(count_include_pad_ ? kernel.height * kernel.width : rows * cols);
      }
    }
  }

  bool count_include_pad_;
};

Window PoolWindow2D(const char* kind, Size2D kernel, const Pool2DOptions& options) {
  return {.kind = kind,
          .rank = 2,
          .kernel = kernel,
          .stride = OrKernel(options.stride, kernel),
          .padding = options.padding};
}

Window PoolWindow1D(const char* kind, std::size_t kernel, const Pool1DOptions& options) {
  return {.kind = kind,
          .rank = 1,
          .kernel = {1, kernel},
          .stride = OrKernel({1, options.stride}, {1, kernel}),
          .padding = {0, options.padding}};
}

}  // namespace

std::unique_ptr<Layer> MakeMaxPool2D(Size2D kernel, const Pool2DOptions& options) {
  return std::make_unique<MaxPool>(PoolWindow2D("maxpool2d", kernel, options));
}

std::unique_ptr<Layer> MakeMaxPool1D(std::size_t kernel, const Pool1DOptions& options) {
  return std::make_unique<MaxPool>(PoolWindow1D("maxpool1d", kernel, options));
}

std::unique_ptr<Layer> MakeAvgPool2D(Size2D kernel, const Pool2DOptions& options) {
  return std::make_unique<AvgPool>(PoolWindow2D("avgpool2d", kernel, options), options.count_include_pad);
}

std::unique_ptr<Layer> MakeAvgPool1D(std::size_t kernel, const Pool1DOptions& options) {
  return std::make_unique<AvgPool>(PoolWindow1D("avgpool1d", kernel, options), options.count_include_pad);
}

}  // namespace fallow::nn
