// Layer normalisation.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/norm_layers.h"
#include "kernels/norm_kernels.h"
#include "kernels/rows.h"
#include "runtime/norm_entries.h"
#include "runtime/option_checks.h"

namespace fallow::nn {
namespace {

constexpr double kDefaultEps = 1e-5;
constexpr std::uint64_t kMaxSize = std::uint64_t{1} << 57;
constexpr std::size_t kColsPerBlock = 64;  // In one gradient block.

// The mask that kernels/norm_kernels.h asks for.
constexpr std::array<std::uint64_t, kRowSegment / 64> kKeepAll = [] {
  std::array<std::uint64_t, kRowSegment / 64> words{};
  words.fill(~std::uint64_t{0});
  return words;
}();

// A group: the elements along the last dimension, which have statistics of their own.
class LayerNorm : public Layer {
 public:
  explicit LayerNorm(double eps) : eps_(eps) { CheckNotNegative("layer_norm", "eps", eps); }

  std::string Spec() const override { return "layer_norm" + OptionSpec("eps", eps_, kDefaultEps); }

  LayerPlan Plan(const Shape& input) const override {
    const std::uint64_t size = SizeOf(input);
    if (size == 0 || size > kMaxSize) {
      throw Error("layer_norm: " + std::to_string(size) + " elements, expected 1 to 2^57");
    }
    return {input, 2 * size};
  }

  void Build(const Shape& input, std::uint64_t, std::size_t) override {
    size_ = SizeOf(input);
    groups_ = input.elements() / size_;
    parameters_.clear();
    for (const char* name : {"weight", "bias"}) {
      parameters_.push_back({.name = name, .value = Tensor(1, Shape{size_}), .gradient = Tensor(1, Shape{size_})});
    }
    std::ranges::fill(parameters_[0].value.values(), 1.0f);
  }

  std::span<Parameter> parameters() override { return parameters_; }

  bool needs_input() const override { return true; }
  bool in_place() const override { return true; }
  // Each group's statistics.
  std::size_t saved() const override { return groups_ * kSavedPerGroup; }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory& memory) override {
    const NormKernels& kernels = NormKernelsFor(DType::kF32, pass.execution.target);
    for (std::size_t group = 0; group < rows.count() * groups_; ++group, x += size_, y += size_) {
      const RowStatistics statistics = StatisticsOf(kernels, x);
      if (memory.saved != nullptr) Saved(memory)[group] = statistics;
      ForEachSegment(size_, [&](std::size_t col, std::size_t n) {
        kernels.normalise(x + col, n, statistics, weight() + col, bias() + col, y + col);
      });
    }
  }

  void BackwardRows(const Pass& pass, Rows rows, const float* x, const float*, const float* dy, float* dx,
                    const Memory& memory) override {
    if (dx == nullptr) return;
    const NormKernels& kernels = NormKernelsFor(DType::kF32, pass.execution.target);
    for (std::size_t group = 0; group < rows.count() * groups_; ++group, x += size_, dy += size_, dx += size_) {
      const RowStatistics& statistics = Saved(memory)[group];
      double gradients = 0, products = 0;
      ForEachSegment(size_, [&](std::size_t col, std::size_t n) {
        const NormSums sums = kernels.gradient_sums(dy + col, x + col, n, statistics, weight() + col);
        gradients += sums.gradients;
        products += sums.products;
      });
      const NormSums mean{Mean(gradients), Mean(products)};
      ForEachSegment(size_, [&](std::size_t col, std::size_t n) {
        kernels.gradient(dy + col, nullptr, x + col, kKeepAll.data(), n, statistics, mean, weight() + col,
                         /*scale=*/1.0f, dx + col, dx + col);
      });
    }
  }

  std::size_t gradient_blocks() const override { return (size_ + kColsPerBlock - 1) / kColsPerBlock; }

  void ParameterGradients(const Pass& pass, std::size_t block, std::size_t rows, const float* x, const float* dy,
                          const Memory& memory) override {
    const std::size_t col = block * kColsPerBlock;
    const std::size_t count = std::min(kColsPerBlock, size_ - col);
    float* dweight = parameters_[0].gradient.data() + col;
    float* dbias = parameters_[1].gradient.data() + col;
    std::fill_n(dweight, count, 0.0f);
    std::fill_n(dbias, count, 0.0f);
    NormKernelsFor(DType::kF32, pass.execution.target)
        .parameter_gradients(dy + col, size_, x + col, size_, rows * groups_, count, Saved(memory), dweight, dbias);
  }

 private:
  static constexpr std::size_t kSavedPerGroup = sizeof(RowStatistics) / sizeof(float);

  static std::size_t SizeOf(const Shape& input) {
    if (input.elements() == 0) return 0;
    return input.rank() == 0 ? 1 : input[input.rank() - 1];
  }

  static RowStatistics* Saved(const Memory& memory) { return reinterpret_cast<RowStatistics*>(memory.saved); }

  const float* weight() const { return parameters_[0].value.data(); }
  const float* bias() const { return parameters_[1].value.data(); }
  float Mean(double sum) const { return static_cast<float>(sum / static_cast<double>(size_)); }

  RowStatistics StatisticsOf(const NormKernels& kernels, const float* x) const {
    double sum = 0, squares = 0;
    ForEachSegment(size_, [&](std::size_t col, std::size_t n) { sum += kernels.sum(x + col, n); });
    const float mean = Mean(sum);
    ForEachSegment(size_, [&](std::size_t col, std::size_t n) { squares += kernels.squares(x + col, n, mean); });
    return {mean, static_cast<float>(1 / std::sqrt(squares / static_cast<double>(size_) + eps_))};
  }

  double eps_;
  std::size_t size_ = 0;    // Of a group.
  std::size_t groups_ = 0;  // Of a sample.
  std::vector<Parameter> parameters_;
};

}  // namespace

std::unique_ptr<Layer> MakeLayerNorm(double eps) { return std::make_unique<LayerNorm>(eps); }

void AddLayerNorm(const LayerEntry& entry, LayerChain& layers) {
  double eps = kDefaultEps;
  entry.ReadNumbers(1, {{"eps", &eps}});
  layers.push_back(entry.Named([&] { return MakeLayerNorm(eps); }));
}

}  // namespace fallow::nn
