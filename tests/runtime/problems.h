// Small things to learn, for tests.
#ifndef FALLOW_TESTS_RUNTIME_PROBLEMS_H_
#define FALLOW_TESTS_RUNTIME_PROBLEMS_H_

#include <cstdint>
#include <random>
#include <vector>

#include "fallow/nn/data.h"
#include "fallow/nn/model.h"

namespace fallow::nn {

// Uniform in [-1, 1), the same everywhere, which the standard distributions are not.
inline float Uniform(std::mt19937& random) { return static_cast<float>(static_cast<double>(random()) * 0x1p-31 - 1.0); }

// Samples of five numbers around one of three centres, with the centre's index as target.
inline Dataset Clusters(std::size_t rows, std::uint32_t seed, float spread = 0.8f) {
  std::mt19937 random(seed);
  Dataset data{Tensor(rows, Shape{5}), Tensor(rows, Shape{1})};
  for (std::size_t r = 0; r < rows; ++r) {
    const std::size_t label = random() % 3;
    data.y.row(r)[0] = static_cast<float>(label);
    for (std::size_t j = 0; j < 5; ++j) data.x.row(r)[j] = (j % 3 == label ? 1.0f : 0.0f) + spread * Uniform(random);
  }
  return data;
}

// The same with targets that have nothing to do with the samples: validation losses that soon rise.
inline Dataset Noise(std::size_t rows, std::uint32_t seed) {
  Dataset data = Clusters(rows, seed);
  std::mt19937 random(seed + 1);
  for (std::size_t r = 0; r < rows; ++r) data.y.row(r)[0] = static_cast<float>(random() % 3);
  return data;
}

inline std::vector<float> Weights(Sequential& model) {
  std::vector<float> weights;
  for (const auto& [name, parameter] : model.parameters()) {
    weights.insert(weights.end(), parameter->value.values().begin(), parameter->value.values().end());
  }
  return weights;
}

}  // namespace fallow::nn

#endif  // FALLOW_TESTS_RUNTIME_PROBLEMS_H_
