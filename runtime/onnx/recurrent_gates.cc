#include <algorithm>

#include "runtime/onnx/recurrent.h"

namespace fallow::nn::onnx_io {

std::vector<float> FromOnnxGates(std::span<const float> values, std::span<const std::size_t> gates) {
  std::vector<float> ours(values.size());
  const std::size_t size = values.size() / gates.size();
  for (std::size_t g = 0; g < gates.size(); ++g) {
    std::ranges::copy(values.subspan(g * size, size), ours.begin() + static_cast<std::ptrdiff_t>(gates[g] * size));
  }
  return ours;
}

void AppendOnnxGates(std::span<const float> values, std::span<const std::size_t> gates, std::vector<float>* theirs) {
  const std::size_t size = values.size() / gates.size();
  for (const std::size_t gate : gates) {
    const std::span<const float> ours = values.subspan(gate * size, size);
    theirs->insert(theirs->end(), ours.begin(), ours.end());
  }
}

}  // namespace fallow::nn::onnx_io
