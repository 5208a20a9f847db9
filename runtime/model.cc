#include "fallow/nn/model.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <utility>

#include "fallow/nn/error.h"
#include "kernels/parallel.h"
#include "runtime/buffer_plan.h"
#include "runtime/inference.h"
#include "runtime/numbers.h"
#include "runtime/pass_memory.h"
#include "runtime/region.h"
#include "runtime/row_blocks.h"

namespace fallow::nn {
namespace {

// Piece of the loop that computes parameter gradients.
struct GradientPiece {
  std::size_t layer;
  std::size_t block;
};

// Where a layer writes the gradient of a value it read.
struct GradientTarget {
  float* written = nullptr;  // Null: nobody needs it.
  float* sum = nullptr;      // Not null: what has been written then belongs to this sum.
  std::size_t count = 0;

  void Add() const {
    if (sum == nullptr) return;
    for (std::size_t j = 0; j < count; ++j) sum[j] += written[j];
  }
};

bool Learns(Layer& layer) { return std::ranges::any_of(layer.parameters(), &Parameter::trained); }

}  // namespace

struct Sequential::Impl {
  Impl(const Shape& input_shape, std::vector<std::unique_ptr<Layer>> given, std::uint64_t seed);

  void BuildLayers(std::uint64_t seed);
  void PlanBuffers();
  bool SetRate(std::size_t i, const Rate& rate);
  void CheckRows(std::uint64_t first_row, std::size_t rows) const;
  void CheckInput(const Pass& pass, const Tensor& x) const;
  void CheckValues(const Tensor& x) const;
  void Forward(const Pass& pass, Region& region, const Tensor& x);
  void ForwardBlock(const Pass& pass, std::size_t first, std::size_t last, std::size_t block, const Tensor& x);
  void Backward(const Pass& pass, Region& region, const Tensor& x, const Tensor& dy);
  void BackwardBlock(const Pass& pass, std::size_t first, std::size_t last, std::size_t block, const Tensor& x,
                     const Tensor& dy);
  void ParameterGradients(const Pass& pass, Region& region, const Tensor& x, const Tensor& dy);
  GradientTarget TargetOf(std::size_t value, std::size_t i, Rows rows, std::size_t block, std::size_t side);
  void ResizeScratch(Mode mode, std::size_t rows);

  std::size_t size() const { return layers.size(); }
  const Shape& output_shape() const { return shapes.back(); }
  // Of layer i and `rows` rows.
  LayerRegion RegionOf(const char* operation, const Pass& pass, std::size_t i, std::size_t rows) const {
    return {operation, rows * shapes[i + 1].elements(), pass, i, specs[i].c_str()};
  }
  const BufferPlan& plan(Mode mode) const { return value_plans[static_cast<std::size_t>(mode)]; }

  std::vector<std::unique_ptr<Layer>> layers;
  Wiring wiring;
  std::vector<std::string> specs;  // Of the layers, for profile records.
  std::vector<Shape> shapes;       // Of value i; see BufferPlan.
  std::size_t max_cols = 1;
  std::size_t max_mask = 1;       // Elements of the largest mask for a row.
  std::size_t first_trained = 0;  // The first layer that learns; nothing before it needs gradients.
  std::array<BufferPlan, 3> value_plans;
  BufferPlan gradient_plan;
  std::vector<GradientPiece> gradient_pieces;

  Buffers values;
  Buffers gradients;
  SavedValues saved;
  Scratch scratch;                // Of each row block, then of each gradient piece.
  std::size_t layer_scratch = 0;  // Of it, a layer's part in training. Behind that, room for two gradients to add.
  const Tensor* trained_input = nullptr;  // Of the Forward that Backward may follow.
};

Sequential::Impl::Impl(const Shape& input_shape, std::vector<std::unique_ptr<Layer>> given, std::uint64_t seed)
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
  PlanBuffers();
}

void Sequential::Impl::PlanBuffers() {
  std::vector<std::size_t> cols;
  for (const Shape& shape : shapes) cols.push_back(shape.elements());
  for (const Mode mode : {Mode::kTrain, Mode::kInfer, Mode::kMonteCarlo}) {
    value_plans[static_cast<std::size_t>(mode)] = PlanValues(layers, wiring, cols, mode);
  }
  gradient_plan = PlanGradients(layers, wiring, cols, first_trained);
}

void Sequential::Impl::BuildLayers(std::uint64_t seed) {
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
}

// A layer at rate 0 does nothing, and the plans count on it.
bool Sequential::Impl::SetRate(std::size_t i, const Rate& rate) {
  Layer& layer = *layers[i];
  const bool was_identity = layer.identity(Mode::kTrain);
  if (!layer.set_rate(rate)) return false;
  trained_input = nullptr;
  if (layer.identity(Mode::kTrain) != was_identity) PlanBuffers();
  return true;
}

