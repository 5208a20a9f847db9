#include "fallow/nn/model.h"

#include <algorithm>
#include <string>
#include <utility>

#include "fallow/nn/error.h"
#include "runtime/model_impl.h"
#include "runtime/numbers.h"
#include "runtime/row_blocks.h"

namespace fallow::nn {
namespace {

bool Learns(Layer& layer) { return std::ranges::any_of(layer.parameters(), &Parameter::trained); }

}  // namespace

Model::Impl::Impl(const Shape& input_shape, std::vector<std::unique_ptr<Layer>> given, std::uint64_t seed)
    : layers(std::move(given)) {
  if (layers.empty()) throw Error("model: no layers, expected at least one");
  wiring = Wire(layers);
  shapes = PlanModel(layers, wiring, input_shape).shapes;
  BuildLayers(seed);
  for (const Shape& shape : shapes) max_cols = std::max(max_cols, shape.elements());
  max_mask = max_cols;
  for (const auto& layer : layers) max_mask = std::max(max_mask, layer->mask_elements());
  if (input_shape.elements() == 0) {
    throw Error("model: input shape " + input_shape.ToString() + ", expected at least one element");
  }
  PlanBlocks();
  PlanBuffers();
}

void Model::Impl::PlanBuffers() {
  std::vector<std::size_t> cols;
  for (const Shape& shape : shapes) cols.push_back(shape.elements());
  for (const Mode mode : {Mode::kTrain, Mode::kInfer, Mode::kMonteCarlo}) {
    value_plans[static_cast<std::size_t>(mode)] = PlanValues(layers, wiring, cols, block_rows, mode);
  }
  gradient_plan = PlanGradients(layers, wiring, cols, first_trained);
}

void Model::Impl::BuildLayers(std::uint64_t seed) {
  bool found = false;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    layers[i]->Build(shapes[wiring.input[i]], seed, i);
    specs.push_back(layers[i]->Spec());
    if (!found && Learns(*layers[i])) {
      first_trained = i;
      found = true;
    }
    for (std::size_t block = 0; block < layers[i]->gradient_blocks(); ++block) gradient_pieces.push_back({i, block});
  }
  TellWhatIsNext();
}

void Model::Impl::TellWhatIsNext() {
  std::vector<Layer*> next(layers.size() + 1, nullptr);  // The first with parameters that a value comes to, alone.
  for (std::size_t value = layers.size(); value-- > 1;) {
    if (!wiring.IsLink(value)) continue;
    const std::size_t reader = wiring.readers[value][0];
    next[value] = layers[reader]->parameters().empty() ? next[reader + 1] : layers[reader].get();
    if (next[value] != nullptr) layers[value - 1]->SetNext(*next[value]);
  }
}

// A layer at rate 0 does nothing, and the plans count on it.
bool Model::Impl::SetRate(std::size_t i, const Rate& rate) {
  Layer& layer = *layers[i];
  const bool was_identity = layer.identity(Mode::kTrain);
  if (!layer.set_rate(rate)) return false;
  trained_input = nullptr;
  if (layer.identity(Mode::kTrain) != was_identity) PlanBuffers();
  return true;
}

// Layers with windows have values that are many times as large as those of dense layers: a block of few rows goes
// through them, and through what is between them element by element, in cache. Dense layers want many rows, to read
// their weights once.
void Model::Impl::PlanBlocks() {
  constexpr std::size_t kElements = std::size_t{1} << 18;  // Of a value: 1 MiB.
  block_rows.assign(size(), RowBlocks::kMaxRows);
  for (std::size_t first = 0; first < size();) {
    std::size_t last = first;
    for (; last < size(); ++last) {
      if (!layers[last]->slides() && !(last > first && layers[last]->in_place())) break;
    }
    std::size_t largest = 1;
    for (std::size_t i = first; i < last; ++i) {
      largest = std::max({largest, shapes[wiring.input[i]].elements(), shapes[i + 1].elements()});
    }
    const std::size_t rows = std::clamp<std::size_t>(kElements / largest, 1, RowBlocks::kMaxRows);
    std::fill(block_rows.begin() + first, block_rows.begin() + last, rows);
    first = std::max(last, first + 1);
  }
}

// In training also for what the backward pass wants.
void Model::Impl::ResizeScratch(Mode mode, std::size_t rows) {
  std::size_t elements = 0, blocks = 1;
  gradient_scratch = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    const std::size_t most = block_rows[i], of_block = std::min(rows, most);
    blocks = std::max(blocks, RowBlocks(rows, most).count());
    elements = std::max(elements, layers[i]->scratch(mode, of_block));
    for (const std::size_t value : {wiring.input[i], wiring.other[i]}) {
      if (value != Wiring::kNone) gradient_scratch = std::max(gradient_scratch, of_block * shapes[value].elements());
    }
  }
  if (mode != Mode::kTrain) return scratch.Resize(blocks, elements);
  layer_scratch = elements;
  if (!wiring.IsChain()) elements += 2 * gradient_scratch;
  for (const auto& layer : layers) elements = std::max(elements, layer->gradient_scratch(rows));
  scratch.Resize(std::max(blocks, gradient_pieces.size()), elements);
}

