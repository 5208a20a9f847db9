// A sample's dimensions in another order.
#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"

namespace fallow::nn {
namespace {

class Permute : public Layer {
 public:
  explicit Permute(std::vector<std::size_t> order) : order_(std::move(order)) {
    std::vector<std::size_t> sorted = order_;
    std::ranges::sort(sorted);
    bool good = !sorted.empty() && sorted.size() <= Shape::kMaxRank;
    for (std::size_t i = 0; i < sorted.size(); ++i) good = good && sorted[i] == i + 1;
    if (good) return;
    throw Error("permute: got \"" + Order() + "\", expected the dimensions from 1 to at most " +
                std::to_string(Shape::kMaxRank) + ", each once");
  }

  std::string Spec() const override { return "permute:" + Order(); }

  LayerPlan Plan(const Shape& input) const override {
    if (input.rank() != order_.size()) {
      throw Error("permute: samples of shape " + input.ToString() + ", expected " + std::to_string(order_.size()) +
                  " dimensions");
    }
    std::vector<std::size_t> dims;
    for (const std::size_t dimension : order_) dims.push_back(input[dimension - 1]);
    return {Shape(dims)};
  }

  void Build(const Shape& input, std::uint64_t, std::size_t) override {
    cols_ = input.elements();
    output_ = Plan(input).output;
    std::array<std::size_t, Shape::kMaxRank> strides;
    for (std::size_t i = input.rank(), stride = 1; i-- > 0; stride *= input[i]) strides[i] = stride;
    for (std::size_t i = 0; i < order_.size(); ++i) strides_[i] = strides[order_[i] - 1];
  }

  void ForwardRows(const Pass&, Rows rows, const float* x, float* y, const Memory&) override {
    for (std::size_t r = 0; r < rows.count(); ++r) {
      ForEach(0, r * cols_, [&](std::size_t element) { *y++ = x[element]; });
    }
  }

  void BackwardRows(const Pass&, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory&) override {
    if (dx == nullptr) return;
    for (std::size_t r = 0; r < rows.count(); ++r) {
      ForEach(0, r * cols_, [&](std::size_t element) { dx[element] = *dy++; });
    }
  }

 private:
  std::string Order() const {
    std::string text;
    for (const std::size_t dimension : order_) {
      if (!text.empty()) text += 'x';
      text += std::to_string(dimension);
    }
    return text;
  }

  // Calls body(element of the input) for the output's elements in their order, from dimension `d` of it on.
  template <class Body>
  void ForEach(std::size_t d, std::size_t first, const Body& body) const {
    for (std::size_t i = 0; i < output_[d]; ++i) {
      const std::size_t element = first + i * strides_[d];
      if (d + 1 == order_.size()) {
        body(element);
      } else {
        ForEach(d + 1, element, body);
      }
    }
  }

  std::vector<std::size_t> order_;  // From 1.
  std::size_t cols_ = 0;
  Shape output_;
  std::array<std::size_t, Shape::kMaxRank> strides_ = {};  // Through the input, of the output's dimensions.
};

}  // namespace

std::unique_ptr<Layer> MakePermute(std::vector<std::size_t> order) {
  return std::make_unique<Permute>(std::move(order));
}

}  // namespace fallow::nn
