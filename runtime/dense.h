// Fully connected layers, and what layers like them share.
#ifndef FALLOW_RUNTIME_DENSE_H_
#define FALLOW_RUNTIME_DENSE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fallow/nn/layers.h"
#include "runtime/layer_entry.h"

namespace fallow::nn {

// Over a whole sample, or each of the vectors along its last dimension: then these are the rows of its products.
class Dense : public Layer {
 public:
  // `kind`: as in layer lists; stays valid.
  Dense(std::size_t units, const DenseOptions& options, bool last = false, const char* kind = "dense");

  std::string Spec() const override;
  LayerPlan Plan(const Shape& input) const override;
  void Build(const Shape& input, std::uint64_t seed, std::size_t index) override;
  std::span<Parameter> parameters() override { return parameters_; }
  bool needs_input() const override { return true; }
  void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory& memory) override;
  void BackwardRows(const Pass& pass, Rows rows, const float* x, const float* y, const float* dy, float* dx,
                    const Memory& memory) override;
  std::size_t gradient_blocks() const override;
  void ParameterGradients(const Pass& pass, std::size_t block, std::size_t rows, const float* x, const float* dy,
                          const Memory& memory) override;

 protected:
  // y = x weight^T + bias, and dx = dy weight.
  void Forward(const Pass& pass, Rows rows, const float* weight, const float* x, float* y) const;
  void Backward(const Pass& pass, Rows rows, const float* weight, const float* dy, float* dx) const;

  struct Units {
    std::size_t first, count;
  };
  Units UnitsOf(std::size_t gradient_block) const;
  std::string OptionSpecs() const;  // ":l2=0.1", …

  std::size_t units() const { return units_; }
  std::size_t inputs() const { return inputs_; }
  const float* weight() const { return parameters_[0].value.data(); }
  float* weight_gradient() { return parameters_[0].gradient.data(); }
  const float* bias() const { return options_.use_bias ? parameters_[1].value.data() : nullptr; }

 private:
  // Units in one gradient block. See runtime/README.md for how this and the sizes in dense.cc were chosen.
  static constexpr std::size_t kUnitsPerBlock = 128;

  std::size_t InputsOf(const Shape& input) const;
  Shape OutputOf(const Shape& input) const;

  const char* kind_;
  bool last_;
  std::size_t units_;
  DenseOptions options_;
  std::size_t inputs_ = 0;
  std::size_t vectors_ = 0;  // Of a sample.
  std::vector<Parameter> parameters_;
};

// Reads "KIND:UNITS[...][:ACTIVATION][:NAME=VALUE]...", of which the first `own_fields` fields are the kind's own.
using MakeDenseLike = std::function<std::unique_ptr<Layer>(std::size_t units, const DenseOptions& options)>;
void AddDenseLike(const LayerEntry& entry, std::size_t own_fields, LayerChain& layers, const MakeDenseLike& make);
void AddDense(const LayerEntry& entry, LayerChain& layers);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_DENSE_H_
