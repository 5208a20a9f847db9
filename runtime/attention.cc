// Multi-head self-attention, a sample at a time: all that one sample needs is in cache together.
#include <algorithm>
#include <cassert>
#include <cmath>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/attention.h"
#include "fallow/nn/error.h"
#include "fallow/softmax_dropout.h"
#include "kernels/parallel.h"
#include "runtime/blas.h"
#include "runtime/initial_values.h"
#include "runtime/numbers.h"
#include "runtime/ordered_product.h"
#include "runtime/row_kernels.h"
#include "runtime/row_keys.h"

namespace fallow::nn {
namespace {

constexpr std::size_t kUnitsPerBlock = 128;  // Of a gradient block.
// Samples of a row block are cut into at most so many pieces, which different threads may take.
constexpr std::size_t kMostPieces = 8;

enum ParameterIndex : std::size_t { kInWeight, kOutWeight, kInBias, kOutBias };

class Attention : public Layer {
 public:
  Attention(std::size_t heads, const AttentionOptions& options, const Rate& rate)
      : heads_(heads), options_(options), rate_(rate), drops_(options.dropout != 0) {}

  std::string Spec() const override {
    std::string spec = "attention:" + std::to_string(heads_);
    if (rate_.drop_probability() != 0) spec += ":dropout=" + FormatNumber(rate_.drop_probability());
    if (options_.causal) spec += ":causal=1";
    if (!options_.use_bias) spec += ":bias=0";
    return spec;
  }

  LayerPlan Plan(const Shape& input) const override {
    constexpr std::size_t kMost = std::size_t{1} << 24;
    if (input.rank() != 2 || input.elements() == 0 || input[1] % heads_ != 0) {
      throw Error("attention: samples of " + input.ToString() +
                  ", expected (positions, dimensions), dimensions a multiple of " + std::to_string(heads_) + " heads");
    }
    if (input[0] > kMost / input[0] / heads_ || input[1] > kMost) {
      throw Error("attention: samples of " + input.ToString() + ", expected at most " + std::to_string(kMost) +
                  " weights of all heads, and as many dimensions");
    }
    const std::uint64_t dims = input[1];
    return {input, 4 * dims * dims + (options_.use_bias ? 4 * dims : 0)};
  }

  void Build(const Shape& input, std::uint64_t seed, std::size_t index) override {
    positions_ = input[0];
    dims_ = input[1];
    head_ = dims_ / heads_;
    index_ = index;
    parameters_.clear();
    const auto add = [&](const char* name, std::size_t rows, std::size_t cols) {
      parameters_.push_back({.name = name, .value = Tensor(rows, Shape{cols}), .gradient = Tensor(rows, Shape{cols})});
    };
    add("in_proj_weight", 3 * dims_, dims_);
    add("out_proj.weight", dims_, dims_);
    const auto dims = static_cast<double>(dims_);
    FillUniform(seed, index, std::sqrt(6 / (4 * dims)), parameters_);
    for (float& w : parameters_[kOutWeight].value.values())
      w *= static_cast<float>(std::sqrt(1 / dims) / std::sqrt(6 / (4 * dims)));
    if (!options_.use_bias) return;
    add("in_proj_bias", 1, 3 * dims_);
    add("out_proj.bias", 1, dims_);
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
  bool needs_input() const override { return true; }

  std::uint64_t mask_elements() const override { return heads_ * positions_ * positions_; }
  // Queries, keys and values, later their gradients; the logits; what goes into the last product.
  std::size_t saved() const override { return 4 * positions_ * dims_ + mask_elements(); }
  std::size_t scratch(Mode mode, std::size_t rows) const override { return Pieces(rows) * ScratchOfPiece(mode); }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory& memory) override {
    ForEachSample(pass, rows, [&](std::size_t r, std::size_t piece) {
      float* scratch = memory.scratch + piece * ScratchOfPiece(pass.mode);
      const bool trains = pass.mode == Mode::kTrain;
      const Values values = trains ? ValuesAt(memory.saved + r * saved()) : ValuesAt(scratch);
      float* rest = trains ? scratch : scratch + saved();
      Forward(pass, rows.begin + r, x + r * positions_ * dims_, values, rest, y + r * positions_ * dims_);
    });
  }

  void BackwardRows(const Pass& pass, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory& memory) override {
    ForEachSample(pass, rows, [&](std::size_t r, std::size_t piece) {
      const std::size_t sample = r * positions_ * dims_;
      Backward(pass, rows.begin + r, ValuesAt(memory.saved + r * saved()), dy + sample,
               memory.scratch + piece * ScratchOfPiece(pass.mode), dx == nullptr ? nullptr : dx + sample);
    });
  }

  std::size_t gradient_blocks() const override { return Blocks(3 * dims_) + Blocks(dims_); }

