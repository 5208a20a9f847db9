// Batch normalisation.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/norm_layers.h"
#include "kernels/parallel.h"
#include "runtime/channel_kernels.h"
#include "runtime/norm_entries.h"
#include "runtime/option_checks.h"

namespace fallow::nn {
namespace {

constexpr std::uint64_t kMaxChannels = std::uint64_t{1} << 57;
constexpr std::size_t kChannelsPerTask = 64;  // Where a channel has one position: eight cache lines of sums.
constexpr std::size_t kElementsPerTask = std::size_t{1} << 15;  // Else.

class BatchNorm : public Layer {
 public:
  explicit BatchNorm(const BatchNormOptions& options) : options_(options) {
    CheckProbability("batch_norm", "momentum", options.momentum);
    CheckNotNegative("batch_norm", "eps", options.eps);
  }

  std::string Spec() const override {
    constexpr BatchNormOptions kDefault;
    return "batch_norm" + OptionSpec("momentum", options_.momentum, kDefault.momentum) +
           OptionSpec("eps", options_.eps, kDefault.eps);
  }

  LayerPlan Plan(const Shape& input) const override {
    const std::uint64_t channels = ChannelsOf(input);
    if (channels == 0 || channels > kMaxChannels) {
      throw Error("batch_norm: " + std::to_string(channels) + " channels, expected 1 to 2^57");
    }
    return {input, 4 * channels};
  }

  void Build(const Shape& input, std::uint64_t, std::size_t) override {
    channels_ = ChannelsOf(input);
    positions_ = input.elements() / channels_;
    parameters_.clear();
    for (const char* name : {"weight", "bias", "running_mean", "running_var"}) {
      Parameter& parameter = parameters_.emplace_back();
      parameter.name = name;
      parameter.value = Tensor(1, Shape{channels_});
      parameter.trained = parameters_.size() <= 2;
      if (parameter.trained) parameter.gradient = Tensor(1, Shape{channels_});
    }
    std::ranges::fill(parameters_[0].value.values(), 1.0f);
    std::ranges::fill(parameters_[3].value.values(), 1.0f);
    for (std::vector<float>* numbers : {&mean_, &scale_, &slope_, &shift_}) numbers->resize(channels_);
    for (std::vector<double>* numbers : {&inverse_deviation_, &sum_, &more_}) numbers->resize(channels_);
  }

  std::span<Parameter> parameters() override { return parameters_; }

  bool in_place() const override { return true; }
  bool needs_input() const override { return true; }
  bool needs_batch() const override { return true; }
  std::size_t scratch(Mode mode, std::size_t) const override { return mode == Mode::kTrain ? 0 : channels_; }

  void BeginForward(const Pass& pass, std::size_t rows, const float* x, const Memory&) override {
    const ChannelKernels& kernels = KernelsFor(pass);
    ForEachTask(pass, rows, [&](std::size_t first, std::size_t count) {
      // Around a number of the channel: then nothing cancels where the mean is far from 0.
      for (std::size_t c = first; c < first + count; ++c) mean_[c] = x[c * positions_];
      Clear(first, count);
      ForEachRun(rows, first, count, [&](std::size_t at, std::size_t length, std::size_t c) {
        kernels.add_moments(x + at, length, &mean_[c], &sum_[c], &more_[c]);
      });
      for (std::size_t c = first; c < first + count; ++c) SetStatistics(c, static_cast<double>(rows * positions_));
    });
  }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory& memory) override {
    const bool trains = pass.mode == Mode::kTrain;
    if (!trains) {
      for (std::size_t c = 0; c < channels_; ++c) {
        memory.scratch[c] = static_cast<float>(weight()[c] / std::sqrt(running_var()[c] + options_.eps));
      }
    }
    const float* mean = trains ? mean_.data() : running_mean();
    const float* scale = trains ? scale_.data() : memory.scratch;
    const ChannelKernels& kernels = KernelsFor(pass);
    ForEachRun(rows.count(), 0, channels_, [&](std::size_t at, std::size_t length, std::size_t c) {
      kernels.normalise(x + at, length, mean + c, scale + c, bias() + c, y + at);
    });
  }

  void BeginBackward(const Pass& pass, std::size_t rows, const float* x, const float* dy, const Memory&) override {
    const ChannelKernels& kernels = KernelsFor(pass);
    ForEachTask(pass, rows, [&](std::size_t first, std::size_t count) {
      Clear(first, count);
      ForEachRun(rows, first, count, [&](std::size_t at, std::size_t length, std::size_t c) {
        kernels.add_products(dy + at, x + at, length, &mean_[c], &sum_[c], &more_[c]);
      });
      for (std::size_t c = first; c < first + count; ++c) SetGradients(c, static_cast<double>(rows * positions_));
    });
  }

