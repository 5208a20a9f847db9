// Dropout as a layer.
#include <cassert>
#include <cstring>
#include <memory>
#include <string>

#include "fallow/dropout.h"
#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/numbers.h"

namespace fallow::nn {
namespace {

class Dropout : public Layer {
 public:
  explicit Dropout(Rate rate) : rate_(rate) {}

  std::string Spec() const override { return "dropout:" + FormatNumber(rate_.drop_probability()); }

  Shape Build(const Shape& input, std::uint64_t, std::size_t index) override {
    cols_ = input.elements();
    index_ = index;
    return input;
  }

  bool identity(Mode mode) const override { return mode == Mode::kInfer || rate_.drop_probability() == 0; }
  bool in_place() const override { return true; }
  bool keeps_sign() const override { return true; }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y) override {
    Apply(pass, rows, x, y, DropoutForward);
  }

  void BackwardRows(const Pass& pass, Rows rows, const float*, const float*, const float* dy, float* dx) override {
    if (dx != nullptr) Apply(pass, rows, dy, dx, DropoutBackward);
  }

 private:
  using Function = Status (*)(ConstArray, const Mask&, Array, const Execution&) noexcept;

  void Apply(const Pass& pass, Rows rows, const float* from, float* to, Function function) const {
    const std::size_t count = rows.count() * cols_;
    if (identity(pass.mode)) {
      if (to != from) std::memcpy(to, from, count * sizeof(float));
      return;
    }
    const MaskKey key{.seed = pass.seed,
                      .stream = StreamOf(index_, pass.step),
                      .first_element = (pass.first_row + rows.begin) * cols_};
    // Rate and key were checked when the layer was made and when the pass began.
    [[maybe_unused]] const Status status = function({from, count}, {rate_, key}, {to, count}, pass.execution);
    assert(status.ok());
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
