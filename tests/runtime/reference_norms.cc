// Layers that normalise: over the batch in training, with the running statistics otherwise; over each vector.
#include <cmath>

#include "tests/runtime/reference_layers.h"

namespace fallow::nn::reference {
namespace {

// Calls body(x[r][j], c) for the elements of each channel c.
template <class Body>
void ForEachOfChannels(Batch& x, const Shape& shape, const Body& body) {
  const std::size_t positions = shape.elements() / shape[0];
  for (Row& row : x) {
    for (std::size_t j = 0; j < row.size(); ++j) body(row[j], j / positions);
  }
}

}  // namespace

void BatchNorm(const LayerContext& context, Batch& x) {
  const Shape& shape = context.input;
  Row mean(shape[0]), variance(shape[0]);
  if (context.pass.mode == Mode::kTrain) {
    const double n = static_cast<double>(x.size() * shape.elements() / shape[0]);
    ForEachOfChannels(x, shape, [&](double v, std::size_t c) { mean[c] += v / n; });
    ForEachOfChannels(x, shape, [&](double v, std::size_t c) { variance[c] += (v - mean[c]) * (v - mean[c]) / n; });
  } else {
    mean = context.parameters[2];
    variance = context.parameters[3];
  }
  const double eps = context.Number("eps", 1e-5);
  ForEachOfChannels(x, shape, [&](double& v, std::size_t c) {
    v = (v - mean[c]) / std::sqrt(variance[c] + eps) * context.parameters[0][c] + context.parameters[1][c];
  });
}

Row LayerNorm(const LayerContext& context, const Row& x) {
  const std::size_t size = context.input[context.input.rank() - 1];
  const auto n = static_cast<double>(size);
  Row y = x;
  for (std::size_t begin = 0; begin < x.size(); begin += size) {
    double mean = 0, variance = 0;
    for (std::size_t j = 0; j < size; ++j) mean += x[begin + j] / n;
    for (std::size_t j = 0; j < size; ++j) variance += (x[begin + j] - mean) * (x[begin + j] - mean) / n;
    for (std::size_t j = 0; j < size; ++j) {
      const double normal = (x[begin + j] - mean) / std::sqrt(variance + context.Number("eps", 1e-5));
      y[begin + j] = normal * context.parameters[0][j] + context.parameters[1][j];
    }
  }
  return y;
}

}  // namespace fallow::nn::reference
