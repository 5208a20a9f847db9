#include "fallow/nn/model.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "fallow/nn/error.h"
#include "kernels/parallel.h"
#include "runtime/buffer_plan.h"
#include "runtime/inference.h"
#include "runtime/region.h"
#include "runtime/row_blocks.h"

namespace fallow::nn {
namespace {

// Buffers that follow a plan.
class Buffers {
 public:
  void Resize(const BufferPlan& plan, std::size_t rows) {
    if (tensors_.size() < plan.cols.size()) tensors_.resize(plan.cols.size());
    for (std::size_t b = 0; b < plan.cols.size(); ++b) tensors_[b].Resize(rows, Shape{plan.cols[b]});
  }

  Tensor& operator[](std::size_t buffer) { return tensors_[buffer]; }

  // Row `row`, the first of its block, of value `i`; `caller` is what the plan calls kCaller.
  const float* Read(const BufferPlan& plan, std::size_t i, std::size_t row, const Tensor& caller) {
    if (plan.buffer[i] == BufferPlan::kCaller) return caller.data() + row * caller.cols();
    return Write(plan, i, row);
  }
  float* Write(const BufferPlan& plan, std::size_t i, std::size_t row) {
    return tensors_[plan.buffer[i]].data() + row * plan.cols[plan.buffer[i]];
  }

 private:
  std::vector<Tensor> tensors_;
};

// Piece of the loop that computes parameter gradients.
struct GradientPiece {
  std::size_t layer;
  std::size_t block;
};

}  // namespace

struct Sequential::Impl {
  Impl(const Shape& input_shape, std::vector<std::unique_ptr<Layer>> given, std::uint64_t seed);

  void BuildLayers(std::uint64_t seed);
  void CheckRows(std::uint64_t first_row, std::size_t rows) const;
  void CheckInput(const Pass& pass, const Tensor& x) const;
  void ForwardBlock(const Pass& pass, const BufferPlan& plan, Rows rows, const Tensor& x);
  void BackwardBlock(const Pass& pass, Rows rows, const Tensor& x, const Tensor& dy);

  std::size_t size() const { return layers.size(); }
  const Shape& output_shape() const { return shapes.back(); }
  // Of layer i and `rows` rows.
  LayerRegion RegionOf(const char* operation, const Pass& pass, std::size_t i, std::size_t rows) const {
    return {operation, rows * shapes[i + 1].elements(), pass, i, specs[i].c_str()};
  }
  const BufferPlan& plan(Mode mode) const { return value_plans[static_cast<std::size_t>(mode)]; }

  std::vector<std::unique_ptr<Layer>> layers;
  std::vector<std::string> specs;  // Of the layers, for profile records.
  std::vector<Shape> shapes;       // Of value i; see BufferPlan.
  std::size_t max_cols = 1;
  std::size_t first_trained = 0;  // The first layer with parameters; nothing before it needs gradients.
  std::array<BufferPlan, 3> value_plans;
  BufferPlan gradient_plan;
  std::vector<GradientPiece> gradient_pieces;

  Buffers values;
  Buffers gradients;
  const Tensor* trained_input = nullptr;  // Of the Forward that Backward may follow.
};

Sequential::Impl::Impl(const Shape& input_shape, std::vector<std::unique_ptr<Layer>> given, std::uint64_t seed)
    : layers(std::move(given)), shapes{input_shape} {
  if (layers.empty()) throw Error("model: no layers, expected at least one");
  BuildLayers(seed);

  std::vector<std::size_t> cols;
  for (const Shape& shape : shapes) cols.push_back(shape.elements());
  max_cols = *std::max_element(cols.begin(), cols.end());
  if (cols[0] == 0) throw Error("model: input shape " + input_shape.ToString() + ", expected at least one element");

  for (const Mode mode : {Mode::kTrain, Mode::kInfer, Mode::kMonteCarlo}) {
    value_plans[static_cast<std::size_t>(mode)] = PlanValues(layers, cols, mode);
  }
  gradient_plan = PlanGradients(layers, cols, first_trained);
}

void Sequential::Impl::BuildLayers(std::uint64_t seed) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    try {
      shapes.push_back(layers[i]->Build(shapes[i], seed, i));
    } catch (const Error& error) {
      throw Error("model: layer " + std::to_string(i) + " (" + layers[i]->Spec() + ") after shape " +
                  shapes[i].ToString() + ": " + error.what());
    }
    specs.push_back(layers[i]->Spec());
    if (gradient_pieces.empty()) first_trained = i;
    for (std::size_t block = 0; block < layers[i]->gradient_blocks(); ++block) gradient_pieces.push_back({i, block});
  }
}

void Sequential::Impl::CheckRows(std::uint64_t first_row, std::size_t rows) const {
  constexpr std::uint64_t kMaxElement = std::uint64_t{1} << 57;
  const std::uint64_t max_row = kMaxElement / max_cols;
  if (rows <= max_row && first_row <= max_row - rows) return;
  throw Error("model: first row " + std::to_string(first_row) + ", expected at most " + std::to_string(max_row) +
              " rows");
}

