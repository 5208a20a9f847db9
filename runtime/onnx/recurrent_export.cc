// LSTM and GRU layers as nodes, which take the steps before the batch.
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fallow/nn/error.h"
#include "runtime/onnx/operators.h"
#include "runtime/onnx/recurrent.h"
#include "runtime/onnx/recurrent_lengths.h"

namespace fallow::nn::onnx_io {
namespace {

constexpr std::size_t kParametersPerDirection = 4;

// What of a layer the node has to say.
struct Recurrent {
  bool lstm;
  std::size_t units = 0;
  bool sequences, bidirectional, mask;

  std::size_t directions() const { return bidirectional ? 2 : 1; }
};

Recurrent Read(const LayerToWrite& layer) {
  const std::string_view options = layer.argument;
  const auto has = [&](std::string_view option) { return options.find(option) != std::string_view::npos; };
  if (has(":zoneout=")) throw Error("zoneout, which takes the mean in inference, has no form in ONNX");
  Recurrent read{.lstm = layer.kind == "lstm",
                 .sequences = has(":sequences=1"),
                 .bidirectional = has(":bidirectional=1"),
                 .mask = has(":mask=1")};
  std::from_chars(options.data(), options.data() + options.size(), read.units);
  return read;
}

// Parameter `which` of each direction with the gates in ONNX's order, and `and_next` the one behind it too.
std::vector<float> Weight(const Recurrent& recurrent, const LayerToWrite& layer, std::size_t which, bool and_next) {
  std::vector<float> values;
  for (std::size_t d = 0; d < recurrent.directions(); ++d) {
    for (std::size_t i = which; i <= which + (and_next ? 1 : 0); ++i) {
      const Tensor& ours = layer.parameters[d * kParametersPerDirection + i]->value;
      AppendOnnxGates(ours.values(), GatesOf(recurrent.lstm), &values);
    }
  }
  return values;
}

// The states of all steps, (steps, directions, batch, units), as (batch, steps, features).
void AddSequences(const Recurrent& recurrent, GraphWriter& writer) {
  SetIntegers(writer.AddNode("Transpose", "batch_first", {writer.value()}), "perm",
              std::vector<std::int64_t>{2, 0, 1, 3});
  const auto outputs = static_cast<std::int64_t>(recurrent.directions() * recurrent.units);
  std::string x = writer.value();
  writer.AddNode("Reshape", "sequences", {std::move(x), writer.AddIntegers("shape", {0, 0, outputs})});
}

// The last states, (directions, batch, units), as (batch, features).
void AddLast(const Recurrent& recurrent, const std::string& states, GraphWriter& writer) {
  SetIntegers(writer.AddNode("Transpose", "batch_first", {states}), "perm", std::vector<std::int64_t>{1, 0, 2});
  const auto outputs = static_cast<std::int64_t>(recurrent.directions() * recurrent.units);
  std::string x = writer.value();
  writer.AddNode("Reshape", "last", {std::move(x), writer.AddIntegers("shape", {0, outputs})});
}

}  // namespace

void ExportRecurrent(const LayerToWrite& layer, GraphWriter& writer) {
  const Recurrent recurrent = Read(layer);
  const std::string x = writer.value();
  const std::string lengths = recurrent.mask ? AddLengths(x, layer.input[0], writer) : "";
  const std::size_t directions = recurrent.directions();
  const std::size_t rows = GatesOf(recurrent.lstm).size() * recurrent.units;
  const std::string w =
      writer.AddFloats("W", {directions, rows, layer.input[1]}, Weight(recurrent, layer, 0, /*and_next=*/false));
  const std::string r = writer.AddFloats("R", {directions, rows, recurrent.units}, Weight(recurrent, layer, 1, false));
  const std::string b = writer.AddFloats("B", {directions, 2 * rows}, Weight(recurrent, layer, 2, true));
  SetIntegers(writer.AddNode("Transpose", "steps_first", {x}), "perm", std::vector<std::int64_t>{1, 0, 2});
  std::vector<std::string> inputs = {writer.value(), w, r, b};
  if (!lengths.empty()) inputs.push_back(lengths);
  ::onnx::NodeProto* node = writer.AddNode(recurrent.lstm ? "LSTM" : "GRU", layer.kind, std::move(inputs));
  SetInteger(node, "hidden_size", static_cast<std::int64_t>(recurrent.units));
  if (recurrent.bidirectional) SetString(node, "direction", "bidirectional");
  if (!recurrent.lstm) SetInteger(node, "linear_before_reset", 1);
  if (recurrent.sequences) return AddSequences(recurrent, writer);
  const std::string states = node->output(0);
  node->set_output(0, "");
  node->add_output(states);
  AddLast(recurrent, states, writer);
}

}  // namespace fallow::nn::onnx_io
