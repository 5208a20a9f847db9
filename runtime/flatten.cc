// Layers that change only how the shape is read.
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"

namespace fallow::nn {
namespace {

class Reshape : public Layer {
 public:
  // To this shape; without one, to one dimension.
  explicit Reshape(const std::optional<Shape>& shape) : shape_(shape) {}

  std::string Spec() const override { return shape_ ? "reshape:" + shape_->ToString() : "flatten"; }

  LayerPlan Plan(const Shape& input) const override {
    const Shape output = shape_ ? *shape_ : Shape{input.elements()};
    if (output.elements() == input.elements()) return {output};
    throw Error("reshape: samples of " + std::to_string(input.elements()) + " elements, expected the " +
                std::to_string(output.elements()) + " of " + output.ToString());
  }

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

  std::optional<Shape> shape_;
  std::size_t cols_ = 0;
};

}  // namespace

std::unique_ptr<Layer> MakeFlatten() { return std::make_unique<Reshape>(std::nullopt); }
std::unique_ptr<Layer> MakeReshape(const Shape& shape) { return std::make_unique<Reshape>(shape); }

}  // namespace fallow::nn
