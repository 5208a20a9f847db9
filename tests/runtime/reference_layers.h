// Layers of the reference model that take more than a line, each in a file of its own.
#ifndef FALLOW_TESTS_RUNTIME_REFERENCE_LAYERS_H_
#define FALLOW_TESTS_RUNTIME_REFERENCE_LAYERS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fallow/nn/layer.h"
#include "tests/runtime/reference_model.h"

namespace fallow::nn::reference {

using Batch = std::vector<Row>;

struct LayerContext {
  const std::string& spec;
  std::size_t index;  // Of the layer.
  const Shape& input;
  const Shape& output;
  std::span<const Row> parameters;  // Of the layer, in its own order.
  const Pass& pass;
  std::size_t row;  // Of the batch, for functions of one; else 0.
  // Of a concrete dropout: the first parameter behind its own as it was at first, as its share in the objective is left
  // to the optimiser's penalties.
  const Row* next_weight_at_start;
  double& penalty;  // What is added to the objective.

  // The field behind the `i`-th colon of the spec, or of name=value the value; empty if there is none.
  std::string Field(std::size_t i) const;
  std::string Option(const std::string& name) const;
  double Number(const std::string& option, double value) const;

  // 1 / (1 - rate) or 0 for elements [first, first + count) of the layer's mask for this row; all 1 where nothing
  // drops.
  std::vector<double> Mask(double rate, std::uint64_t first, std::size_t count) const;
};

// y = x weight^T + bias for each of the vectors of `inputs` numbers in x. `bias` may be null.
Row Project(const Row& x, std::size_t inputs, const Row& weight, const Row* bias);

// Of each row by itself. Masks are those of training.
Row AlphaDropout(const LayerContext& context, const Row& x);
Row Attention(const LayerContext& context, const Row& x);
Row Convolve(const LayerContext& context, const Row& x);
Row Dense(const LayerContext& context, const Row& x);
Row DenseLast(const LayerContext& context, const Row& x);
Row DropBlock(const LayerContext& context, const Row& x);
Row DroppedElements(const LayerContext& context, const Row& x);
Row Embedding(const LayerContext& context, const Row& x);
Row Gaussian(const LayerContext& context, const Row& x);
Row Gru(const LayerContext& context, const Row& x);
Row LayerNorm(const LayerContext& context, const Row& x);
Row Lstm(const LayerContext& context, const Row& x);
Row Pool(const LayerContext& context, const Row& x);

// Of the whole batch.
void ActivityRegularization(const LayerContext& context, Batch& x);
void BatchNorm(const LayerContext& context, Batch& x);
void ConcreteDropout(const LayerContext& context, Batch& x);
void DropConnect(const LayerContext& context, Batch& x);

}  // namespace fallow::nn::reference

#endif  // FALLOW_TESTS_RUNTIME_REFERENCE_LAYERS_H_
