// Fully connected layers.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "kernels/parallel.h"
#include "runtime/blas.h"
#include "runtime/dense.h"
#include "runtime/initial_values.h"
#include "runtime/numbers.h"
#include "runtime/option_checks.h"
#include "runtime/ordered_product.h"
#include "runtime/region.h"
#include "runtime/row_kernels.h"

namespace fallow::nn {
namespace {

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

void CheckDimension(const char* layer, const char* name, std::size_t value) {
  if (value >= 1 && value <= kMaxBlasDimension) return;
  throw Error(std::string(layer) + ": " + std::to_string(value) + ' ' + name + ", expected 1 to " +
              std::to_string(kMaxBlasDimension));
}

}  // namespace

Dense::Dense(std::size_t units, const DenseOptions& options, bool last, const char* kind)
    : kind_(kind), last_(last), units_(units), options_(options) {
  CheckDimension(kind, "units", units);
  CheckNotNegative(kind, "l1", options.l1);
  CheckNotNegative(kind, "l2", options.l2);
  CheckNotNegative(kind, "max_norm", options.max_norm);
  if (options.unit_norm && options.max_norm != 0) {
    throw Error(std::string(kind) + ": both max_norm and unit_norm, expected one of them");
  }
}

std::string Dense::Spec() const { return kind_ + (':' + std::to_string(units_)) + OptionSpecs(); }

std::string Dense::OptionSpecs() const {
  std::string spec;
  const auto add = [&](const char* name, float value) {
    if (value != 0) spec += ':' + std::string(name) + '=' + FormatNumber(value);
  };
  add("l1", options_.l1);
  add("l2", options_.l2);
  add("max_norm", options_.max_norm);
  if (options_.unit_norm) spec += ":unit_norm=1";
  if (!options_.use_bias) spec += ":bias=0";
  return spec;
}

LayerPlan Dense::Plan(const Shape& input) const {
  const std::uint64_t inputs = InputsOf(input);
  CheckDimension(kind_, "inputs", inputs);
  return {OutputOf(input), units_ * inputs + (options_.use_bias ? units_ : 0)};
}

void Dense::Build(const Shape& input, std::uint64_t seed, std::size_t index) {
  inputs_ = InputsOf(input);
  vectors_ = input.elements() / inputs_;
  parameters_.clear();
  parameters_.push_back({.name = "weight",
                         .value = Tensor(units_, Shape{inputs_}),
                         .gradient = Tensor(units_, Shape{inputs_}),
                         .l1 = options_.l1,
                         .l2 = options_.l2,
                         .max_norm = options_.max_norm,
                         .unit_norm = options_.unit_norm});
  if (options_.use_bias) {
    parameters_.push_back({.name = "bias", .value = Tensor(1, Shape{units_}), .gradient = Tensor(1, Shape{units_})});
  }
  FillUniform(seed, index, 1 / std::sqrt(static_cast<double>(inputs_)), parameters_);
}

void Dense::ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory&) {
  Forward(pass, rows, weight(), x, y);
}

void Dense::BackwardRows(const Pass& pass, Rows rows, const float*, const float*, const float* dy, float* dx,
                         const Memory&) {
  if (dx != nullptr) Backward(pass, rows, weight(), dy, dx);
}

void Dense::Forward(const Pass& pass, Rows rows, const float* weight, const float* x, float* y) const {
  const RowKernels& kernels = RowKernelsFor(pass.execution.target);
  ForEachPart({rows.count() * vectors_, units_, inputs_}, pass.execution, [&](Part part) {
    const GemmSize size{part.rows, part.cols, inputs_};
    const float* in = x + part.row * inputs_;
    const float* rows_of_weight = weight + part.col * inputs_;
    const float* of_units = bias() == nullptr ? nullptr : bias() + part.col;
    float* out = y + part.row * units_ + part.col;
    if (pass.mode != Mode::kTrain) {
      return OrderedProductNT(size, in, inputs_, rows_of_weight, inputs_, of_units, out, units_, pass.execution);
    }
    GemmNT(size, in, inputs_, rows_of_weight, inputs_, out, units_, pass.execution);
    if (of_units == nullptr) return;
    for (std::size_t r = 0; r < part.rows; ++r) kernels.add_bias(of_units, 1, part.cols, out + r * units_);
  });
}

