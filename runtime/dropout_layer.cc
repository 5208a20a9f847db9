// Dropout as a layer.
#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "fallow/dropout.h"
#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/numbers.h"
#include "runtime/row_blocks.h"

namespace fallow::nn {
namespace {

class Dropout : public Layer {
 public:
  explicit Dropout(Rate rate) : rate_(rate) {}

  std::string Spec() const override { return "dropout:" + FormatNumber(rate_.drop_probability()); }

  void Build(const Shape& input, std::uint64_t, std::size_t index) override {
    cols_ = input.elements();
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
    if (pass.row_masks.empty()) {
      Apply(pass, rows, x, y, DropoutForward);
    } else {
      DropByRow(pass, rows, x, y);
    }
  }

  void BackwardRows(const Pass& pass, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory&) override {
    if (dx != nullptr) Apply(pass, rows, dy, dx, DropoutBackward);
  }

 private:
  using Function = Status (*)(ConstArray, const Mask&, Array, const Execution&) noexcept;

  MaskKey KeyOf(std::uint64_t seed, std::uint64_t step, std::uint64_t row) const {
    return {.seed = seed, .stream = StreamOf(index_, step), .first_element = row * cols_};
  }

  void Apply(const Pass& pass, Rows rows, const float* from, float* to, Function function) const {
    const std::size_t count = rows.count() * cols_;
    if (identity(pass.mode)) {
      if (to != from) std::memcpy(to, from, count * sizeof(float));
      return;
    }
    const Mask mask(rate_, KeyOf(pass.seed, pass.step, pass.first_row + rows.begin));
    // Rate and key were checked when the layer was made and when the pass began.
    [[maybe_unused]] const Status status = function({from, count}, mask, {to, count}, pass.execution);
    assert(status.ok());
  }

  // In pieces of as many rows as a block has, so that their keys fit the stack.
  void DropByRow(const Pass& pass, Rows rows, const float* x, float* y) const {
    std::array<MaskKey, RowBlocks::kMaxRows> keys;
    const Rate& rate = pass.rate ? *pass.rate : rate_;
    for (std::size_t row = rows.begin; row < rows.end;) {
      const std::size_t count = std::min(keys.size(), rows.end - row);
      const std::size_t first = (row - rows.begin) * cols_;
      for (std::size_t i = 0; i < count; ++i, ++row) {
        keys[i] = KeyOf(pass.row_masks[row].seed, pass.row_masks[row].step, pass.row_masks[row].row);
      }
      const Mask mask(rate, std::span<const MaskKey>(keys.data(), count));
      [[maybe_unused]] const Status status =
          DropoutForward({x + first, count * cols_}, mask, {y + first, count * cols_}, pass.execution);
      assert(status.ok());
    }
  }

  Rate rate_;
  std::size_t cols_ = 0;
  std::size_t index_ = 0;
};

}  // namespace

std::unique_ptr<Layer> MakeDropout(double rate) {
  const Rate checked(rate);
  if (!checked.valid()) throw Error("dropout: the rate is " + FormatNumber(rate) + ", expected a number in [0, 1]");
  return std::make_unique<Dropout>(checked);
}

}  // namespace fallow::nn
