// The text table of a model.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "fallow/nn/model.h"

namespace fallow::nn {
namespace {

using Line = std::array<std::string, 4>;

// Text to the left, the last column to the right.
std::string Format(const std::vector<Line>& lines) {
  std::array<std::size_t, 4> width{};
  for (const Line& line : lines) {
    for (std::size_t c = 0; c < line.size(); ++c) width[c] = std::max(width[c], line[c].size());
  }
  std::string text;
  for (const Line& line : lines) {
    for (std::size_t c = 0; c < line.size(); ++c) {
      const std::string padding(width[c] - line[c].size(), ' ');
      const bool right = c + 1 == line.size();
      text += (c == 0 ? "" : "  ") + (right ? padding + line[c] : line[c] + padding);
    }
    text += '\n';
  }
  return text;
}

}  // namespace

std::string Summary(const Model& model) {
  std::vector<Line> lines = {{"", "layer", "output", "parameters"}};
  lines.push_back({"", "input", model.input_shape().ToString(), ""});
  for (const LayerInfo& layer : model.layer_info()) {
    lines.push_back(
        {std::to_string(lines.size() - 2), layer.spec, layer.output.ToString(), std::to_string(layer.parameter_count)});
  }
  lines.push_back({"", "total", "", std::to_string(model.parameter_count())});
  return Format(lines);
}

}  // namespace fallow::nn