  void BackwardRows(const Pass& pass, Rows rows, const float* x, const float*, const float* dy, float* dx,
                    const Memory&) override {
    if (dx == nullptr) return;
    const ChannelKernels& kernels = KernelsFor(pass);
    ForEachRun(rows.count(), 0, channels_, [&](std::size_t at, std::size_t length, std::size_t c) {
      kernels.gradient(dy + at, x + at, length, &mean_[c], &scale_[c], &slope_[c], &shift_[c], dx + at);
    });
  }

  // Found by BeginBackward.
  std::size_t gradient_blocks() const override { return 1; }

  void ParameterGradients(const Pass&, std::size_t, std::size_t, const float*, const float*, const Memory&) override {
    for (std::size_t c = 0; c < channels_; ++c) {
      parameters_[0].gradient.data()[c] = static_cast<float>(more_[c] * inverse_deviation_[c]);
      parameters_[1].gradient.data()[c] = static_cast<float>(sum_[c]);
    }
  }

 private:
  static std::size_t ChannelsOf(const Shape& input) {
    if (input.elements() == 0) return 0;
    return input.rank() == 0 ? 1 : input[0];
  }

  const float* weight() const { return parameters_[0].value.data(); }
  const float* bias() const { return parameters_[1].value.data(); }
  const float* running_mean() const { return parameters_[2].value.data(); }
  const float* running_var() const { return parameters_[3].value.data(); }

  const ChannelKernels& KernelsFor(const Pass& pass) const {
    return positions_ == 1 ? ManyChannelsKernelsFor(pass.execution.target)
                           : OneChannelKernelsFor(pass.execution.target);
  }

  // Calls body(first_channel, channels): each channel's sums are in one task, whatever the threads.
  template <class Body>
  void ForEachTask(const Pass& pass, std::size_t rows, const Body& body) const {
    const std::size_t of_task =
        positions_ == 1 ? kChannelsPerTask
                        : std::max<std::size_t>(1, kElementsPerTask / std::max<std::size_t>(1, rows) / positions_);
    ParallelFor((channels_ + of_task - 1) / of_task, pass.execution.max_threads, [&](std::size_t task) {
      const std::size_t first = task * of_task;
      body(first, std::min(of_task, channels_ - first));
    });
  }

  // Calls body(first_element, elements, channel) for what a kernel takes at once, channel by channel: all positions of
  // one in a row, or a row of channels of one position each.
  template <class Body>
  void ForEachRun(std::size_t rows, std::size_t first, std::size_t count, const Body& body) const {
    for (std::size_t r = 0; r < rows; ++r) {
      if (positions_ == 1) {
        body(r * channels_ + first, count, first);
        continue;
      }
      for (std::size_t c = first; c < first + count; ++c) body((r * channels_ + c) * positions_, positions_, c);
    }
  }

  void Clear(std::size_t first, std::size_t count) {
    std::fill_n(sum_.begin() + first, count, 0.0);
    std::fill_n(more_.begin() + first, count, 0.0);
  }

  // From the sums around mean_[c].
  void SetStatistics(std::size_t c, double n) {
    const double difference = sum_[c] / n;
    const double mean = mean_[c] + difference;
    double variance = more_[c] / n - difference * difference;
    if (variance < 0) variance = 0;
    inverse_deviation_[c] = 1 / std::sqrt(variance + options_.eps);
    mean_[c] = static_cast<float>(mean);
    scale_[c] = static_cast<float>(weight()[c] * inverse_deviation_[c]);
    const auto follow = [&](float* running, double value) {
      *running = static_cast<float>((1 - options_.momentum) * *running + options_.momentum * value);
    };
    follow(parameters_[2].value.data() + c, mean);
    if (n > 1) follow(parameters_[3].value.data() + c, variance * n / (n - 1));
  }

  // dx = scale (dy - mean(dy) - normal mean(dy normal)), normal = (x - mean) * inverse deviation.
  void SetGradients(std::size_t c, double n) {
    const double scale = weight()[c] * inverse_deviation_[c];
    slope_[c] = static_cast<float>(-scale * inverse_deviation_[c] * inverse_deviation_[c] * more_[c] / n);
    shift_[c] = static_cast<float>(-scale * sum_[c] / n);
  }

  BatchNormOptions options_;
  std::size_t channels_ = 0;
  std::size_t positions_ = 0;
  std::vector<Parameter> parameters_;
  // Of the batch in training, one a channel.
  std::vector<float> mean_, scale_;   // Of the forward pass.
  std::vector<float> slope_, shift_;  // Of the backward pass, which also has scale_: see ChannelKernels::gradient.
  std::vector<double> inverse_deviation_;
  std::vector<double> sum_, more_;  // As ChannelKernels adds them up.
};

}  // namespace

std::unique_ptr<Layer> MakeBatchNorm(const BatchNormOptions& options) { return std::make_unique<BatchNorm>(options); }

void AddBatchNorm(const LayerEntry& entry, LayerChain& layers) {
  BatchNormOptions options;
  entry.ReadNumbers(1, {{"momentum", &options.momentum}, {"eps", &options.eps}});
  layers.push_back(entry.Named([&] { return MakeBatchNorm(options); }));
}

}  // namespace fallow::nn
