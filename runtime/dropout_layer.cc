// Layers that drop elements or channels by a mask.
#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "fallow/alpha_dropout.h"
#include "fallow/dropout.h"
#include "fallow/nn/dropout_layers.h"
#include "fallow/nn/error.h"
#include "runtime/dropout_entries.h"
#include "runtime/numbers.h"
#include "runtime/row_blocks.h"
#include "runtime/row_keys.h"

namespace fallow::nn {
namespace {

using Function = Status (*)(ConstArray, const Mask&, Array, const Execution&) noexcept;

// What the mask is drawn for.
enum class Drawn { kElements, kChannels, kNoiseShape, kSamples };

struct Kind {
  const char* name;
  Function forward;
  Function backward;
  bool keeps_sign;
  Drawn drawn;
  std::size_t rank;  // That a sample must have; 0: any.
};

constexpr Kind kDropout = {"dropout", DropoutForward, DropoutBackward, true, Drawn::kElements, 0};
constexpr Kind kNoiseShapeDropout = {"dropout", DropoutForward, DropoutBackward, true, Drawn::kNoiseShape, 0};
constexpr Kind kSpatial1D = {"spatial_dropout1d", DropoutForward, DropoutBackward, true, Drawn::kChannels, 2};
constexpr Kind kSpatial2D = {"spatial_dropout2d", DropoutForward, DropoutBackward, true, Drawn::kChannels, 3};
constexpr Kind kDropPath = {"drop_path", DropoutForward, DropoutBackward, true, Drawn::kSamples, 0};
constexpr Kind kAlpha = {"alpha_dropout", AlphaDropoutForward, AlphaDropoutBackward, false, Drawn::kElements, 0};
constexpr Kind kFeatureAlpha = {
    "feature_alpha_dropout", AlphaDropoutForward, AlphaDropoutBackward, false, Drawn::kChannels, 0};

class MaskDropout : public Layer {
 public:
  MaskDropout(const Kind& kind, Rate rate, const Shape& noise_shape = {})
      : kind_(kind), rate_(rate), noise_shape_(noise_shape) {}

  std::string Spec() const override {
    std::string spec = kind_.name + (':' + FormatNumber(rate_.drop_probability()));
    if (kind_.drawn == Drawn::kNoiseShape) spec += ":noise_shape=" + noise_shape_.ToString();
    return spec;
  }

  LayerPlan Plan(const Shape& input) const override {
    const auto fail = [&](const std::string& expected) {
      throw Error(std::string(kind_.name) + ": samples of shape " + input.ToString() + ", expected " + expected);
    };
    if (kind_.rank != 0 && input.rank() != kind_.rank) fail(std::to_string(kind_.rank) + " dimensions");
    if (kind_.drawn != Drawn::kNoiseShape) return {input};
    bool fits = input.rank() == noise_shape_.rank();
    for (std::size_t d = 0; fits && d < input.rank(); ++d) fits = noise_shape_[d] == 1 || noise_shape_[d] == input[d];
    if (!fits) fail("those of the noise shape " + noise_shape_.ToString() + " where it is not 1");
    return {input};
  }

  void Build(const Shape& input, std::uint64_t, std::size_t index) override {
    shape_ = input;
    cols_ = input.elements();
    index_ = index;
    if (kind_.drawn == Drawn::kChannels) noise_shape_ = OnesBehind(input, 1);
    if (kind_.drawn == Drawn::kSamples) noise_shape_ = OnesBehind(input, 0);
    drawn_ = kind_.drawn == Drawn::kElements ? cols_ : noise_shape_.elements();
  }

  bool drops() const override { return true; }
  std::optional<double> rate() const override { return rate_.drop_probability(); }
  bool set_rate(const Rate& rate) override {
    rate_ = rate;
    return true;
  }
  bool identity(Mode mode) const override { return mode == Mode::kInfer || rate_.drop_probability() == 0; }
  bool in_place() const override { return true; }
  bool keeps_sign() const override { return kind_.keeps_sign; }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory&) override {
    if (pass.row_masks.empty()) {
      Apply(pass, rows, x, y, kind_.forward);
    } else {
      DropByRow(pass, rows, x, y);
    }
  }

  void BackwardRows(const Pass& pass, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory&) override {
    if (dx != nullptr) Apply(pass, rows, dy, dx, kind_.backward);
  }

 private:
  // The first `kept` dimensions, and 1 for the others.
  static Shape OnesBehind(const Shape& input, std::size_t kept) {
    std::array<std::size_t, Shape::kMaxRank> dims;
    dims.fill(1);
    for (std::size_t d = 0; d < std::min(kept, input.rank()); ++d) dims[d] = input[d];
    return Shape(std::span<const std::size_t>(dims.data(), input.rank()));
  }