void Sequential::Impl::CheckInput(const Pass& pass, const Tensor& x) const {
  if (x.cols() != shapes[0].elements()) {
    throw Error("model: got samples of shape " + x.sample_shape().ToString() + ", expected " + shapes[0].ToString());
  }
  CheckRows(pass.first_row, x.rows());
  if (!pass.row_masks.empty() || pass.rate) throw Error("model: Forward with row masks or a rate, expected neither");
  constexpr std::uint64_t kMaxStep = std::uint64_t{1} << 40;
  if (pass.step >= kMaxStep) throw Error("model: step " + std::to_string(pass.step) + ", expected less than 2^40");
}

void Sequential::Impl::ForwardBlock(const Pass& pass, const BufferPlan& plan, Rows rows, const Tensor& x) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    // An identity that shares its input's memory. The plan copies only a last one that would be the caller's.
    if (layers[i]->identity(pass.mode) && plan.buffer[i] == plan.buffer[i + 1]) continue;
    const LayerRegion region = RegionOf(kLayerForward, pass, i, rows.count());
    layers[i]->ForwardRows(region.pass(), rows, values.Read(plan, i, rows.begin, x),
                           values.Write(plan, i + 1, rows.begin));
  }
}

void Sequential::Impl::BackwardBlock(const Pass& pass, Rows rows, const Tensor& x, const Tensor& dy) {
  const BufferPlan& plan = value_plans[static_cast<std::size_t>(Mode::kTrain)];
  for (std::size_t i = layers.size(); i-- > first_trained + 1;) {
    if (layers[i]->identity(Mode::kTrain)) continue;
    const LayerRegion region = RegionOf(kLayerBackward, pass, i, rows.count());
    layers[i]->BackwardRows(
        region.pass(), rows, values.Read(plan, i, rows.begin, x), values.Read(plan, i + 1, rows.begin, x),
        gradients.Read(gradient_plan, i + 1, rows.begin, dy), gradients.Write(gradient_plan, i, rows.begin));
  }
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

const Tensor& Sequential::Forward(const Pass& pass, const Tensor& x) {
  Impl& impl = *impl_;
  impl.CheckInput(pass, x);
  const BufferPlan& plan = impl.plan(pass.mode);
  impl.values.Resize(plan, x.rows());
  impl.trained_input = pass.mode == Mode::kTrain ? &x : nullptr;

  const RowBlocks blocks(x.rows());
  const Pass inner = InTask(pass, blocks.count());
  Region region(kForward, x.values().size(), pass.execution);
  region.Run(blocks.count(), [&](std::size_t block) { impl.ForwardBlock(inner, plan, blocks[block], x); });

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

  const RowBlocks blocks(x.rows());
  const Pass inner = InTask(pass, blocks.count());
  Region region(kBackward, x.values().size(), pass.execution);
  region.Run(blocks.count(), [&](std::size_t block) { impl.BackwardBlock(inner, blocks[block], x, dy); });

  const BufferPlan& plan = impl.plan(Mode::kTrain);
  region.Run(impl.gradient_pieces.size(), [&](std::size_t p) {
    const GradientPiece piece = impl.gradient_pieces[p];
    const LayerRegion of_piece = impl.RegionOf(kLayerGradients, inner, piece.layer, x.rows());
    impl.layers[piece.layer]->ParameterGradients(of_piece.pass(), piece.block, x.rows(),
                                                 impl.values.Read(plan, piece.layer, 0, x),
                                                 impl.gradients.Read(impl.gradient_plan, piece.layer + 1, 0, dy));
  });
}

std::size_t Inference::layers() const { return model_.size(); }
std::size_t Inference::elements(std::size_t value) const { return model_.shapes[value].elements(); }
std::size_t Inference::most_elements() const { return model_.max_cols; }
void Inference::CheckRows(std::uint64_t rows) const { model_.CheckRows(0, rows); }

bool Inference::Changes(const Layer& layer, Mode mode) const {
  if (mode == Mode::kMonteCarlo && rate_ && layer.drops()) return rate_->drop_probability() != 0;
  return !layer.identity(mode);
}

std::size_t Inference::first_random_layer() const {
  const auto random = [&](const auto& layer) { return layer->drops() && Changes(*layer, Mode::kMonteCarlo); };
  return std::ranges::find_if(model_.layers, random) - model_.layers.begin();
}

void Inference::Run(Pass pass, std::size_t first, std::size_t last, Rows rows, const float* x, float* y,
                    float* scratch) const {
  pass.rate = rate_;
  const float* value = x;
  float* buffer = scratch;  // Where value is, unless it is x.
  float* other = scratch + rows.count() * most_elements();
  for (std::size_t i = first; i < last; ++i) {
    Layer& layer = *model_.layers[i];
    if (!Changes(layer, pass.mode)) continue;
    if (value != x && !layer.in_place()) std::swap(buffer, other);
    const LayerRegion region = model_.RegionOf(kLayerForward, pass, i, rows.count());
    layer.ForwardRows(region.pass(), rows, value, buffer);
    value = buffer;
  }
  std::copy_n(value, rows.count() * elements(last), y);
}

}  // namespace fallow::nn
