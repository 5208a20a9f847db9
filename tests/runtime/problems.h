// Small things to learn, for tests.
#ifndef FALLOW_TESTS_RUNTIME_PROBLEMS_H_
#define FALLOW_TESTS_RUNTIME_PROBLEMS_H_

#include <cstdint>
#include <random>
#include <vector>

#include "fallow/nn/data.h"
#include "fallow/nn/model.h"

namespace fallow::nn {

// Models that are no chains, of six inputs and three outputs.
inline constexpr const char* kGraphs[] = {
    // Around one layer, and around that again; a value that two layers read.
    "dense:8:relu@a,dropout:0.5,dense:8@b,add:a,relu,dense:8,add:b,dense:3",
    // A sum with itself; in place behind a value that is read later; a label that nobody reads.
    "dense:8@a,add:a,tanh@b,dropout:0.3,elu,dense:8@unread,sigmoid,add:b,softmax,dense:3",
    // Branches from the input, with dropout in one, joined twice.
    "dropout:0.2,dense:5:gelu@left,from:input,dense:4:tanh,flatten@right,concat:left,dense:6:relu,concat:right,dense:3",
    // Inputs of two shapes. The last layer adds what the first one made.
    "input:table:4,dense:3:selu@table,input:image:1x2,flatten,dropout:0.4,dense:3,add:table",
    // A branch that goes back to before a dropout, and out of it.
    "dense:7@a,dropout:0.5,relu@b,from:a,dense:7:relu,add:b@c,from:b,add:c,add:a,dense:3",
    // Of the input and of nothing that learns.
    "dense:6,add:input,dropout:0.1,concat:input,dense:3,leaky_relu@last,from:input,dense:3,add:last",
};

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

inline std::vector<float> Weights(Model& model) {
  std::vector<float> weights;
  for (const auto& [name, parameter] : model.parameters()) {
    weights.insert(weights.end(), parameter->value.values().begin(), parameter->value.values().end());
  }
  return weights;
}

}  // namespace fallow::nn

#endif  // FALLOW_TESTS_RUNTIME_PROBLEMS_H_
