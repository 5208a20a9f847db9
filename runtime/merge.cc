// Layers that tie values of a model together: branches, sums, concatenations, and parts of the input.
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/layer_entry.h"
#include "runtime/merge_entries.h"

namespace fallow::nn {
namespace {

void Copy(const float* from, std::size_t count, float* to) {
  if (to != nullptr && to != from) std::memcpy(to, from, count * sizeof(float));
}

class From : public Layer {
 public:
  explicit From(std::string of) : from_(std::move(of)) {}

  std::string Spec() const override { return "from:" + from_; }
  std::string_view input_label() const override { return from_; }
  void Build(const Shape& input, std::uint64_t, std::size_t) override { cols_ = input.elements(); }

  bool identity(Mode) const override { return true; }
  bool in_place() const override { return true; }
  bool keeps_sign() const override { return true; }

  void ForwardRows(const Pass&, Rows rows, const float* x, float* y, const Memory&) override {
    Copy(x, rows.count() * cols_, y);
  }
  void BackwardRows(const Pass&, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory&) override {
    Copy(dy, rows.count() * cols_, dx);
  }

 private:
  std::string from_;
  std::size_t cols_ = 0;
};

class Input : public Layer {
 public:
  Input(std::string name, const Shape& shape) : name_(std::move(name)), shape_(shape) {}

  std::string Spec() const override { return "input:" + name_ + ':' + shape_.ToString(); }
  std::string_view input_label() const override { return kModelInput; }
  std::size_t TakeInput(std::size_t first) override {
    first_ = first;
    return shape_.elements();
  }

  LayerPlan Plan(const Shape& input) const override {
    const std::size_t elements = input.elements();
    if (first_ > elements || shape_.elements() > elements - first_) {
      throw Error("takes " + std::to_string(shape_.elements()) + " elements from " + std::to_string(first_) +
                  " on, the input has " + std::to_string(elements));
    }
    return {shape_};
  }

  void Build(const Shape& input, std::uint64_t, std::size_t) override { inputs_ = input.elements(); }

  void ForwardRows(const Pass&, Rows rows, const float* x, float* y, const Memory&) override {
    const std::size_t cols = shape_.elements();
    for (std::size_t r = 0; r < rows.count(); ++r) Copy(x + r * inputs_ + first_, cols, y + r * cols);
  }
  // Nothing before a model's input learns.
  void BackwardRows(const Pass&, Rows, const float*, const float*, const float*, float*, const Memory&) override {}

 private:
  std::string name_;
  Shape shape_;
  std::size_t first_ = 0;
  std::size_t inputs_ = 0;
};

class Add : public Layer {
 public:
  explicit Add(std::string of) : other_(std::move(of)) {}

  std::string Spec() const override { return "add:" + other_; }
  std::string_view other_label() const override { return other_; }
  void SetOtherShape(const Shape& shape) override { other_shape_ = shape; }

  LayerPlan Plan(const Shape& input) const override {
    if (input != other_shape_)
      throw Error("'" + other_ + "' has shape " + other_shape_.ToString() + ", expected the same");
    return {input};
  }
  void Build(const Shape& input, std::uint64_t, std::size_t) override { cols_ = input.elements(); }

  bool in_place() const override { return true; }

  void ForwardRows(const Pass&, Rows rows, const float* x, float* y, const Memory& memory) override {
    for (std::size_t i = 0; i < rows.count() * cols_; ++i) y[i] = x[i] + memory.other[i];
  }
  void BackwardRows(const Pass&, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory& memory) override {
    Copy(dy, rows.count() * cols_, dx);
    Copy(dy, rows.count() * cols_, memory.other_gradient);
  }

 private:
  std::string other_;
  Shape other_shape_;
  std::size_t cols_ = 0;
};

// Along the sample's first dimension, so that a sample is its x and then its other.
class Concat : public Layer {
 public:
  explicit Concat(std::string of) : other_(std::move(of)) {}

  std::string Spec() const override { return "concat:" + other_; }
  std::string_view other_label() const override { return other_; }
  void SetOtherShape(const Shape& shape) override { other_shape_ = shape; }

  LayerPlan Plan(const Shape& input) const override {
    const std::size_t rank = input.rank();
    bool fits = rank > 0 && rank == other_shape_.rank();
    std::size_t dims[Shape::kMaxRank] = {};
    for (std::size_t i = 0; fits && i < rank; ++i) {
      fits = i == 0 || input[i] == other_shape_[i];
      dims[i] = input[i];
    }
    if (!fits) {
      throw Error("'" + other_ + "' has shape " + other_shape_.ToString() +
                  ", expected the same but for the first dimension");
    }
    dims[0] += other_shape_[0];
    return {Shape(std::span<const std::size_t>(dims, rank))};
  }
  void Build(const Shape& input, std::uint64_t, std::size_t) override {
    cols_ = input.elements();
    other_cols_ = other_shape_.elements();
  }

  void ForwardRows(const Pass&, Rows rows, const float* x, float* y, const Memory& memory) override {
    for (std::size_t r = 0; r < rows.count(); ++r, y += cols_ + other_cols_) {
      Copy(x + r * cols_, cols_, y);
      Copy(memory.other + r * other_cols_, other_cols_, y + cols_);
    }
  }
  void BackwardRows(const Pass&, Rows rows, const float*, const float*, const float* dy, float* dx,
                    const Memory& memory) override {
    for (std::size_t r = 0; r < rows.count(); ++r, dy += cols_ + other_cols_) {
      if (dx != nullptr) Copy(dy, cols_, dx + r * cols_);
      if (memory.other_gradient != nullptr) Copy(dy + cols_, other_cols_, memory.other_gradient + r * other_cols_);
    }
  }

 private:
  std::string other_;
  Shape other_shape_;
  std::size_t cols_ = 0;
  std::size_t other_cols_ = 0;
};

std::string LabelField(const LayerEntry& entry, std::string_view form) {
  entry.ExpectFields(2, 2, form);
  return std::string(entry.field(1));
}

}  // namespace

std::unique_ptr<Layer> MakeFrom(std::string label) { return std::make_unique<From>(std::move(label)); }
std::unique_ptr<Layer> MakeInput(std::string name, const Shape& shape) {
  return std::make_unique<Input>(std::move(name), shape);
}
std::unique_ptr<Layer> MakeAdd(std::string label) { return std::make_unique<Add>(std::move(label)); }
std::unique_ptr<Layer> MakeConcat(std::string label) { return std::make_unique<Concat>(std::move(label)); }

void AddFrom(const LayerEntry& entry, LayerChain& layers) {
  layers.push_back(MakeFrom(LabelField(entry, "from:LABEL")));
}

void AddInput(const LayerEntry& entry, LayerChain& layers) {
  entry.ExpectFields(3, 3, "input:NAME:SHAPE");
  const Shape shape = entry.Named([&] { return ParseShape(entry.field(2)); });
  layers.push_back(MakeInput(std::string(entry.field(1)), shape));
}

void AddAdd(const LayerEntry& entry, LayerChain& layers) { layers.push_back(MakeAdd(LabelField(entry, "add:LABEL"))); }

void AddConcat(const LayerEntry& entry, LayerChain& layers) {
  layers.push_back(MakeConcat(LabelField(entry, "concat:LABEL")));
}

}  // namespace fallow::nn
