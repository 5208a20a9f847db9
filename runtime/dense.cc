// Fully connected layers.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "kernels/parallel.h"
#include "runtime/blas.h"
#include "runtime/initial_values.h"
#include "runtime/numbers.h"
#include "runtime/ordered_product.h"
#include "runtime/region.h"
#include "runtime/row_kernels.h"

namespace fallow::nn {
namespace {

// Units in one gradient block. See runtime/README.md for how this and the next were chosen.
constexpr std::size_t kUnitsPerBlock = 128;

// How the result of a product is cut into parts that different threads may compute: by columns, so that the weights are
// packed once, or by rows if it has few columns.
constexpr std::size_t kColsPerPart = 256;
constexpr std::size_t kRowsPerPart = 64;
constexpr std::size_t kColsMultiple = 16;                          // A cache line of float.
constexpr std::size_t kMinMultiplications = std::size_t{1} << 21;  // Of a product that is cut: some 20 microseconds.

// Rows and columns of a product's result.
struct Part {
  std::size_t row, rows, col, cols;
};

// Calls body(part) for parts that depend on `size` alone, so that results do not depend on threads.
template <class Body>
void ForEachPart(GemmSize size, const Execution& execution, const Body& body) {
  const std::size_t multiplications = size.m * size.n * size.k;
  if (multiplications < kMinMultiplications) return body(Part{0, size.m, 0, size.n});
  Region region(kProductInParts, multiplications, execution);
  const std::size_t count = (size.n + kColsPerPart - 1) / kColsPerPart;
  if (count == 1) {
    const std::size_t parts = (size.m + kRowsPerPart - 1) / kRowsPerPart;
    region.Run(parts, [&](std::size_t i) {
      const std::size_t row = i * kRowsPerPart;
      body(Part{row, std::min(kRowsPerPart, size.m - row), 0, size.n});
    });
    return;
  }
  const std::size_t cols = ((size.n - 1) / count / kColsMultiple + 1) * kColsMultiple;
  region.Run(count, [&](std::size_t i) {
    const std::size_t col = std::min(i * cols, size.n);
    if (col < size.n) body(Part{0, size.m, col, std::min(cols, size.n - col)});
  });
}

void CheckDimension(const char* name, std::size_t value) {
  if (value >= 1 && value <= kMaxBlasDimension) return;
  throw Error("dense: " + std::to_string(value) + ' ' + name + ", expected 1 to " + std::to_string(kMaxBlasDimension));
}

// Over a whole sample, or each of the vectors along its last dimension: then these are the rows of its products.
class Dense : public Layer {
 public:
  Dense(std::size_t units, const DenseOptions& options, bool last) : units_(units), options_(options), last_(last) {
    CheckDimension("units", units);
    CheckPenalty("dense", "l1", options.l1);
    CheckPenalty("dense", "l2", options.l2);
    CheckPenalty("dense", "max_norm", options.max_norm);
  }

  std::string Spec() const override {
    std::string spec = (last_ ? "dense_last:" : "dense:") + std::to_string(units_);
    const auto add = [&](const char* name, float value) {
      if (value != 0) spec += ':' + std::string(name) + '=' + FormatNumber(value);
    };
    add("l1", options_.l1);
    add("l2", options_.l2);
    add("max_norm", options_.max_norm);
    if (!options_.use_bias) spec += ":bias=0";
    return spec;
  }

  LayerPlan Plan(const Shape& input) const override {
    const std::uint64_t inputs = InputsOf(input);
    CheckDimension("inputs", inputs);
    return {OutputOf(input), units_ * inputs + (options_.use_bias ? units_ : 0)};
  }

