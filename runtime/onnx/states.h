// What is known of values that are read as last states, or as tokens.
#ifndef FALLOW_RUNTIME_ONNX_STATES_H_
#define FALLOW_RUNTIME_ONNX_STATES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/onnx/view.h"

namespace fallow::nn::onnx_io {

// Last states of recurrent layers, each of a direction: (states, batch, units), as PyTorch's h of a module with several
// layers.
struct StackedStates {
  struct State {
    std::size_t of;  // The layer's value.
    std::int64_t direction;
  };

  std::vector<State> states;
};

// Numbers that became integers: the same if they are whole, which they are where they are tokens.
struct Tokens {
  View view;
};

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_STATES_H_
