// LSTM and GRU: the nodes themselves, and the order of their gates.
#ifndef FALLOW_RUNTIME_ONNX_RECURRENT_H_
#define FALLOW_RUNTIME_ONNX_RECURRENT_H_

#include <cstddef>
#include <span>
#include <vector>

#include "runtime/onnx/chain.h"
#include "runtime/onnx/operators.h"

namespace fallow::nn::onnx_io {

// Which of our gates, PyTorch's i f g o and r z n, each of ONNX's i o f c and z r h is.
inline constexpr std::size_t kLstmGates[] = {0, 3, 1, 2};
inline constexpr std::size_t kGruGates[] = {1, 0, 2};

inline std::span<const std::size_t> GatesOf(bool lstm) {
  return lstm ? std::span<const std::size_t>(kLstmGates) : std::span<const std::size_t>(kGruGates);
}

// What is the same number of numbers for each gate: from ONNX's order to ours, and the other way behind `theirs`.
std::vector<float> FromOnnxGates(std::span<const float> values, std::span<const std::size_t> gates);
void AppendOnnxGates(std::span<const float> values, std::span<const std::size_t> gates, std::vector<float>* theirs);

inline constexpr int kLengthsInput = 4;

struct RecurrentLayer {
  bool lstm = true;
  std::size_t units = 0;
  bool bidirectional = false;
  bool mask = false;
  std::vector<std::vector<float>> parameters = {};  // In the order of Layer::parameters.

  std::size_t outputs() const { return (bidirectional ? 2 : 1) * units; }
};

// What an LSTM or GRU computes, of sequences whose steps have so many features. Throws Error for what our layers do not
// have.
RecurrentLayer ReadRecurrent(Node& node, std::size_t features);
// As a layer that gives the state after every step.
ChainLayer ToChainLayer(RecurrentLayer layer);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_RECURRENT_H_