  void Build(const Shape& input, std::uint64_t seed, std::size_t index) override {
    inputs_ = InputsOf(input);
    vectors_ = input.elements() / inputs_;
    parameters_.clear();
    parameters_.push_back({.name = "weight",
                           .value = Tensor(units_, Shape{inputs_}),
                           .gradient = Tensor(units_, Shape{inputs_}),
                           .l1 = options_.l1,
                           .l2 = options_.l2,
                           .max_norm = options_.max_norm});
    if (options_.use_bias) {
      parameters_.push_back({.name = "bias", .value = Tensor(1, Shape{units_}), .gradient = Tensor(1, Shape{units_})});
    }
    FillUniform(seed, index, 1 / std::sqrt(static_cast<double>(inputs_)), parameters_);
  }

  std::span<Parameter> parameters() override { return parameters_; }

  bool needs_input() const override { return true; }

  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory&) override {
    const RowKernels& kernels = RowKernelsFor(pass.execution.target);
    ForEachPart({rows.count() * vectors_, units_, inputs_}, pass.execution, [&](Part part) {
      const GemmSize size{part.rows, part.cols, inputs_};
      const float* in = x + part.row * inputs_;
      const float* rows_of_weight = weight() + part.col * inputs_;
      const float* bias = options_.use_bias ? parameters_[1].value.data() + part.col : nullptr;
      float* out = y + part.row * units_ + part.col;
      if (pass.mode != Mode::kTrain) {
        return OrderedProductNT(size, in, inputs_, rows_of_weight, inputs_, bias, out, units_, pass.execution);
      }
      GemmNT(size, in, inputs_, rows_of_weight, inputs_, out, units_, pass.execution);
      if (bias == nullptr) return;
      for (std::size_t r = 0; r < part.rows; ++r) kernels.add_bias(bias, 1, part.cols, out + r * units_);
    });
  }

  void BackwardRows(const Pass& pass, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory&) override {
    if (dx == nullptr) return;
    ForEachPart({rows.count() * vectors_, inputs_, units_}, pass.execution, [&](Part part) {
      GemmNN({part.rows, part.cols, units_}, dy + part.row * units_, units_, weight() + part.col, inputs_,
             dx + part.row * inputs_ + part.col, inputs_, pass.execution);
    });
  }

  std::size_t gradient_blocks() const override { return (units_ + kUnitsPerBlock - 1) / kUnitsPerBlock; }

  void ParameterGradients(const Pass& pass, std::size_t block, std::size_t rows, const float* x, const float* dy,
                          const Memory&) override {
    const std::size_t first = block * kUnitsPerBlock;
    const std::size_t count = std::min(kUnitsPerBlock, units_ - first);
    GemmTN({count, inputs_, rows * vectors_}, dy + first, units_, x, inputs_, parameters_[0].gradient.row(first).data(),
           inputs_, pass.execution);
    if (options_.use_bias) {
      SumRows(rows * vectors_, dy + first, units_, count, parameters_[1].gradient.data() + first);
    }
  }

 private:
  const float* weight() const { return parameters_[0].value.data(); }

  std::size_t InputsOf(const Shape& input) const {
    if (!last_) return input.elements();
    return input.rank() == 0 ? 1 : input[input.rank() - 1];
  }

  Shape OutputOf(const Shape& input) const {
    if (!last_ || input.rank() == 0) return Shape{units_};
    std::array<std::size_t, Shape::kMaxRank> dims;
    for (std::size_t i = 0; i < input.rank(); ++i) dims[i] = input[i];
    dims[input.rank() - 1] = units_;
    return Shape(std::span<const std::size_t>(dims.data(), input.rank()));
  }

  std::size_t units_;
  DenseOptions options_;
  bool last_;
  std::size_t inputs_ = 0;
  std::size_t vectors_ = 0;  // Of a sample.
  std::vector<Parameter> parameters_;
};

}  // namespace

std::unique_ptr<Layer> MakeDense(std::size_t units, const DenseOptions& options) {
  return std::make_unique<Dense>(units, options, /*last=*/false);
}

std::unique_ptr<Layer> MakeDenseLast(std::size_t units, const DenseOptions& options) {
  return std::make_unique<Dense>(units, options, /*last=*/true);
}

}  // namespace fallow::nn