  Mask Spread(const Mask& mask, std::size_t rows) const {
    if (drawn_ == cols_) return mask;
    std::array<std::size_t, Shape::kMaxRank + 1> shape{rows}, noise{rows};
    for (std::size_t d = 0; d < shape_.rank(); ++d) {
      shape[d + 1] = shape_[d];
      noise[d + 1] = noise_shape_[d];
    }
    const std::size_t dims = shape_.rank() + 1;
    return mask.Over(
        Broadcast(std::span<const std::size_t>(shape.data(), dims), std::span<const std::size_t>(noise.data(), dims)));
  }

  void Apply(const Pass& pass, Rows rows, const float* from, float* to, Function function) const {
    const std::size_t count = rows.count() * cols_;
    if (identity(pass.mode)) {
      if (to != from) std::memcpy(to, from, count * sizeof(float));
      return;
    }
    const Mask mask(rate_, KeyOfRow(pass, index_, rows.begin, drawn_));
    // Rate, shape and key were checked when the layer was made, when it was planned and when the pass began.
    [[maybe_unused]] const Status status =
        function({from, count}, Spread(mask, rows.count()), {to, count}, pass.execution);
    assert(status.ok());
  }

  // In pieces of as many rows as a block has, so that their keys fit the stack.
  void DropByRow(const Pass& pass, Rows rows, const float* x, float* y) const {
    std::array<MaskKey, RowBlocks::kMaxRows> keys;
    const Rate& rate = pass.rate ? *pass.rate : rate_;
    for (std::size_t row = rows.begin; row < rows.end;) {
      const std::size_t count = std::min(keys.size(), rows.end - row);
      const std::size_t first = (row - rows.begin) * cols_;
      for (std::size_t i = 0; i < count; ++i, ++row) keys[i] = KeyOfRow(pass, index_, row, drawn_);
      const Mask mask(rate, std::span<const MaskKey>(keys.data(), count));
      [[maybe_unused]] const Status status =
          kind_.forward({x + first, count * cols_}, Spread(mask, count), {y + first, count * cols_}, pass.execution);
      assert(status.ok());
    }
  }

  Kind kind_;
  Rate rate_;
  Shape shape_;
  Shape noise_shape_;
  std::size_t cols_ = 0;
  std::size_t drawn_ = 0;  // Decisions a row.
  std::size_t index_ = 0;
};

std::unique_ptr<Layer> Make(const Kind& kind, double rate, const Shape& noise_shape = {}) {
  const Rate checked(rate);
  if (!checked.valid()) {
    throw Error(std::string(kind.name) + ": the rate is " + FormatNumber(rate) + ", expected a number in [0, 1]");
  }
  return std::make_unique<MaskDropout>(kind, checked, noise_shape);
}

}  // namespace

std::unique_ptr<Layer> MakeDropout(double rate) { return Make(kDropout, rate); }
std::unique_ptr<Layer> MakeDropout(double rate, const Shape& noise_shape) {
  return Make(kNoiseShapeDropout, rate, noise_shape);
}
std::unique_ptr<Layer> MakeSpatialDropout1D(double rate) { return Make(kSpatial1D, rate); }
std::unique_ptr<Layer> MakeSpatialDropout2D(double rate) { return Make(kSpatial2D, rate); }
std::unique_ptr<Layer> MakeDropPath(double rate) { return Make(kDropPath, rate); }
std::unique_ptr<Layer> MakeAlphaDropout(double rate) { return Make(kAlpha, rate); }
std::unique_ptr<Layer> MakeFeatureAlphaDropout(double rate) { return Make(kFeatureAlpha, rate); }

void AddDropout(const LayerEntry& entry, LayerChain& layers) {
  if (entry.size() < 2) entry.Fail("expected dropout:RATE");
  const double rate = entry.Number<double>(entry.field(1), "a rate");
  std::optional<Shape> noise_shape;
  entry.ReadOptions(2, "noise_shape=SHAPE", [&](std::string_view name, std::string_view value) {
    if (name != "noise_shape") return false;
    noise_shape = entry.Named([&] { return ParseShape(value); });
    return true;
  });
  layers.push_back(entry.Named([&] { return noise_shape ? MakeDropout(rate, *noise_shape) : MakeDropout(rate); }));
}

void AddMaskDropout(const LayerEntry& entry, LayerChain& layers) {
  entry.ExpectFields(2, 2, std::string(entry.kind()) + ":RATE");
  const double rate = entry.Number<double>(entry.field(1), "a rate");
  for (const Kind& kind : {kSpatial1D, kSpatial2D, kDropPath, kAlpha, kFeatureAlpha}) {
    if (entry.kind() == kind.name) layers.push_back(entry.Named([&] { return Make(kind, rate); }));
  }
}

}  // namespace fallow::nn
