// A model: a chain or a graph of layers.
#ifndef FALLOW_NN_MODEL_H_
#define FALLOW_NN_MODEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fallow/nn/layer.h"
#include "fallow/nn/layers.h"
#include "fallow/nn/tensor.h"

namespace fallow::nn {

// A parameter with the name it has in saved files: "<layer index>.<parameter name>", such as "0.weight", which is also
// its name in the state_dict of the same torch.nn.Sequential.
struct NamedParameter {
  std::string name;
  Parameter* parameter;
};

struct LayerInfo {
  std::string spec;  // See Layer::Spec.
  Shape output;
  std::size_t parameter_count;
};

// The rate of a layer that drops.
struct LayerRate {
  std::size_t layer;  // Its index.
  double rate;
  bool operator==(const LayerRate&) const = default;
};

// Owns its layers, their parameters and the buffers of one pass. One pass at a time; different models are independent.
class Model {
 public:
  // `layers` as for ParseLayers. Weights are a pure function of (layers, input shape, seed).
  Model(const Shape& input_shape, std::string_view layers, std::uint64_t seed);
  // The same with layers of any kind, at least one.
  Model(const Shape& input_shape, std::vector<std::unique_ptr<Layer>> layers, std::uint64_t seed);
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  const Shape& input_shape() const;
  const Shape& output_shape() const;
  std::string Layers() const;  // The list that describes the model, one entry a layer.
  std::vector<LayerInfo> layer_info() const;
  std::size_t parameter_count() const;
  std::vector<NamedParameter> parameters();

  // Of all layers that have one (Layer::rate), in their order.
  std::vector<LayerRate> dropout_rates() const;
  bool random() const;  // Whether it has layers that make passes in kMonteCarlo differ.
  // Moves the rate of one of them between two passes, but not between a Forward and its Backward: the mask would be
  // another. Returns false, and changes nothing, where the layer learns its rate. Allocates only when a rate becomes 0
  // or ceases to be. Throws Error for a layer without a rate and for a rate outside [0, 1].
  bool set_dropout_rate(std::size_t layer, double rate);

  // Returns the output for the batch `x`, valid until the next call. Throws Error if x's samples have another size than
  // input_shape, or pass names a row or a step beyond the masks, or has row masks or a rate. In kTrain it also keeps
  // what Backward needs; `x` must then stay until Backward returns. Allocates only for a larger batch than ever before.
  const Tensor& Forward(const Pass& pass, const Tensor& x);

  // After a Forward in kTrain with the same pass: fills every Parameter::gradient from dy = d objective / d output.
  // Throws Error if that was not the last call, or dy has another size than its output. The same bits for any number of
  // threads.
  void Backward(const Pass& pass, const Tensor& dy);

 private:
  friend class Inference;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Text table of layers, output shapes and parameter counts.
std::string Summary(const Model& model);

}  // namespace fallow::nn

#endif  // FALLOW_NN_MODEL_H_
