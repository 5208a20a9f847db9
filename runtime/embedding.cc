// Vectors for tokens.
#include <algorithm>
#include <cassert>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fallow/mask.h"
#include "fallow/nn/error.h"
#include "fallow/nn/sequences.h"
#include "runtime/initial_values.h"
#include "runtime/numbers.h"
#include "runtime/row_keys.h"

namespace fallow::nn {
namespace {

constexpr std::size_t kMaxVocabulary = std::size_t{1} << 24;
constexpr std::size_t kMaxDim = std::size_t{1} << 31;
constexpr std::size_t kMostGradientBlocks = 8;

class Embedding : public Layer {
 public:
  Embedding(std::size_t vocabulary, std::size_t dim, const EmbeddingOptions& options)
      : vocabulary_(vocabulary),
        dim_(dim),
        rate_(options.dropout),
        drops_(options.dropout != 0),
        padding_(options.padding) {
    CheckSize("tokens", vocabulary, kMaxVocabulary);
    CheckSize("numbers a token", dim, kMaxDim);
    if (!rate_.valid()) {
      throw Error("embedding: dropout is " + FormatNumber(options.dropout) + ", expected a number in [0, 1]");
    }
    if (padding_ && *padding_ >= vocabulary) {
      throw Error("embedding: padding is " + std::to_string(*padding_) + ", expected at most " +
                  std::to_string(vocabulary - 1));
    }
  }

  std::string Spec() const override {
    std::string spec = "embedding:" + std::to_string(vocabulary_) + ':' + std::to_string(dim_);
    if (rate_.drop_probability() != 0) spec += ":dropout=" + FormatNumber(rate_.drop_probability());
    if (padding_) spec += ":padding=" + std::to_string(*padding_);
    return spec;
  }

  LayerPlan Plan(const Shape& input) const override {
    if (input.rank() != 1 || input[0] == 0) {
      throw Error("embedding: got shape " + input.ToString() + ", expected (tokens)");
    }
    return {Shape{input[0], dim_}, std::uint64_t{vocabulary_} * dim_};
  }

  void Build(const Shape& input, std::uint64_t seed, std::size_t index) override {
    steps_ = input[0];
    index_ = index;
    parameters_.clear();
    parameters_.push_back(
        {.name = "weight", .value = Tensor(vocabulary_, Shape{dim_}), .gradient = Tensor(vocabulary_, Shape{dim_})});
    FillNormal(seed, index, parameters_[0].value.values());
    if (padding_) std::ranges::fill(parameters_[0].value.row(*padding_), 0.0f);
  }

  void CheckInput(const Tensor& x) const override {
    for (std::size_t r = 0; r < x.rows(); ++r) {
      for (const float token : x.row(r)) {
        if (IsToken(token)) continue;
        throw Error("embedding: row " + std::to_string(r) + " holds " + FormatNumber(token) +
                    ", expected whole numbers from 0 to " + std::to_string(vocabulary_ - 1));
      }
    }
  }

  std::span<Parameter> parameters() override { return parameters_; }
  bool drops() const override { return drops_; }
  std::optional<double> rate() const override {
    return drops_ ? std::optional(rate_.drop_probability()) : std::nullopt;
  }
  bool set_rate(const Rate& rate) override {
    if (drops_) rate_ = rate;
    return drops_;
  }
  std::size_t mask_elements() const override { return vocabulary_; }
  bool needs_input() const override { return true; }

  // What each token's vector is multiplied with.
  std::size_t saved() const override { return drops() ? steps_ : 0; }
  // Without: a sample's mask, a bit a token of the vocabulary, before its factors.
  std::size_t scratch(Mode mode, std::size_t) const override {
    if (!drops() || mode == Mode::kInfer) return 0;
    return MaskNumbers() + (mode == Mode::kMonteCarlo ? steps_ : 0);
  }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory& memory) override {
    const bool drops_now = drops() && pass.mode != Mode::kInfer;
    for (std::size_t r = 0; r < rows.count(); ++r, x += steps_, y += steps_ * dim_) {
      if (!drops_now) {
        for (std::size_t t = 0; t < steps_; ++t) Look(x[t], 1, y + t * dim_);
        continue;
      }
      float* factors = pass.mode == Mode::kTrain ? memory.saved + r * steps_ : memory.scratch + MaskNumbers();
      FindFactors(pass, rows.begin + r, x, reinterpret_cast<std::uint8_t*>(memory.scratch), factors);
      for (std::size_t t = 0; t < steps_; ++t) Look(x[t], factors[t], y + t * dim_);
    }
  }