// In training also for what the backward pass wants.
void Sequential::Impl::ResizeScratch(Mode mode, std::size_t rows) {
  const RowBlocks blocks(rows);
  const std::size_t of_block = std::min(rows, RowBlocks::kMaxRows);
  std::size_t elements = MostScratch(layers, mode, of_block);
  if (mode != Mode::kTrain) return scratch.Resize(blocks.count(), elements);
  layer_scratch = elements;
  if (!wiring.IsChain()) elements += 2 * of_block * max_cols;
  for (const auto& layer : layers) elements = std::max(elements, layer->gradient_scratch(rows));
  scratch.Resize(std::max({blocks.count(), gradient_pieces.size(), std::size_t{1}}), elements);
}

void Sequential::Impl::CheckRows(std::uint64_t first_row, std::size_t rows) const {
  constexpr std::uint64_t kMaxElement = std::uint64_t{1} << 57;
  const std::uint64_t max_row = kMaxElement / max_mask;
  if (rows <= max_row && first_row <= max_row - rows) return;
  throw Error("model: first row " + std::to_string(first_row) + ", expected at most " + std::to_string(max_row) +
              " rows");
}

void Sequential::Impl::CheckInput(const Pass& pass, const Tensor& x) const {
  if (x.cols() != shapes[0].elements()) {
    throw Error("model: got samples of shape " + x.sample_shape().ToString() + ", expected " + shapes[0].ToString());
  }
  CheckRows(pass.first_row, x.rows());
  CheckValues(x);
  if (!pass.row_masks.empty() || pass.rate) throw Error("model: Forward with row masks or a rate, expected neither");
  constexpr std::uint64_t kMaxStep = std::uint64_t{1} << 40;
  if (pass.step >= kMaxStep) throw Error("model: step " + std::to_string(pass.step) + ", expected less than 2^40");
}

void Sequential::Impl::CheckValues(const Tensor& x) const {
  for (std::size_t i = 0; i < size(); ++i) {
    if (wiring.input[i] == 0) layers[i]->CheckInput(x);
  }
}

// Row blocks go through the layers from one that needs the batch to before the next.
void Sequential::Impl::Forward(const Pass& pass, Region& region, const Tensor& x) {
  const RowBlocks blocks(x.rows());
  const Pass inner = InTask(pass, blocks.count());
  const auto waits = [&](const auto& layer) { return pass.mode == Mode::kTrain && layer->needs_batch(); };
  for (std::size_t first = 0; first < size();) {
    if (waits(layers[first])) {
      const LayerRegion of_layer = RegionOf(kLayerForward, pass, first, x.rows());
      layers[first]->BeginForward(of_layer.pass(), x.rows(), values.Read(plan(pass.mode), wiring.input[first], 0, x),
                                  {.saved = saved.Of(first, 0), .scratch = scratch[0]});
    }
    const std::size_t last = std::find_if(layers.begin() + first + 1, layers.end(), waits) - layers.begin();
    region.Run(blocks.count(), [&](std::size_t block) { ForwardBlock(inner, first, last, block, x); });
    first = last;
  }
}

void Sequential::Impl::ForwardBlock(const Pass& pass, std::size_t first, std::size_t last, std::size_t block,
                                    const Tensor& x) {
  const BufferPlan& buffers = plan(pass.mode);
  const Rows rows = RowBlocks(x.rows())[block];
  for (std::size_t i = first; i < last; ++i) {
    const std::size_t input = wiring.input[i], other = wiring.other[i];
    // The plan copies only a last identity whose input is the caller's.
    if (IsIdentity(*layers[i], pass.mode) && buffers.buffer[input] == buffers.buffer[i + 1]) continue;
    const LayerRegion region = RegionOf(kLayerForward, pass, i, rows.count());
    const Memory memory{.saved = pass.mode == Mode::kTrain ? saved.Of(i, rows.begin) : nullptr,
                        .scratch = scratch[block],
                        .other = other == Wiring::kNone ? nullptr : values.Read(buffers, other, rows.begin, x)};
    layers[i]->ForwardRows(region.pass(), rows, values.Read(buffers, input, rows.begin, x),
                           values.Write(buffers, i + 1, rows.begin), memory);
  }
}

