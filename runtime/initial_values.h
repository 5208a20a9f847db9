// What layers fill their parameters with before training.
#ifndef FALLOW_RUNTIME_INITIAL_VALUES_H_
#define FALLOW_RUNTIME_INITIAL_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "fallow/nn/layer.h"

namespace fallow::nn {

// Every element uniform in (-limit, limit), a pure function of (seed, index, its parameter's place in the list).
void FillUniform(std::uint64_t seed, std::size_t index, double limit, std::span<Parameter> parameters);

// Every element normal with mean 0 and variance 1, a pure function of (seed, index).
void FillNormal(std::uint64_t seed, std::size_t index, std::span<float> values);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_INITIAL_VALUES_H_
