// The attributes and weights of LSTM and GRU nodes.
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "fallow/nn/error.h"
#include "fallow/nn/sequences.h"
#include "runtime/onnx/attributes.h"
#include "runtime/onnx/recurrent.h"
#include "runtime/onnx/text.h"

namespace fallow::nn::onnx_io {
namespace {

using ::onnx::AttributeProto;

enum Input : int { kX, kW, kR, kB, kLengths = kLengthsInput, kInitialH, kInitialC, kPeepholes };

void ExpectActivations(Attributes& attributes, std::initializer_list<const char*> of_direction, bool bidirectional) {
  const AttributeProto* found = attributes.Find("activations", AttributeProto::STRINGS);
  if (found == nullptr) return;
  std::vector<std::string> expected(of_direction.begin(), of_direction.end());
  if (bidirectional) expected.insert(expected.end(), of_direction.begin(), of_direction.end());
  const auto same_letter = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
  const auto same = [&](const std::string& a, const std::string& b) { return std::ranges::equal(a, b, same_letter); };
  if (std::ranges::equal(found->strings(), expected, same)) return;
  throw Error("attribute activations is not the default, the only one there is");
}

void ExpectAbsent(Attributes& attributes, const char* name, AttributeProto::AttributeType type) {
  const AttributeProto* found = attributes.Find(name, type);
  if (found == nullptr || (type == AttributeProto::FLOATS && found->floats().empty())) return;
  throw Error("attribute " + std::string(name) + " is there, expected none");
}

bool IsBidirectional(Attributes& attributes) {
  const std::string direction = attributes.String("direction", "forward");
  if (direction == "forward") return false;
  if (direction == "bidirectional") return true;
  throw Error("attribute direction is " + Quoted(direction) + ", expected forward or bidirectional");
}

// The attributes but hidden_size.
bool ReadAttributes(bool lstm, Attributes& attributes) {
  const bool bidirectional = IsBidirectional(attributes);
  attributes.ExpectInteger("layout", 0, 0);
  ExpectAbsent(attributes, "clip", AttributeProto::FLOAT);
  ExpectAbsent(attributes, "activation_alpha", AttributeProto::FLOATS);
  ExpectAbsent(attributes, "activation_beta", AttributeProto::FLOATS);
  if (lstm) {
    attributes.ExpectInteger("input_forget", 0, 0);
    ExpectActivations(attributes, {"Sigmoid", "Tanh", "Tanh"}, bidirectional);
  } else {
    attributes.ExpectInteger("linear_before_reset", 0, 1);  // Whether r multiplies h W^T + b, as ours, or h alone.
    ExpectActivations(attributes, {"Sigmoid", "Tanh"}, bidirectional);
  }
  return bidirectional;
}

void ExpectZeros(const Node& node, int i, const char* what) {
  if (!node.has_input(i) || node.graph().zeros().Are(node.input(i))) return;
  throw Error("input " + std::to_string(i) + ", " + what + ", is " + Quoted(node.input(i)) + ", expected zeros");
}

Pieces Weight(const Node& node, int i) {
  const std::optional<Pieces> pieces = node.constants().FindPieces(node.input(i));
  if (pieces) return *pieces;
  throw Error("input " + Quoted(node.input(i)) + " is computed or empty, expected a constant");
}

void ExpectDims(const Node& node, int i, const Pieces& weight, const std::vector<std::int64_t>& dims) {
  if (weight.dims == dims) return;
  throw Error("the weight " + Quoted(node.input(i)) + " is " + ToString(weight.dims) + ", expected " + ToString(dims));
}

// The state's size as the recurrent weight has it, (directions, gates units, units).
std::int64_t UnitsOf(Node& node, const Pieces& weight) {
  const std::int64_t units = weight.dims.size() == 3 ? weight.dims[2] : 0;
  const std::int64_t said = node.attributes().Integer("hidden_size", units);
  if (units > 0 && said == units) return units;
  throw Error("attribute hidden_size is " + std::to_string(said) + " for the weight " + Quoted(node.input(kR)) +
              " of shape " + ToString(weight.dims));
}

// The gates of each direction in our order. `parts`: of a direction, each of which has all gates.
std::vector<std::vector<float>> Gates(const Node& node, int i, const Pieces& weight, const RecurrentLayer& layer,
                                      std::size_t parts) {
  const std::vector<float> values = node.constants().Floats(node.input(i), weight);
  const std::size_t count = parts * (layer.bidirectional ? 2 : 1), size = values.size() / count;
  std::vector<std::vector<float>> gates;
  for (std::size_t part = 0; part < count; ++part) {
    gates.push_back(FromOnnxGates(std::span(values).subspan(part * size, size), GatesOf(layer.lstm)));
  }
  return gates;
}

void ReadWeights(Node& node, std::size_t features, RecurrentLayer& layer) {
  const Pieces w = Weight(node, kW), r = Weight(node, kR);
  const std::int64_t units = UnitsOf(node, r);
  const std::int64_t directions = layer.bidirectional ? 2 : 1;
  const std::int64_t rows = static_cast<std::int64_t>(GatesOf(layer.lstm).size()) * units;
  ExpectDims(node, kW, w, {directions, rows, static_cast<std::int64_t>(features)});
  ExpectDims(node, kR, r, {directions, rows, units});
  layer.units = static_cast<std::size_t>(units);

  std::vector<std::vector<float>> biases(static_cast<std::size_t>(2 * directions));
  if (node.has_input(kB)) {
    const Pieces b = Weight(node, kB);
    ExpectDims(node, kB, b, {directions, 2 * rows});
    biases = Gates(node, kB, b, layer, /*parts=*/2);
  } else {
    for (std::vector<float>& bias : biases) bias.assign(static_cast<std::size_t>(rows), 0.0f);
  }
  std::vector<std::vector<float>> inputs = Gates(node, kW, w, layer, 1);
  std::vector<std::vector<float>> states = Gates(node, kR, r, layer, 1);
  for (std::size_t d = 0; d < inputs.size(); ++d) {
    for (auto* values : {&inputs[d], &states[d], &biases[2 * d], &biases[2 * d + 1]}) {
      layer.parameters.push_back(std::move(*values));
    }
  }
}

}  // namespace

RecurrentLayer ReadRecurrent(Node& node, std::size_t features) {
  RecurrentLayer layer{.lstm = Is(node.proto(), "LSTM")};
  layer.bidirectional = ReadAttributes(layer.lstm, node.attributes());
  ExpectZeros(node, kInitialH, "the initial h");
  if (layer.lstm) ExpectZeros(node, kInitialC, "the initial c");
  if (node.has_input(kPeepholes)) throw Error("input 7, the peepholes, is there, expected none");
  ReadWeights(node, features, layer);
  return layer;
}

ChainLayer ToChainLayer(RecurrentLayer layer) {
  const RecurrentOptions options{.sequences = true, .bidirectional = layer.bidirectional, .mask = layer.mask};
  const std::unique_ptr<Layer> made = layer.lstm ? MakeLSTM(layer.units, options) : MakeGRU(layer.units, options);
  return {.spec = made->Spec(), .parameters = std::move(layer.parameters)};
}

}  // namespace fallow::nn::onnx_io
