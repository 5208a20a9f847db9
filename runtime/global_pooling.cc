// Pooling over all of a channel.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "fallow/nn/convolution.h"
#include "fallow/nn/error.h"
#include "runtime/window.h"

namespace fallow::nn {
namespace {

class GlobalPool : public Layer {
 public:
  GlobalPool(const char* kind, bool keepdims) : kind_(kind), keepdims_(keepdims) {}

  std::string Spec() const override { return kind_ + (keepdims_ ? ":keepdims=1" : ""); }

  LayerPlan Plan(const Shape& input) const override {
    if (input.rank() == 0 || input.elements() == 0) {
      throw Error(kind_ + ": samples of shape " + input.ToString() + ", expected channels of at least one element");
    }
    if (input.elements() / input[0] > kMaxWindow) {
      throw Error(kind_ + ": channels of " + std::to_string(input.elements() / input[0]) +
                  " elements, expected at most " + std::to_string(kMaxWindow));
    }
    std::vector<std::size_t> dims(keepdims_ ? input.rank() : 1, 1);
    dims[0] = input[0];
    return {Shape(dims)};
  }

  void Build(const Shape& input, std::uint64_t, std::size_t) override {
    channels_ = input[0];
    size_ = input.elements() / channels_;
  }

 protected:
  std::string kind_;
  bool keepdims_;
  std::size_t channels_ = 0;
  std::size_t size_ = 0;  // Of a channel.
};

// In training it saves where the largest numbers are.
class GlobalMaxPool : public GlobalPool {
 public:
  explicit GlobalMaxPool(bool keepdims) : GlobalPool("global_maxpool", keepdims) {}

  std::size_t saved() const override { return channels_; }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory& memory) override {
    const std::size_t count = rows.count() * channels_;
    std::uint32_t* index = pass.mode == Mode::kTrain ? new (memory.saved) std::uint32_t[count] : nullptr;
    for (std::size_t c = 0; c < count; ++c, x += size_) {
      std::size_t at = 0;
      for (std::size_t i = 1; i < size_; ++i) {
        if (x[i] > x[at] || x[i] != x[i]) at = i;  // A NaN stays: nothing is greater.
      }
      y[c] = x[at];
      if (index != nullptr) index[c] = static_cast<std::uint32_t>(at);
    }
  }

  void BackwardRows(const Pass&, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory& memory) override {
    if (dx == nullptr) return;
    const std::size_t count = rows.count() * channels_;
    std::fill_n(dx, count * size_, 0.0f);
    const auto* index = reinterpret_cast<const std::uint32_t*>(memory.saved);
    for (std::size_t c = 0; c < count; ++c) dx[c * size_ + index[c]] = dy[c];
  }
};

class GlobalAvgPool : public GlobalPool {
 public:
  explicit GlobalAvgPool(bool keepdims) : GlobalPool("global_avgpool", keepdims) {}

  void ForwardRows(const Pass&, Rows rows, const float* x, float* y, const Memory&) override {
    const std::size_t count = rows.count() * channels_;
    for (std::size_t c = 0; c < count; ++c, x += size_) y[c] = Sum(x) / static_cast<float>(size_);
  }

  void BackwardRows(const Pass&, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory&) override {
    if (dx == nullptr) return;
    const std::size_t count = rows.count() * channels_;
    for (std::size_t c = 0; c < count; ++c, dx += size_) std::fill_n(dx, size_, dy[c] / static_cast<float>(size_));
  }

 private:
  // Of sixteen partial sums, which need not wait for each other and err less than one.
  float Sum(const float* x) const {
    constexpr std::size_t kPartials = 16;
    float partials[kPartials] = {};
    std::size_t i = 0;
    for (; i + kPartials <= size_; i += kPartials) {
      for (std::size_t l = 0; l < kPartials; ++l) partials[l] += x[i + l];
    }
    for (; i < size_; ++i) partials[i % kPartials] += x[i];
    float sum = 0;
    for (const float partial : partials) sum += partial;
    return sum;
  }
};

}  // namespace

std::unique_ptr<Layer> MakeGlobalMaxPool(bool keepdims) { return std::make_unique<GlobalMaxPool>(keepdims); }
std::unique_ptr<Layer> MakeGlobalAvgPool(bool keepdims) { return std::make_unique<GlobalAvgPool>(keepdims); }

}  // namespace fallow::nn