  void ParameterGradients(const Pass& pass, std::size_t block, std::size_t rows, const float* x, const float* dy,
                          const Memory& memory) override {
    const std::size_t of_in = Blocks(3 * dims_);
    const bool in = block < of_in;
    const std::size_t units = in ? 3 * dims_ : dims_;
    const std::size_t first = (in ? block : block - of_in) * kUnitsPerBlock;
    const std::size_t count = std::min(kUnitsPerBlock, units - first);
    float* weight = parameters_[in ? kInWeight : kOutWeight].gradient.row(first).data();
    float* bias = options_.use_bias ? parameters_[in ? kInBias : kOutBias].gradient.data() + first : nullptr;
    std::fill_n(weight, count * dims_, 0.0f);
    if (bias != nullptr) std::fill_n(bias, count, 0.0f);
    for (std::size_t r = 0; r < rows; ++r) {
      const Values values = ValuesAt(memory.saved + r * saved());
      const float* of_output = (in ? values.qkv : dy + r * positions_ * dims_) + first;
      const float* of_input = in ? x + r * positions_ * dims_ : values.joined;
      AddGemmTN({count, dims_, positions_}, of_output, units, of_input, dims_, weight, dims_, pass.execution);
      if (bias != nullptr) AddRows(positions_, of_output, units, count, bias);
    }
  }

 private:
  // Of one sample.
  struct Values {
    float* qkv;     // (positions, 3 dims)
    float* joined;  // (positions, dims): the heads' outputs side by side.
    float* logits;  // (heads, positions, positions), before the scale.
  };
  Values ValuesAt(float* memory) const {
    return {memory, memory + 3 * positions_ * dims_, memory + 4 * positions_ * dims_};
  }

  static std::size_t Blocks(std::size_t units) { return (units + kUnitsPerBlock - 1) / kUnitsPerBlock; }
  static std::size_t Pieces(std::size_t rows) { return std::min(rows, kMostPieces); }

  std::size_t ScratchOfPiece(Mode mode) const {
    const std::size_t weights = positions_ * positions_;
    const std::size_t values = positions_ * head_;  // Of one head.
    if (mode == Mode::kTrain) return positions_ * dims_ + 2 * weights + 3 * values;
    return saved() + weights + values;
  }

  // Calls body(row of the block, piece).
  template <class Body>
  void ForEachSample(const Pass& pass, Rows rows, const Body& body) const {
    const std::size_t pieces = Pieces(rows.count());
    ParallelFor(pieces, pass.execution.max_threads, [&](std::size_t piece) {
      const std::size_t end = rows.count() * (piece + 1) / pieces;
      for (std::size_t r = rows.count() * piece / pieces; r < end; ++r) body(r, piece);
    });
  }

  SoftmaxOptions Options() const {
    return {.scale = 1 / std::sqrt(static_cast<float>(head_)), .queries = options_.causal ? positions_ : 0};
  }

  // Of one sample's head.
  Mask MaskOf(const Pass& pass, std::size_t row, std::size_t head) const {
    if (pass.mode == Mode::kInfer) return {Rate(0), MaskKey()};
    const std::uint64_t weights = positions_ * positions_;
    MaskKey key = KeyOfRow(pass, index_, row, heads_ * weights);
    key.first_element += head * weights;
    return {pass.rate && drops() ? *pass.rate : rate_, key};
  }

  ConstArray Square(const float* matrix) const { return {matrix, positions_, positions_, positions_}; }
  Array Square(float* matrix) const { return {matrix, positions_, positions_, positions_}; }

  // The attention weights of one head.
  void Weigh(const Pass& pass, std::size_t row, std::size_t head, const float* logits, float* weights) const {
    [[maybe_unused]] const Status status =
        SoftmaxDropoutForward(Square(logits), Options(), MaskOf(pass, row, head), Square(weights),
                              {.max_threads = 1, .target = pass.execution.target});
    assert(status.ok());
  }

  void Product(const Pass& pass, GemmSize size, const float* a, std::size_t lda, const float* b, std::size_t ldb,
               const float* bias, float* c, std::size_t ldc) const {
    if (pass.mode != Mode::kTrain) return OrderedProductNT(size, a, lda, b, ldb, bias, c, ldc, pass.execution);
    GemmNT(size, a, lda, b, ldb, c, ldc, pass.execution);
    if (bias != nullptr) RowKernelsFor(pass.execution.target).add_bias(bias, size.m, size.n, c);
  }

