// Tensors for tests: the same numbers for the same arguments.
#ifndef FALLOW_TESTS_RUNTIME_TENSORS_H_
#define FALLOW_TESTS_RUNTIME_TENSORS_H_

#include <algorithm>
#include <cstddef>
#include <random>

#include "fallow/nn/loss.h"
#include "fallow/nn/tensor.h"

namespace fallow::nn {

// Numbers in (-2, 2).
inline Tensor RandomTensor(std::size_t rows, const Shape& shape, unsigned seed) {
  std::minstd_rand random(seed);
  Tensor x(rows, shape);
  for (float& v : x.values()) v = static_cast<float>(random() % 40001) / 10000.0f - 2.0f;
  return x;
}

inline Tensor RandomTokens(std::size_t rows, std::size_t steps, std::size_t vocabulary, unsigned seed) {
  std::minstd_rand random(seed);
  Tensor x(rows, Shape{steps});
  for (float& v : x.values()) v = static_cast<float>(random() / 97 % vocabulary);
  return x;
}

// Sets steps at the ends of rows to 0: none, one and so on up to all.
inline void PadRows(Tensor& x) {
  const std::size_t steps = x.sample_shape()[0];
  for (std::size_t r = 0; r < x.rows(); ++r) {
    const auto row = x.row(r);
    std::fill(row.end() - static_cast<std::ptrdiff_t>(row.size() / steps * (r % (steps + 1))), row.end(), 0.0f);
  }
}

// What CheckTarget accepts.
inline Tensor RandomTarget(Loss loss, std::size_t rows, const Shape& outputs, unsigned seed) {
  std::minstd_rand random(seed);
  const bool labels = loss == Loss::kSoftmaxCrossEntropy;
  const std::size_t positions = outputs.rank() == 2 ? outputs[0] : 1;
  Tensor y(rows, Shape{labels ? positions : outputs.elements()});
  for (float& v : y.values()) {
    v = labels ? static_cast<float>(random() % (outputs.elements() / positions))
               : static_cast<float>(random() % 1001) / 1000.0f;
  }
  return y;
}

inline Tensor RandomTarget(Loss loss, std::size_t rows, std::size_t outputs, unsigned seed) {
  return RandomTarget(loss, rows, Shape{outputs}, seed);
}

}  // namespace fallow::nn

#endif  // FALLOW_TESTS_RUNTIME_TENSORS_H_