void Sequential::Impl::Backward(const Pass& pass, Region& region, const Tensor& x, const Tensor& dy) {
  const RowBlocks blocks(x.rows());
  const Pass inner = InTask(pass, blocks.count());
  for (std::size_t last = size(); last > first_trained;) {
    if (layers[last - 1]->needs_batch()) {
      const LayerRegion of_layer = RegionOf(kLayerBackward, pass, last - 1, x.rows());
      layers[last - 1]->BeginBackward(
          of_layer.pass(), x.rows(), values.Read(plan(Mode::kTrain), wiring.input[last - 1], 0, x),
          gradients.Read(gradient_plan, last, 0, dy), {.saved = saved.Of(last - 1, 0), .scratch = scratch[0]});
    }
    std::size_t first = last - 1;
    while (first > first_trained && !layers[first - 1]->needs_batch()) --first;
    region.Run(blocks.count(), [&](std::size_t block) { BackwardBlock(inner, first, last, block, x, dy); });
    last = first;
  }
}

void Sequential::Impl::BackwardBlock(const Pass& pass, std::size_t first, std::size_t last, std::size_t block,
                                     const Tensor& x, const Tensor& dy) {
  const BufferPlan& buffers = plan(Mode::kTrain);
  const Rows rows = RowBlocks(x.rows())[block];
  for (std::size_t i = last; i-- > first;) {
    const std::size_t input = wiring.input[i], other = wiring.other[i];
    if (IsIdentity(*layers[i], Mode::kTrain) && gradient_plan.buffer[input] == gradient_plan.buffer[i + 1]) continue;
    const GradientTarget dx = TargetOf(input, i, rows, block, 0);
    const GradientTarget other_gradient = TargetOf(other, i, rows, block, 1);
    // A layer before all that learn may still leave something to ParameterGradients.
    if (dx.written == nullptr && other_gradient.written == nullptr && layers[i]->saved() == 0) continue;
    const LayerRegion region = RegionOf(kLayerBackward, pass, i, rows.count());
    layers[i]->BackwardRows(
        region.pass(), rows, values.Read(buffers, input, rows.begin, x), values.Read(buffers, i + 1, rows.begin, x),
        gradients.Read(gradient_plan, i + 1, rows.begin, dy), dx.written,
        {.saved = saved.Of(i, rows.begin), .scratch = scratch[block], .other_gradient = other_gradient.written});
    dx.Add();
    other_gradient.Add();
  }
}

// Of the value that layer `i` reads, as its x (`side` 0) or its other (1).
GradientTarget Sequential::Impl::TargetOf(std::size_t value, std::size_t i, Rows rows, std::size_t block,
                                          std::size_t side) {
  if (value == Wiring::kNone || value <= first_trained) return {};
  float* gradient = gradients.Write(gradient_plan, value, rows.begin);
  const bool again = side == 1 && value == wiring.input[i];
  if (wiring.IsLastReader(value, i) && !again) return {.written = gradient};
  return {.written = scratch[block] + layer_scratch + side * rows.count() * max_cols,
          .sum = gradient,
          .count = rows.count() * shapes[value].elements()};
}

void Sequential::Impl::ParameterGradients(const Pass& pass, Region& region, const Tensor& x, const Tensor& dy) {
  const Pass inner = InTask(pass, gradient_pieces.size());
  region.Run(gradient_pieces.size(), [&](std::size_t p) {
    const auto [layer, block] = gradient_pieces[p];
    const LayerRegion of_piece = RegionOf(kLayerGradients, inner, layer, x.rows());
    layers[layer]->ParameterGradients(
        of_piece.pass(), block, x.rows(), values.Read(plan(Mode::kTrain), wiring.input[layer], 0, x),
        gradients.Read(gradient_plan, layer + 1, 0, dy), {.saved = saved.Of(layer, 0), .scratch = scratch[p]});
  });
}

Sequential::Sequential(const Shape& input_shape, std::string_view layers, std::uint64_t seed)
    : Sequential(input_shape, ParseLayers(layers), seed) {}

Sequential::Sequential(const Shape& input_shape, std::vector<std::unique_ptr<Layer>> layers, std::uint64_t seed)
    : impl_(std::make_unique<Impl>(input_shape, std::move(layers), seed)) {}

Sequential::Sequential(Sequential&&) noexcept = default;
Sequential& Sequential::operator=(Sequential&&) noexcept = default;
Sequential::~Sequential() = default;

const Shape& Sequential::input_shape() const { return impl_->shapes.front(); }
const Shape& Sequential::output_shape() const { return impl_->output_shape(); }

std::string Sequential::Layers() const {
  std::string list;
  for (const auto& layer : impl_->layers) {
    if (!list.empty()) list += ',';
    list += layer->Spec();
    if (!layer->label.empty()) list += '@' + layer->label;
  }
  return list;
}