  // `scratch`: weights of one head, and in inference its values transposed.
  void Forward(const Pass& pass, std::size_t row, const float* x, const Values& values, float* scratch,
               float* y) const {
    const std::size_t stride = 3 * dims_;
    const GemmSize in{positions_, stride, dims_}, out{positions_, dims_, dims_};
    Product(pass, in, x, dims_, parameters_[kInWeight].value.data(), dims_, Bias(kInBias), values.qkv, stride);
    for (std::size_t head = 0; head < heads_; ++head) {
      const float* q = values.qkv + head * head_;
      const float *k = q + dims_, *v = k + dims_;
      float* logits = values.logits + head * positions_ * positions_;
      Product(pass, {positions_, positions_, head_}, q, stride, k, stride, nullptr, logits, positions_);
      Weigh(pass, row, head, logits, scratch);
      Attend(pass, scratch, v, scratch + positions_ * positions_, values.joined + head * head_);
    }
    Product(pass, out, values.joined, dims_, parameters_[kOutWeight].value.data(), dims_, Bias(kOutBias), y, dims_);
  }

  // weights * v
  void Attend(const Pass& pass, const float* weights, const float* v, float* transposed, float* joined) const {
    const GemmSize size{positions_, head_, positions_};
    if (pass.mode == Mode::kTrain) {
      return GemmNN(size, weights, positions_, v, 3 * dims_, joined, dims_, pass.execution);
    }
    for (std::size_t t = 0; t < positions_; ++t) {
      for (std::size_t j = 0; j < head_; ++j) transposed[j * positions_ + t] = v[t * 3 * dims_ + j];
    }
    OrderedProductNT(size, weights, positions_, transposed, positions_, nullptr, joined, dims_, pass.execution);
  }

  // Leaves in values.qkv its gradient.
  void Backward(const Pass& pass, std::size_t row, const Values& values, const float* dy, float* scratch,
                float* dx) const {
    float* joined = scratch;  // Its gradient.
    GemmNN({positions_, dims_, dims_}, dy, dims_, parameters_[kOutWeight].value.data(), dims_, joined, dims_,
           pass.execution);
    for (std::size_t head = 0; head < heads_; ++head) {
      BackwardOfHead(pass, row, head, values, joined + head * head_, scratch + positions_ * dims_);
    }
    if (dx == nullptr) return;
    GemmNN({positions_, dims_, 3 * dims_}, values.qkv, 3 * dims_, parameters_[kInWeight].value.data(), dims_, dx, dims_,
           pass.execution);
  }

  void BackwardOfHead(const Pass& pass, std::size_t row, std::size_t head, const Values& values, const float* joined,
                      float* scratch) const {
    const std::size_t square = positions_ * positions_, stride = 3 * dims_, of_head = positions_ * head_;
    float *weights = scratch, *logits = weights + square;  // The latter's gradient.
    float *dq = logits + square, *dk = dq + of_head, *dv = dk + of_head;
    float* q = values.qkv + head * head_;
    float *k = q + dims_, *v = k + dims_;
    const GemmSize by_position{positions_, head_, positions_};
    const float* saved_logits = values.logits + head * square;

    Weigh(pass, row, head, saved_logits, weights);
    GemmTN(by_position, weights, positions_, joined, dims_, dv, head_, pass.execution);
    GemmNT({positions_, positions_, head_}, joined, dims_, v, stride, logits, positions_, pass.execution);
    [[maybe_unused]] const Status status =
        SoftmaxDropoutBackward(Square(saved_logits), Square(std::as_const(logits)), Options(), MaskOf(pass, row, head),
                               Square(logits), {.max_threads = 1, .target = pass.execution.target});
    assert(status.ok());
    GemmNN(by_position, logits, positions_, k, stride, dq, head_, pass.execution);
    GemmTN(by_position, logits, positions_, q, stride, dk, head_, pass.execution);
    for (std::size_t t = 0; t < positions_; ++t) {
      std::copy_n(dq + t * head_, head_, q + t * stride);
      std::copy_n(dk + t * head_, head_, k + t * stride);
      std::copy_n(dv + t * head_, head_, v + t * stride);
    }
  }

  const float* Bias(ParameterIndex i) const { return options_.use_bias ? parameters_[i].value.data() : nullptr; }

  std::size_t heads_;
  AttentionOptions options_;
  Rate rate_;
  bool drops_;  // Made with a rate of 0, it never does; moved to 0, it does so at rate 0.
  std::size_t positions_ = 0;
  std::size_t dims_ = 0;
  std::size_t head_ = 0;  // Dimensions of one.
  std::size_t index_ = 0;
  std::vector<Parameter> parameters_;
};

}  // namespace

std::unique_ptr<Layer> MakeAttention(std::size_t heads, const AttentionOptions& options) {
  const Rate rate(options.dropout);
  if (heads == 0) throw Error("attention: 0 heads, expected at least 1");
  if (!rate.valid()) {
    throw Error("attention: dropout is " + FormatNumber(options.dropout) + ", expected a number in [0, 1]");
  }
  return std::make_unique<Attention>(heads, options, rate);
}

}  // namespace fallow::nn
