// Layers whose kernels take one key a call: Gaussian dropout and noise, DropBlock.
#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "fallow/drop_block.h"
#include "fallow/gaussian.h"
#include "fallow/nn/dropout_layers.h"
#include "fallow/nn/error.h"
#include "runtime/dropout_entries.h"
#include "runtime/numbers.h"
#include "runtime/option_checks.h"
#include "runtime/row_keys.h"

namespace fallow::nn {
namespace {

// A number is drawn for each element, and made again by the backward pass.
class Noise : public Layer {
 public:
  void Build(const Shape& input, std::uint64_t, std::size_t index) override {
    cols_ = input.elements();
    index_ = index;
  }

  bool in_place() const override { return true; }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory&) override {
    if (pass.mode == Mode::kInfer) return Copy(rows.count(), x, y);
    ForEachKey(pass, rows, index_, cols_, [&](const MaskKey& key, std::size_t first, std::size_t count) {
      Forward(pass, key, count, x + first * cols_, y + first * cols_);
    });
  }

 protected:
  virtual void Forward(const Pass& pass, const MaskKey& key, std::size_t rows, const float* x, float* y) const = 0;

  void Copy(std::size_t rows, const float* from, float* to) const {
    if (to != from) std::memcpy(to, from, rows * cols_ * sizeof(float));
  }

  std::size_t cols_ = 0;
  std::size_t index_ = 0;
};

class GaussianDropout : public Noise {
 public:
  explicit GaussianDropout(double rate) : rate_(rate) {
    CheckOption("gaussian_dropout", "the rate", rate, rate >= 0 && rate < 1, "a number in [0, 1)");
  }

  std::string Spec() const override { return "gaussian_dropout:" + FormatNumber(rate_.drop_probability()); }

  bool drops() const override { return true; }
  std::optional<double> rate() const override { return rate_.drop_probability(); }
  bool set_rate(const Rate& rate) override {
    rate_ = rate;
    return true;
  }
  bool identity(Mode mode) const override { return mode == Mode::kInfer || rate_.drop_probability() == 0; }

  void BackwardRows(const Pass& pass, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory&) override {
    if (dx == nullptr) return;
    const std::size_t count = rows.count() * cols_;
    if (rate_.drop_probability() == 1) {
      std::fill_n(dx, count, 0.0f);
      return;
    }
    [[maybe_unused]] const Status status = GaussianDropoutBackward(
        {dy, count}, rate_, KeyOfRow(pass, index_, rows.begin, cols_), {dx, count}, pass.execution);
    assert(status.ok());
  }

 private:
  void Forward(const Pass& pass, const MaskKey& key, std::size_t rows, const float* x, float* y) const override {
    const Rate& rate = pass.rate ? *pass.rate : rate_;
    const std::size_t count = rows * cols_;
    if (rate.drop_probability() == 1) {
      std::fill_n(y, count, 0.0f);
      return;
    }
    [[maybe_unused]] const Status status = GaussianDropoutForward({x, count}, rate, key, {y, count}, pass.execution);
    assert(status.ok());
  }

  Rate rate_;
};

class GaussianNoiseLayer : public Noise {
 public:
  explicit GaussianNoiseLayer(double stddev) : stddev_(stddev) {
    CheckOption("gaussian_noise", "the standard deviation", stddev,
                stddev >= 0 && stddev <= std::numeric_limits<float>::max(), "a number >= 0");
  }

  std::string Spec() const override { return "gaussian_noise:" + FormatNumber(stddev_); }

  bool random() const override { return true; }
  bool identity(Mode mode) const override { return mode == Mode::kInfer || stddev_ == 0; }

  void BackwardRows(const Pass&, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory&) override {
    if (dx != nullptr) Copy(rows.count(), dy, dx);
  }

 private:
  void Forward(const Pass& pass, const MaskKey& key, std::size_t rows, const float* x, float* y) const override {
    const std::size_t count = rows * cols_;
    [[maybe_unused]] const Status status = GaussianNoise({x, count}, stddev_, key, {y, count}, pass.execution);
    assert(status.ok());
  }

  double stddev_;
};

// A sample at a time, as its scale is its own.
class DropBlock2D : public Layer {
 public:
  DropBlock2D(double rate, std::size_t block_size) : rate_(rate), block_size_(block_size) {
    CheckProbability("drop_block2d", "the rate", rate);
    if (block_size == 0) throw Error("drop_block2d: the block size is 0, expected at least 1");
  }

