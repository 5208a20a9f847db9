// Tensors for tests: the same numbers for the same arguments.
#ifndef FALLOW_TESTS_RUNTIME_TENSORS_H_
#define FALLOW_TESTS_RUNTIME_TENSORS_H_

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

// What CheckTarget accepts.
inline Tensor RandomTarget(Loss loss, std::size_t rows, std::size_t outputs, unsigned seed) {
  std::minstd_rand random(seed);
  const bool labels = loss == Loss::kSoftmaxCrossEntropy;
  Tensor y(rows, Shape{labels ? 1 : outputs});
  for (float& v : y.values()) {
    v = labels ? static_cast<float>(random() % outputs) : static_cast<float>(random() % 1001) / 1000.0f;
  }
  return y;
}

}  // namespace fallow::nn

#endif  // FALLOW_TESTS_RUNTIME_TENSORS_H_