void Dense::Backward(const Pass& pass, Rows rows, const float* weight, const float* dy, float* dx) const {
  ForEachPart({rows.count() * vectors_, inputs_, units_}, pass.execution, [&](Part part) {
    GemmNN({part.rows, part.cols, units_}, dy + part.row * units_, units_, weight + part.col, inputs_,
           dx + part.row * inputs_ + part.col, inputs_, pass.execution);
  });
}

std::size_t Dense::gradient_blocks() const { return (units_ + kUnitsPerBlock - 1) / kUnitsPerBlock; }

void Dense::ParameterGradients(const Pass& pass, std::size_t block, std::size_t rows, const float* x, const float* dy,
                               const Memory&) {
  const auto [first, count] = UnitsOf(block);
  GemmTN({count, inputs_, rows * vectors_}, dy + first, units_, x, inputs_, parameters_[0].gradient.row(first).data(),
         inputs_, pass.execution);
  if (options_.use_bias) {
    SumRows(rows * vectors_, dy + first, units_, count, parameters_[1].gradient.data() + first);
  }
}

Dense::Units Dense::UnitsOf(std::size_t block) const {
  const std::size_t first = block * kUnitsPerBlock;
  return {first, std::min(kUnitsPerBlock, units_ - first)};
}

std::size_t Dense::InputsOf(const Shape& input) const {
  if (!last_) return input.elements();
  return input.rank() == 0 ? 1 : input[input.rank() - 1];
}

Shape Dense::OutputOf(const Shape& input) const {
  if (!last_ || input.rank() == 0) return Shape{units_};
  std::array<std::size_t, Shape::kMaxRank> dims;
  for (std::size_t i = 0; i < input.rank(); ++i) dims[i] = input[i];
  dims[input.rank() - 1] = units_;
  return Shape(std::span<const std::size_t>(dims.data(), input.rank()));
}

std::unique_ptr<Layer> MakeDense(std::size_t units, const DenseOptions& options) {
  return std::make_unique<Dense>(units, options);
}

std::unique_ptr<Layer> MakeDenseLast(std::size_t units, const DenseOptions& options) {
  return std::make_unique<Dense>(units, options, /*last=*/true, "dense_last");
}

namespace {

DenseOptions ReadOptions(const LayerEntry& entry, std::size_t first) {
  DenseOptions options;
  entry.ReadOptions(
      first, "l1=X, l2=X, max_norm=X, unit_norm=1 or bias=0", [&](std::string_view name, std::string_view value) {
        for (const auto& [known, target] : {std::pair{"bias", &options.use_bias}, {"unit_norm", &options.unit_norm}}) {
          if (name != known) continue;
          *target = entry.Flag(name, value);
          return true;
        }
        for (const auto& [known, target] :
             {std::pair{"l1", &options.l1}, {"l2", &options.l2}, {"max_norm", &options.max_norm}}) {
          if (name != known) continue;
          *target = entry.Number<float>(value, "a number");
          return true;
        }
        return false;
      });
  return options;
}

}  // namespace

void AddDenseLike(const LayerEntry& entry, std::size_t own_fields, LayerChain& layers, const MakeDenseLike& make) {
  // As in "dense:N:relu".
  const bool own_activation = entry.size() > own_fields && entry.field(own_fields).find('=') == std::string_view::npos;
  const DenseOptions options = ReadOptions(entry, own_fields + (own_activation ? 1 : 0));
  const auto units = entry.Number<std::size_t>(entry.field(1), "a whole number of units");
  layers.push_back(entry.Named([&] { return make(units, options); }));
  if (own_activation) AddActivation(entry, entry.field(own_fields), layers);
}

void AddDense(const LayerEntry& entry, LayerChain& layers) {
  if (entry.size() < 2) entry.Fail("expected " + std::string(entry.kind()) + ":UNITS");
  AddDenseLike(entry, 2, layers, entry.kind() == "dense" ? MakeDense : MakeDenseLast);
}

}  // namespace fallow::nn