std::vector<LayerInfo> Sequential::layer_info() const {
  std::vector<LayerInfo> info;
  for (std::size_t i = 0; i < impl_->layers.size(); ++i) {
    Layer& layer = *impl_->layers[i];
    std::size_t count = 0;
    for (const Parameter& parameter : layer.parameters()) count += parameter.value.values().size();
    info.push_back({layer.Spec(), impl_->shapes[i + 1], count});
  }
  return info;
}

std::size_t Sequential::parameter_count() const {
  std::size_t count = 0;
  for (const LayerInfo& layer : layer_info()) count += layer.parameter_count;
  return count;
}

std::vector<NamedParameter> Sequential::parameters() {
  std::vector<NamedParameter> named;
  for (std::size_t i = 0; i < impl_->layers.size(); ++i) {
    for (Parameter& parameter : impl_->layers[i]->parameters()) {
      named.push_back({std::to_string(i) + '.' + parameter.name, &parameter});
    }
  }
  return named;
}

std::vector<LayerRate> Sequential::dropout_rates() const {
  std::vector<LayerRate> rates;
  for (std::size_t i = 0; i < impl_->layers.size(); ++i) {
    if (const std::optional<double> rate = impl_->layers[i]->rate()) rates.push_back({i, *rate});
  }
  return rates;
}

bool Sequential::set_dropout_rate(std::size_t layer, double rate) {
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

const Tensor& Sequential::Forward(const Pass& pass, const Tensor& x) {
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

void Sequential::Backward(const Pass& pass, const Tensor& dy) {
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

std::size_t Inference::layers() const { return model_.size(); }
std::size_t Inference::elements(std::size_t value) const { return model_.shapes[value].elements(); }
void Inference::CheckInput(const Tensor& x) const {
  model_.CheckRows(0, x.rows());
  model_.CheckValues(x);
}

bool Inference::Drops(const Layer& layer) const {
  if (!layer.drops()) return false;
  return rate_ ? rate_->drop_probability() != 0 : !layer.identity(Mode::kMonteCarlo);
}

std::size_t Inference::first_of_samples() const {
  const std::size_t random =
      std::ranges::find_if(model_.layers, [&](const auto& layer) { return Drops(*layer); }) - model_.layers.begin();
  if (random == layers()) return random;
  // Not later than a value that a layer behind it reads.
  std::size_t first = random;
  for (std::size_t i = layers(); i-- > 0 && i + 1 > first;) {
    first = std::min({first, model_.wiring.input[i], model_.wiring.other[i]});
  }
  return first;
}

std::size_t Inference::scratch(std::size_t rows) const {
  std::size_t most = 0;
  for (const Mode mode : {Mode::kInfer, Mode::kMonteCarlo}) {
    const std::vector<std::size_t>& cols = model_.plan(mode).cols;
    const std::size_t values = std::accumulate(cols.begin(), cols.end(), elements(0));
    most = std::max(most, rows * values + MostScratch(model_.layers, mode, rows));
  }
  return most;
}

// Value 0 first, then the plan's buffers.
float* Inference::Value(Mode mode, std::size_t value, std::size_t rows, float* scratch) const {
  const BufferPlan& plan = model_.plan(mode);
  if (plan.buffer[value] == BufferPlan::kCaller) return scratch;
  const auto end = plan.cols.begin() + static_cast<std::ptrdiff_t>(plan.buffer[value]);
  return scratch + rows * std::accumulate(plan.cols.begin(), end, elements(0));
}

void Inference::Run(Pass pass, std::size_t first, std::size_t last, Rows rows, float* scratch, float* y) const {
  pass.rate = rate_;
  const std::vector<std::size_t>& cols = model_.plan(pass.mode).cols;
  const std::size_t values = std::accumulate(cols.begin(), cols.end(), elements(0));
  const auto value_at = [&](std::size_t value) { return Value(pass.mode, value, rows.count(), scratch); };
  for (std::size_t i = first; i < last; ++i) {
    Layer& layer = *model_.layers[i];
    const std::size_t other = model_.wiring.other[i];
    const float* x = value_at(model_.wiring.input[i]);
    if (IsIdentity(layer, pass.mode) && x == value_at(i + 1)) continue;
    const LayerRegion region = model_.RegionOf(kLayerForward, pass, i, rows.count());
    const Memory memory{.scratch = scratch + rows.count() * values,
                        .other = other == Wiring::kNone ? nullptr : value_at(other)};
    layer.ForwardRows(region.pass(), rows, x, value_at(i + 1), memory);
  }
  std::copy_n(value_at(last), rows.count() * elements(last), y);
}

}  // namespace fallow::nn
