#include <cmath>

#include "tests/runtime/reference_layers.h"

namespace fallow::nn::reference {
Row Project(const Row& x, std::size_t inputs, const Row& weight, const Row* bias) {
  const std::size_t units = weight.size() / inputs;
  Row y;
  for (std::size_t begin = 0; begin < x.size(); begin += inputs) {
    for (std::size_t unit = 0; unit < units; ++unit) {
      double sum = bias == nullptr ? 0 : (*bias)[unit];
      for (std::size_t j = 0; j < inputs; ++j) sum += weight[unit * inputs + j] * x[begin + j];
      y.push_back(sum);
    }
  }
  return y;
}

Row Attention(const LayerContext& context, const Row& x) {
  const std::size_t positions = context.input[0], dims = context.input[1], heads = std::stoul(context.Field(1));
  const std::size_t of_head = dims / heads;
  const bool causal = context.Option("causal") == "1", bias = context.Option("bias") != "0";
  const Row qkv = Project(x, dims, context.parameters[0], bias ? &context.parameters[2] : nullptr);
  const auto at = [&](std::size_t part, std::size_t t, std::size_t head, std::size_t j) {
    return qkv[(t * 3 + part) * dims + head * of_head + j];
  };
  Row joined(positions * dims);
  for (std::size_t head = 0; head < heads; ++head) {
    for (std::size_t query = 0; query < positions; ++query) {
      Row logits;
      for (std::size_t key = 0; key < (causal ? query + 1 : positions); ++key) {
        double sum = 0;
        for (std::size_t j = 0; j < of_head; ++j) sum += at(0, query, head, j) * at(1, key, head, j);
        logits.push_back(sum / std::sqrt(static_cast<double>(of_head)));
      }
      const Row weights = Softmax(logits);
      const std::uint64_t row = context.pass.first_row + context.row;
      const std::vector<double> mask =
          context.Mask(context.Number("dropout", 0), ((row * heads + head) * positions + query) * positions, positions);
      for (std::size_t key = 0; key < weights.size(); ++key) {
        for (std::size_t j = 0; j < of_head; ++j) {
          joined[query * dims + head * of_head + j] += weights[key] * mask[key] * at(2, key, head, j);
        }
      }
    }
  }
  return Project(joined, dims, context.parameters[1], bias ? &context.parameters[3] : nullptr);
}

Row Dense(const LayerContext& context, const Row& x) {
  return Project(x, x.size(), context.parameters[0], context.parameters.size() > 1 ? &context.parameters[1] : nullptr);
}

Row DenseLast(const LayerContext& context, const Row& x) {
  const std::size_t inputs = context.input[context.input.rank() - 1];
  return Project(x, inputs, context.parameters[0], context.parameters.size() > 1 ? &context.parameters[1] : nullptr);
}

}  // namespace fallow::nn::reference
