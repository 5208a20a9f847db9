#include "runtime/onnx/trace.h"

#include <algorithm>
#include <set>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/numbers.h"
#include "runtime/onnx/listing.h"
#include "runtime/onnx/recurrent_trace.h"
#include "runtime/onnx/tensor_proto.h"
#include "runtime/onnx/text.h"

namespace fallow::nn::onnx_io {
namespace {

using ::onnx::NodeProto;
using ::onnx::ValueInfoProto;

constexpr std::size_t kMostLayers = 65536;
// So that no product of sizes overflows.
constexpr std::size_t kMostElements = std::size_t{1} << 40;
constexpr std::int64_t kMostSamples = std::int64_t{1} << 22;

void CheckIsFloat(const ValueInfoProto& value, const char* which, bool or_integer) {
  const std::int32_t type = value.type().tensor_type().elem_type();
  if (type == ::onnx::TensorProto::FLOAT || (or_integer && IsIntegerType(type))) return;
  throw Error(std::string(which) + " " + Quoted(value.name()) + " is " + TypeName(type) + ", expected a FLOAT tensor" +
              (or_integer ? ", or INT64 or INT32" : ""));
}

Shape CheckedShape(std::span<const std::size_t> dims) {
  const Shape shape(dims);
  if (shape.elements() <= kMostElements) return shape;
  throw Error("samples of " + shape.ToString() + ", expected at most " + std::to_string(kMostElements) + " elements");
}

// The samples of a graph's input.
Shape SampleOf(const ValueInfoProto& input) {
  CheckIsFloat(input, "the input", /*or_integer=*/true);
  const std::string name = "the input " + Quoted(input.name());
  const auto& dims = input.type().tensor_type().shape().dim();
  if (dims.empty() || dims.size() > static_cast<int>(1 + Shape::kMaxRank)) {
    throw Error(name + " has " + std::to_string(dims.size()) + " dimensions, expected the batch and up to " +
                std::to_string(Shape::kMaxRank));
  }
  std::vector<std::size_t> sample;
  for (int i = 1; i < dims.size(); ++i) {
    if (dims[i].dim_value() <= 0) {
      throw Error(name + ": dimension " + std::to_string(i) + " is not a number above 0; only the batch may be open");
    }
    sample.push_back(static_cast<std::size_t>(dims[i].dim_value()));
  }
  return CheckedShape(sample);
}

// Of how many samples the graph's inputs are; 0 if that is open.
std::int64_t BatchOf(const std::vector<const ValueInfoProto*>& inputs) {
  std::int64_t batch = 0;
  for (const ValueInfoProto* input : inputs) {
    const std::int64_t size = std::max<std::int64_t>(input->type().tensor_type().shape().dim(0).dim_value(), 0);
    if (size > kMostSamples || (input != inputs[0] && size != batch)) {
      throw Error("the input " + Quoted(input->name()) + " is of " + std::to_string(size) + " samples, expected " +
                  (size > kMostSamples ? "at most " + std::to_string(kMostSamples) : "as many as of the others"));
    }
    batch = size;
  }
  return batch;
}

// A node with the attribute that says what it moves.
std::string Described(const NodeProto* node) {
  if (node == nullptr) return "the graph";
  std::string text = Label(*node);
  for (const auto& attribute : node->attribute()) {
    if (attribute.name() == "perm") text += " with perm " + ToString(attribute.ints());
    if (attribute.name() == "axis") text += " with axis " + std::to_string(attribute.i());
  }
  return text;
}

// A name as it may be in a list of layers, and none that is taken.
std::string LayerName(const std::string& name, std::set<std::string>* taken) {
  std::string text = name.substr(0, 60);
  for (char& c : text) {
    const bool is_good = c > ' ' && c <= '~' && c != ',' && c != ':' && c != '@';
    if (!is_good) c = '_';
  }
  if (taken->insert(text).second) return text;
  for (std::size_t i = 2;; ++i) {
    std::string numbered = text + "_" + std::to_string(i);
    if (taken->insert(numbered).second) return numbered;
  }
}

}  // namespace

Trace::Trace(Graph& graph) : graph_(graph) { AddInputs(); }

void Trace::AddInputs() {
  std::size_t elements = 0;
  std::set<std::string> taken;
  for (const ValueInfoProto* input : graph_.inputs()) {
    input_names_.push_back(LayerName(input->name(), &taken));
    input_shapes_.push_back(SampleOf(*input));
    elements += input_shapes_.back().elements();
    inputs_.emplace(input->name(), inputs_.size());
  }
  batch_ = BatchOf(graph_.inputs());
  CheckIsFloat(graph_.output(), "the output", /*or_integer=*/false);
  if (inputs_.size() == 1) {
    shapes_.push_back(input_shapes_[0]);
    Bind(graph_.inputs()[0]->name(), WholeViewOf(0));
    placed_inputs_ = 1;
  } else {
    shapes_.push_back(CheckedShape(std::span(&elements, 1)));
  }
}

// Parts of the model's input are taken in order: so all inputs up to this one.
void Trace::PlaceInputs(std::size_t index) {
  for (; placed_inputs_ <= index; ++placed_inputs_) {
    const std::string& name = graph_.inputs()[placed_inputs_]->name();
    const Shape& shape = input_shapes_[placed_inputs_];
    const std::string spec = MakeInput(input_names_[placed_inputs_], shape)->Spec();
    Bind(name, WholeViewOf(Add({.spec = spec, .input = 0}, shape)));
  }
}

void Trace::Bind(const std::string& name, Value value) {
  if (View* view = std::get_if<View>(&value)) view->alone = view->alone && graph_.uses(name) == 1;
  values_.insert_or_assign(name, std::move(value));
}

const Value* Trace::Find(std::string_view name) {
  const auto found = values_.find(name);
  if (found != values_.end()) return &found->second;
  const auto input = inputs_.find(name);
  if (input == inputs_.end()) return nullptr;
  PlaceInputs(input->second);
  return &values_.find(name)->second;
}

const View& Trace::ViewOf(const std::string& name) {
  const Value* value = Find(name);
  if (value == nullptr) throw Error("input " + Quoted(name) + " is a constant, expected what layers compute");
  if (const View* view = std::get_if<View>(value)) return *view;
  constexpr const char* kWhat[] = {"", "a part of a shape", "the scores of an attention",
                                   "the last states of several layers", "integers that a Cast made"};
  static_assert(std::size(kWhat) == std::variant_size_v<Value>);
  throw Error("input " + Quoted(name) + " is " + kWhat[value->index()] + ", expected what layers compute");
}

std::optional<Integers> Trace::IntegersOf(const std::string& name) {
  if (const Integers* integers = Find<Integers>(name)) return *integers;
  const Constant* constant = graph_.constants().Find(name);
  if (constant == nullptr || constant->tensor->dims_size() > 1) return {};
  const std::int32_t type = constant->tensor->data_type();
  const bool is_integer = type == ::onnx::TensorProto::INT64 || type == ::onnx::TensorProto::INT32;
  if (!is_integer || CountElements(*constant->tensor) > Integers::kMost) return {};
  Integers integers{{}, constant->tensor->dims_size() == 1};
  for (const std::int64_t number : graph_.constants().Integers(name)) integers.values.push_back({number, false});
  return integers;
}

std::size_t Trace::Add(ChainLayer layer, const Shape& shape) {
  if (chain_.layers.size() == kMostLayers) throw Error("more than " + std::to_string(kMostLayers) + " layers");
  chain_.layers.push_back(std::move(layer));
  std::vector<std::size_t> dims;
  for (std::size_t i = 0; i < shape.rank(); ++i) dims.push_back(shape[i]);
  shapes_.push_back(CheckedShape(dims));
  return shapes_.size() - 1;
}

std::size_t Trace::Shaped(std::size_t value, const Shape& shape) {
  if (shapes_[value] == shape) return value;
  if (shape.rank() == 0) throw Error("samples of one number without a dimension, expected a dimension of 1");
  return AddOnce(value, *(shape.rank() == 1 ? MakeFlatten() : MakeReshape(shape)));
}

std::size_t Trace::Permuted(std::size_t value, const Permutation& permutation) {
  const std::size_t read = Shaped(value, permutation.from);
  return Shaped(AddOnce(read, *MakePermute(permutation.order)), permutation.to);
}

// A layer that only moves numbers is there once for all that read what it makes.
std::size_t Trace::AddOnce(std::size_t value, const Layer& layer) {
  const std::string spec = layer.Spec();
  const auto [entry, is_new] = moved_.try_emplace({value, spec});
  if (is_new) entry->second = Add({.spec = spec, .input = value}, layer.Plan(shapes_[value]).output);
  return entry->second;
}

bool Trace::IsReordered(const View& view) {
  const Shape& shape = shapes_[view.of];
  if (shape.rank() == 0 || view.axes.size() != 1 + shape.rank()) return false;
  if (IsHeads(view.of) || WholeSamples(view, shape, batch_)) return false;
  return HoldsVectors(view, static_cast<std::int64_t>(shape[shape.rank() - 1]), shape);
}

std::size_t Trace::Whole(const std::string& name) {
  const std::vector<std::size_t> last = FindLastStates(ViewOf(name), *this);
  if (!last.empty()) KeepLastStates(name, last);
  return Whole(name, ViewOf(name));
}

std::size_t Trace::WholeTokens(const std::string& name) {
  const Tokens* tokens = Find<Tokens>(name);
  return tokens == nullptr ? Whole(name) : Whole(name, tokens->view);
}

// Of FindLastStates. `name` is a view of them; then they are whole.
void Trace::KeepLastStates(const std::string& name, const std::vector<std::size_t>& values) {
  const std::set<std::size_t> kept(values.begin(), values.end());
  for (std::size_t i = values.back(); i < chain_.layers.size(); ++i) {
    const ChainLayer& reader = chain_.layers[i];
    if (kept.contains(i + 1) || !(kept.contains(reader.input) || kept.contains(reader.other))) continue;
    throw Error("reads the last step alone, " + Quoted(name) + ", of " + layer(values.back()).spec +
                ", of which the others are read too, expected one or the other");
  }
  for (const std::size_t value : values) {
    layer(value).spec = OfLastStep(layer(value).spec);
    shapes_[value] = Shape{shapes_[value][1]};
  }
  Bind(name, WholeViewOf(values[0]));
}

std::optional<std::size_t> Trace::SamplesOf(const View& view) {
  const std::optional<Shape> shape = WholeSamples(view, shapes_[view.of], batch_);
  if (shape) return Shaped(view.of, *shape);
  const std::optional<Permutation> moved = FindPermutation(view, shapes_[view.of], batch_);
  return moved ? std::optional(Permuted(view.of, *moved)) : std::nullopt;
}

std::size_t Trace::Whole(const std::string& name, const View& view) {
  if (IsHeads(view.of)) {
    throw Error("reads the heads of an attention as " + ToString(view.sizes()) + ", expected the Linear behind them");
  }
  if (const std::optional<std::size_t> value = SamplesOf(view)) return *value;
  throw Error("reads " + Quoted(name) + ", which " + Described(view.cause) + " leaves as " + ToString(view.sizes()) +
              (view.scale == 1 ? "" : " times " + FormatNumber(view.scale)) +
              ": not the samples of a layer, whole and in order");
}

// From the output back: the nodes that are needed, each pattern as one step.
std::vector<Trace::Step> Trace::Steps() const {
  std::vector<Step> steps;
  std::set<std::string_view> needed = {graph_.output().name()};
  const auto need = [&](const std::string& name) {
    if (!graph_.constants().Has(name)) needed.insert(name);
  };
  const auto& nodes = graph_.nodes();
  for (std::size_t i = nodes.size(); i-- > 0;) {
    const NodeProto& node = *nodes[i];
    const bool is_needed = std::ranges::any_of(node.output(), [&](const auto& name) { return needed.contains(name); });
    if (!is_needed) continue;
    Step step{&node};
    for (const Pattern& pattern : Patterns()) {
      if (step.read != nullptr) break;
      step = {&node, pattern.find(graph_, node), pattern.import};
    }
    if (step.read != nullptr) {
      need(*step.read);
    } else {
      for (int j = 0; j < node.input_size(); ++j) {
        if (IsRead(node, j)) need(node.input(j));
      }
    }
    steps.push_back(step);
  }
  std::ranges::reverse(steps);
  return steps;
}

void Trace::Follow() {
  for (const Step& step : Steps()) {
    try {
      FollowStep(step);
    } catch (const Error& error) {
      throw Error(Label(*step.node) + ": " + error.what());
    }
  }
  FinishOutput();
}

void Trace::FollowStep(const Step& step) {
  const bool has_none = step.node->output_size() == 0 || step.node->output(0).empty();
  if (has_none && !IsRecurrent(*step.node)) throw Error("has no output");  // Of which the first is optional.
  if (FoldLate(*step.node)) return;
  Node node(*step.node, graph_);
  FollowNode(node, step);
  node.attributes().ExpectNoMore();
}

const std::string* Trace::FindData(const NodeProto& node) {
  for (const std::string& input : node.input()) {
    if (Find(input) != nullptr) return &input;
  }
  return nullptr;
}

// Of what has become constant along the way.
bool Trace::FoldLate(const NodeProto& node) {
  Constants& constants = graph_.constants();
  if (constants.Find(node.output(0)) == nullptr && Is(node, node.op_type())) Fold(node, &constants);
  return constants.Find(node.output(0)) != nullptr;
}

void Trace::FollowNode(Node& node, const Step& step) {
  if (step.read != nullptr) return AddLayers(node, step.import, *step.read);
  const NodeProto& proto = *step.node;
  const bool is_onnx = Is(proto, proto.op_type());
  const GraphImport graph_import = is_onnx ? FindGraphImport(proto.op_type()) : nullptr;
  if (graph_import != nullptr && graph_import(node, *this)) return;
  const KnownImport known = is_onnx ? FindImport(proto.op_type()) : KnownImport();
  if (known.import == nullptr) {
    throw Error(graph_import != nullptr ? "no layer does this with such inputs"
                                        : "there is no layer for this operator, expected one of " +
                                              ImportedOperators() + ", or the nodes of a GELU, a SiLU or a layer norm");
  }
  const std::string* data = FindData(proto);
  if (data == nullptr) throw Error("reads constants alone, and is not computed beforehand");
  AddLayers(node, known, *data);
}

void Trace::AddLayers(Node& node, const KnownImport& import, const std::string& data) {
  View view = ViewOf(data);
  const bool is_reordered = import.by_vector && IsReordered(view);
  std::size_t value = is_reordered ? view.of : Whole(data);
  const std::size_t before = chain_.layers.size();
  chain_.value = data;
  chain_.shape = shapes_[value];
  import.import(node, chain_);
  std::vector<ChainLayer> added(std::make_move_iterator(chain_.layers.begin() + static_cast<std::ptrdiff_t>(before)),
                                std::make_move_iterator(chain_.layers.end()));
  chain_.layers.resize(before);
  for (ChainLayer& layer : added) {
    layer.input = value;
    value = Add(std::move(layer), chain_.shape);
  }
  if (!is_reordered) view = WholeViewOf(value);
  view.of = value;
  view.alone = false;
  Bind(node.output(0), std::move(view));
}

void Trace::FinishOutput() {
  const std::string& name = graph_.output().name();
  for (const ValueInfoProto* input : graph_.inputs()) {
    if (graph_.needs(input->name())) continue;
    throw Error("the output " + Quoted(name) + " does not depend on the input " + Quoted(input->name()));
  }
  if (inputs_.contains(name)) throw Error("there is no layer between the input and the output");
  std::size_t value = 0;
  try {
    value = Whole(name);
  } catch (const Error& error) {
    throw Error("the graph's output: " + std::string(error.what()));
  }
  if (value == 0) {  // Nodes that all do nothing.
    value = Add({.spec = shapes_[0].rank() == 1 ? MakeFlatten()->Spec() : MakeFrom(std::string(kModelInput))->Spec(),
                 .input = 0},
                shapes_[0]);
  }
  KeepWhatIsRead(value, &chain_.layers);
}

}  // namespace fallow::nn::onnx_io
