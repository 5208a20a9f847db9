// A penalty on what a layer makes.
#include <cmath>
#include <cstring>
#include <memory>
#include <string>

#include "fallow/nn/layers.h"
#include "runtime/activity_regularization_entry.h"
#include "runtime/option_checks.h"

namespace fallow::nn {
namespace {

class ActivityRegularization : public Layer {
 public:
  ActivityRegularization(double l1, double l2) : l1_(l1), l2_(l2) {
    CheckNotNegative("activity_regularization", "l1", l1);
    CheckNotNegative("activity_regularization", "l2", l2);
  }

  std::string Spec() const override {
    return "activity_regularization" + OptionSpec("l1", l1_, 0) + OptionSpec("l2", l2_, 0);
  }

  void Build(const Shape& input, std::uint64_t, std::size_t) override { cols_ = input.elements(); }

  bool identity(Mode mode) const override { return mode != Mode::kTrain; }
  bool in_place() const override { return true; }
  bool keeps_sign() const override { return true; }
  NeedsOutput needs_output() const override { return NeedsOutput::kValue; }

  void ForwardRows(const Pass&, Rows rows, const float* x, float* y, const Memory&) override {
    if (y != x) std::memcpy(y, x, rows.count() * cols_ * sizeof(float));
  }

  void BackwardRows(const Pass&, Rows rows, const float*, const float* y, const float* dy, float* dx,
                    const Memory& memory) override {
    if (dx == nullptr) return;
    const auto l1 = static_cast<float>(l1_ / static_cast<double>(memory.batch_rows));
    const auto l2 = static_cast<float>(2 * l2_ / static_cast<double>(memory.batch_rows));
    for (std::size_t j = 0; j < rows.count() * cols_; ++j) {
      const float of_l1 = y[j] == 0 ? 0 : std::copysign(l1, y[j]);
      dx[j] = dy[j] + (of_l1 + l2 * y[j]);
    }
  }

 private:
  double l1_, l2_;
  std::size_t cols_ = 0;
};

}  // namespace

std::unique_ptr<Layer> MakeActivityRegularization(double l1, double l2) {
  return std::make_unique<ActivityRegularization>(l1, l2);
}

void AddActivityRegularization(const LayerEntry& entry, LayerChain& layers) {
  double l1 = 0, l2 = 0;
  entry.ReadNumbers(1, {{"l1", &l1}, {"l2", &l2}});
  layers.push_back(entry.Named([&] { return MakeActivityRegularization(l1, l2); }));
}

}  // namespace fallow::nn
