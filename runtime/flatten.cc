// Flatten: a layer that changes only how the shape is read.
#include <cstring>
#include <memory>
#include <string>

#include "fallow/nn/layers.h"

namespace fallow::nn {
namespace {

class Flatten : public Layer {
 public:
  std::string Spec() const override { return "flatten"; }

  LayerPlan Plan(const Shape& input) const override { return {Shape{input.elements()}}; }

  void Build(const Shape& input, std::uint64_t, std::size_t) override { cols_ = input.elements(); }

  bool identity(Mode) const override { return true; }
  bool in_place() const override { return true; }
  bool keeps_sign() const override { return true; }

  void ForwardRows(const Pass&, Rows rows, const float* x, float* y, const Memory&) override { Copy(rows, x, y); }

  void BackwardRows(const Pass&, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory&) override {
    if (dx != nullptr) Copy(rows, dy, dx);
  }

 private:
  void Copy(Rows rows, const float* from, float* to) const {
    if (to != from) std::memcpy(to, from, rows.count() * cols_ * sizeof(float));
  }

  std::size_t cols_ = 0;
};

}  // namespace

std::unique_ptr<Layer> MakeFlatten() { return std::make_unique<Flatten>(); }

}  // namespace fallow::nn