  // Tokens have no gradient.
  void BackwardRows(const Pass&, Rows rows, const float*, const float*, const float*, float* dx,
                    const Memory&) override {
    if (dx != nullptr) std::fill_n(dx, rows.count() * steps_, 0.0f);
  }

  std::size_t gradient_blocks() const override { return std::min(kMostGradientBlocks, vocabulary_); }

  // Of a part of the vocabulary.
  void ParameterGradients(const Pass&, std::size_t block, std::size_t rows, const float* x, const float* dy,
                          const Memory& memory) override {
    const std::size_t begin = block * vocabulary_ / gradient_blocks();
    const std::size_t end = (block + 1) * vocabulary_ / gradient_blocks();
    Tensor& gradient = parameters_[0].gradient;
    std::fill(gradient.row(begin).data(), gradient.data() + end * dim_, 0.0f);
    for (std::size_t i = 0; i < rows * steps_; ++i, dy += dim_) {
      if (!IsToken(x[i])) continue;
      const auto token = static_cast<std::size_t>(x[i]);
      const float factor = drops() ? memory.saved[i] : 1;
      if (token < begin || token >= end || factor == 0 || (padding_ && token == *padding_)) continue;
      float* sum = gradient.data() + token * dim_;
      for (std::size_t j = 0; j < dim_; ++j) sum[j] += factor * dy[j];
    }
  }

 private:
  static void CheckSize(const char* what, std::size_t value, std::size_t most) {
    if (value >= 1 && value <= most) return;
    throw Error("embedding: " + std::to_string(value) + ' ' + what + ", expected 1 to " + std::to_string(most));
  }

  // False for NaN.
  bool IsToken(float x) const {
    return x >= 0 && x < static_cast<float>(vocabulary_) && x == static_cast<float>(static_cast<std::uint32_t>(x));
  }

  std::size_t MaskNumbers() const { return (vocabulary_ + 31) / 32; }

  void Look(float token, float factor, float* y) const {
    if (!IsToken(token)) {
      std::fill_n(y, dim_, std::numeric_limits<float>::quiet_NaN());
    } else if (factor == 0) {
      std::fill_n(y, dim_, 0.0f);
    } else {
      const float* from = parameters_[0].value.data() + static_cast<std::size_t>(token) * dim_;
      for (std::size_t j = 0; j < dim_; ++j) y[j] = from[j] * factor;
    }
  }

  // Of a row's tokens.
  void FindFactors(const Pass& pass, std::size_t row, const float* x, std::uint8_t* bits, float* factors) const {
    const Rate& rate = pass.rate ? *pass.rate : rate_;
    [[maybe_unused]] const Status status =
        GenerateMask(Mask(rate, KeyOfRow(pass, index_, row, vocabulary_)), vocabulary_, MaskFormat::kBits,
                     {bits, BitMaskBytes(vocabulary_)}, pass.execution);
    assert(status.ok());
    for (std::size_t t = 0; t < steps_; ++t) {
      const std::size_t token = IsToken(x[t]) ? static_cast<std::size_t>(x[t]) : 0;
      const bool kept = (bits[token / 8] >> (token % 8) & 1) != 0;
      factors[t] = kept ? rate.scale() : 0.0f;
    }
  }

  std::size_t vocabulary_;
  std::size_t dim_;
  Rate rate_;
  bool drops_;  // Made with a rate of 0, it never does; moved to 0, it does so at rate 0.
  std::optional<std::size_t> padding_;
  std::size_t steps_ = 0;
  std::size_t index_ = 0;
  std::vector<Parameter> parameters_;
};

}  // namespace

std::unique_ptr<Layer> MakeEmbedding(std::size_t vocabulary, std::size_t dim, const EmbeddingOptions& options) {
  return std::make_unique<Embedding>(vocabulary, dim, options);
}

}  // namespace fallow::nn
