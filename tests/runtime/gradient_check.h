// Gradients against central differences of the reference.
#ifndef FALLOW_TESTS_RUNTIME_GRADIENT_CHECK_H_
#define FALLOW_TESTS_RUNTIME_GRADIENT_CHECK_H_

#include <cstddef>
#include <string>

#include "fallow/nn/tensor.h"

namespace fallow::nn {

// Holds outputs in training to the reference's, and the gradients of sum(y dy), and of what layers add to the
// objective, to its central differences. Samples of shape `input`; batches of `rows`.
void ExpectGradients(const Shape& input, const std::string& layers, std::size_t rows);

}  // namespace fallow::nn

#endif  // FALLOW_TESTS_RUNTIME_GRADIENT_CHECK_H_