void Model::Impl::CheckRows(std::uint64_t first_row, std::size_t rows) const {
  constexpr std::uint64_t kMaxElement = std::uint64_t{1} << 57;
  const std::uint64_t max_row = kMaxElement / max_mask;
  if (rows <= max_row && first_row <= max_row - rows) return;
  throw Error("model: first row " + std::to_string(first_row) + ", expected at most " + std::to_string(max_row) +
              " rows");
}

void Model::Impl::CheckInput(const Pass& pass, const Tensor& x) const {
  if (x.cols() != shapes[0].elements()) {
    throw Error("model: got samples of shape " + x.sample_shape().ToString() + ", expected " + shapes[0].ToString());
  }
  CheckRows(pass.first_row, x.rows());
  CheckValues(x);
  if (!pass.row_masks.empty() || pass.rate) throw Error("model: Forward with row masks or a rate, expected neither");
  constexpr std::uint64_t kMaxStep = std::uint64_t{1} << 40;
  if (pass.step >= kMaxStep) throw Error("model: step " + std::to_string(pass.step) + ", expected less than 2^40");
}

void Model::Impl::CheckValues(const Tensor& x) const {
  for (const std::size_t reader : wiring.readers[0]) {
    if (wiring.input[reader] == 0) layers[reader]->CheckInput(x);
  }
}

Model::Model(const Shape& input_shape, std::string_view layers, std::uint64_t seed)
    : Model(input_shape, ParseLayers(layers), seed) {}

Model::Model(const Shape& input_shape, std::vector<std::unique_ptr<Layer>> layers, std::uint64_t seed)
    : impl_(std::make_unique<Impl>(input_shape, std::move(layers), seed)) {}

Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

const Shape& Model::input_shape() const { return impl_->shapes.front(); }
const Shape& Model::output_shape() const { return impl_->output_shape(); }

std::string Model::Layers() const {
  std::string list;
  for (const auto& layer : impl_->layers) {
    if (!list.empty()) list += ',';
    list += layer->Spec();
    if (!layer->label.empty()) list += '@' + layer->label;
  }
  return list;
}

std::vector<LayerInfo> Model::layer_info() const {
  std::vector<LayerInfo> info;
  for (std::size_t i = 0; i < impl_->layers.size(); ++i) {
    Layer& layer = *impl_->layers[i];
    std::size_t count = 0;
    for (const Parameter& parameter : layer.parameters()) count += parameter.value.values().size();
    info.push_back({layer.Spec(), impl_->shapes[i + 1], count});
  }
  return info;
}

bool Model::random() const {
  return std::ranges::any_of(impl_->layers, [](const auto& layer) { return layer->random(); });
}

std::size_t Model::parameter_count() const {
  std::size_t count = 0;
  for (const LayerInfo& layer : layer_info()) count += layer.parameter_count;
  return count;
}

std::vector<NamedParameter> Model::parameters() {
  std::vector<NamedParameter> named;
  for (std::size_t i = 0; i < impl_->layers.size(); ++i) {
    for (Parameter& parameter : impl_->layers[i]->parameters()) {
      named.push_back({std::to_string(i) + '.' + parameter.name, &parameter});
    }
  }
  return named;
}

std::vector<LayerRate> Model::dropout_rates() const {
  std::vector<LayerRate> rates;
  for (std::size_t i = 0; i < impl_->layers.size(); ++i) {
    if (const std::optional<double> rate = impl_->layers[i]->rate()) rates.push_back({i, *rate});
  }
  return rates;
}

bool Model::set_dropout_rate(std::size_t layer, double rate) {
  if (layer >= impl_->size() || !impl_->layers[layer]->rate()) {
    throw Error("model: layer " + std::to_string(layer) + " has no dropout rate");
  }
  const Rate checked(rate);
  if (!checked.valid()) {
    throw Error("model: layer " + std::to_string(layer) + ": the rate is " + FormatNumber(rate) +
                ", expected a number in [0, 1]");
  }
  return impl_->SetRate(layer, checked);
}

const Tensor& Model::Forward(const Pass& pass, const Tensor& x) {
  Impl& impl = *impl_;
  impl.CheckInput(pass, x);
  const bool trains = pass.mode == Mode::kTrain;
  impl.values.Resize(impl.plan(pass.mode), x.rows());
  if (trains) impl.saved.Resize(impl.layers, x.rows());
  impl.ResizeScratch(pass.mode, x.rows());
  impl.trained_input = trains ? &x : nullptr;

  Region region(kForward, x.values().size(), pass.execution);
  impl.Forward(pass, region, x);

  Tensor& output = impl.values[0];
  output.Resize(x.rows(), impl.output_shape());
  return output;
}

void Model::Backward(const Pass& pass, const Tensor& dy) {
  Impl& impl = *impl_;
  if (impl.trained_input == nullptr) throw Error("model: Backward without a Forward in training mode before it");
  const Tensor& x = *impl.trained_input;
  if (dy.rows() != x.rows() || dy.cols() != impl.output_shape().elements()) {
    throw Error("model: got a gradient of " + std::to_string(dy.rows()) + " rows of shape " +
                dy.sample_shape().ToString() + ", expected " + std::to_string(x.rows()) + " of shape " +
                impl.output_shape().ToString());
  }
  impl.gradients.Resize(impl.gradient_plan, x.rows());
  Region region(kBackward, x.values().size(), pass.execution);
  impl.Backward(pass, region, x, dy);
  impl.ParameterGradients(pass, region, x, dy);
}

}  // namespace fallow::nn