  std::string Spec() const override {
    return "drop_block2d:" + FormatNumber(rate_.drop_probability()) + ':' + FormatNumber(block_size_);
  }

  LayerPlan Plan(const Shape& input) const override {
    if (input.rank() != 3) {
      throw Error("drop_block2d: samples of shape " + input.ToString() + ", expected 3 dimensions");
    }
    if (block_size_ > std::min(input[1], input[2])) {
      throw Error("drop_block2d: blocks of " + std::to_string(block_size_) + " on samples of shape " +
                  input.ToString() + ", expected at most " + std::to_string(std::min(input[1], input[2])));
    }
    return {input};
  }

  void Build(const Shape& input, std::uint64_t, std::size_t index) override {
    shape_ = {.samples = 1,
              .channels = input[0],
              .height = input[1],
              .width = input[2],
              .block_height = block_size_,
              .block_width = block_size_};
    index_ = index;
  }

  bool drops() const override { return true; }
  std::optional<double> rate() const override { return rate_.drop_probability(); }
  bool set_rate(const Rate& rate) override {
    rate_ = rate;
    return true;
  }
  bool identity(Mode mode) const override { return mode == Mode::kInfer || rate_.drop_probability() == 0; }
  bool in_place() const override { return true; }
  bool keeps_sign() const override { return true; }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory&) override {
    Apply(pass, rows, x, y, DropBlockForward);
  }

  void BackwardRows(const Pass& pass, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory&) override {
    if (dx != nullptr) Apply(pass, rows, dy, dx, DropBlockBackward);
  }

 private:
  using Function = Status (*)(ConstArray, const DropBlockShape&, const Rate&, const MaskKey&, Array,
                              const Execution&) noexcept;

  void Apply(const Pass& pass, Rows rows, const float* from, float* to, Function function) const {
    const std::size_t cols = shape_.size();
    if (pass.mode == Mode::kInfer) {
      if (to != from) std::memcpy(to, from, rows.count() * cols * sizeof(float));
      return;
    }
    const std::size_t places = shape_.channels * (shape_.height - block_size_ + 1) * (shape_.width - block_size_ + 1);
    for (std::size_t r = 0; r < rows.count(); ++r) {
      [[maybe_unused]] const Status status =
          function({from + r * cols, cols}, shape_, pass.rate ? *pass.rate : rate_,
                   KeyOfRow(pass, index_, rows.begin + r, places), {to + r * cols, cols}, pass.execution);
      assert(status.ok());
    }
  }

  Rate rate_;
  std::size_t block_size_;
  DropBlockShape shape_;
  std::size_t index_ = 0;
};

}  // namespace

std::unique_ptr<Layer> MakeGaussianDropout(double rate) { return std::make_unique<GaussianDropout>(rate); }
std::unique_ptr<Layer> MakeGaussianNoise(double stddev) { return std::make_unique<GaussianNoiseLayer>(stddev); }
std::unique_ptr<Layer> MakeDropBlock2D(double rate, std::size_t block_size) {
  return std::make_unique<DropBlock2D>(rate, block_size);
}

void AddGaussianDropout(const LayerEntry& entry, LayerChain& layers) {
  entry.ExpectFields(2, 2, "gaussian_dropout:RATE");
  const double rate = entry.Number<double>(entry.field(1), "a rate");
  layers.push_back(entry.Named([&] { return MakeGaussianDropout(rate); }));
}

void AddGaussianNoise(const LayerEntry& entry, LayerChain& layers) {
  entry.ExpectFields(2, 2, "gaussian_noise:STDDEV");
  const double stddev = entry.Number<double>(entry.field(1), "a standard deviation");
  layers.push_back(entry.Named([&] { return MakeGaussianNoise(stddev); }));
}

void AddDropBlock2D(const LayerEntry& entry, LayerChain& layers) {
  entry.ExpectFields(3, 3, "drop_block2d:RATE:BLOCK_SIZE");
  const double rate = entry.Number<double>(entry.field(1), "a rate");
  const auto block_size = entry.Number<std::size_t>(entry.field(2), "a whole number of elements");
  layers.push_back(entry.Named([&] { return MakeDropBlock2D(rate, block_size); }));
}

}  // namespace fallow::nn
