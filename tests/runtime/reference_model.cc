#include "tests/runtime/reference_model.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <span>
#include <sstream>
#include <stdexcept>

#include "tests/runtime/reference_layers.h"
#include "tests/support/oracle.h"

namespace fallow::nn::reference {
namespace {

constexpr double kSeluScale = 1.0507009873554805;
constexpr double kSeluAlpha = 1.6732632423543772;

const std::map<std::string, Row (*)(const LayerContext&, const Row&)> kOfRows = {
    {"alpha_dropout", AlphaDropout},
    {"attention", Attention},
    {"avgpool1d", Pool},
    {"avgpool2d", Pool},
    {"conv1d", Convolve},
    {"conv2d", Convolve},
    {"dense", Dense},
    {"dense_last", DenseLast},
    {"drop_block2d", DropBlock},
    {"drop_path", DroppedElements},
    {"dropout", DroppedElements},
    {"embedding", Embedding},
    {"feature_alpha_dropout", AlphaDropout},
    {"gaussian_dropout", Gaussian},
    {"gaussian_noise", Gaussian},
    {"global_avgpool", Pool},
    {"global_maxpool", Pool},
    {"gru", Gru},
    {"layer_norm", LayerNorm},
    {"lstm", Lstm},
    {"maxpool1d", Pool},
    {"maxpool2d", Pool},
    {"spatial_dropout1d", DroppedElements},
    {"spatial_dropout2d", DroppedElements}};

const std::map<std::string, void (*)(const LayerContext&, Batch&)> kOfBatches = {
    {"activity_regularization", ActivityRegularization},
    {"batch_norm", BatchNorm},
    {"concrete_dropout", ConcreteDropout},
    {"dropconnect", DropConnect}};

double Sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double Phi(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

std::string Field(const std::string& spec, std::size_t index) {
  std::size_t begin = 0;
  for (; index > 0; --index) {
    begin = spec.find(':', begin);
    if (begin == std::string::npos) return "";
    ++begin;
  }
  return spec.substr(begin, spec.find(':', begin) - begin);
}

Row SoftmaxGroups(const Row& x, std::size_t last) {
  Row y;
  for (std::size_t begin = 0; begin < x.size(); begin += last) {
    const Row part = Softmax(Row(x.begin() + begin, x.begin() + begin + last));
    y.insert(y.end(), part.begin(), part.end());
  }
  return y;
}

Row Permute(const LayerContext& context, const Row& x) {
  const Shape order = ParseShape(context.Field(1));
  Row y;
  for (std::size_t j = 0; j < x.size(); ++j) {
    std::vector<std::size_t> at(order.rank());  // Of the input's dimensions.
    for (std::size_t d = order.rank(), rest = j; d-- > 0; rest /= context.output[d]) {
      at[order[d] - 1] = rest % context.output[d];
    }
    std::size_t element = 0;
    for (std::size_t d = 0; d < at.size(); ++d) element = element * context.input[d] + at[d];
    y.push_back(x[element]);
  }
  return y;
}

// What takes a line: no parameters and no masks.
Row Plain(const LayerContext& context, Row x, const Batch* other) {
  const std::string kind = context.Field(0), field = context.Field(1);
  if (kind == "flatten" || kind == "reshape") return x;
  if (kind == "permute") return Permute(context, x);
  if (kind == "softmax")
    return SoftmaxGroups(x, context.input.rank() == 0 ? 1 : context.input[context.input.rank() - 1]);
  if (kind == "concat") {
    x.insert(x.end(), (*other)[context.row].begin(), (*other)[context.row].end());
    return x;
  }
  for (std::size_t j = 0; j < x.size(); ++j) {
    if (kind == "add")
      x[j] += (*other)[context.row][j];
    else
      x[j] = Activate(kind, x[j], field.empty() ? 0.01 : std::stod(field));
  }
  return x;
}

}  // namespace

double Activate(const std::string& activation, double x, double slope) {
  if (activation == "relu") return std::max(x, 0.0);
  if (activation == "leaky_relu") return x > 0 ? x : slope * x;
  if (activation == "elu") return x > 0 ? x : std::expm1(x);
  if (activation == "selu") return kSeluScale * (x > 0 ? x : kSeluAlpha * std::expm1(x));
  if (activation == "gelu") return x * Phi(x);
  if (activation == "silu") return x * Sigmoid(x);
  if (activation == "sigmoid") return Sigmoid(x);
  if (activation == "tanh") return std::tanh(x);
  throw std::invalid_argument(activation);
}

double Differentiate(const std::string& activation, double x, double slope) {
  // Away from x = 0, where some have a kink.
  constexpr double kStep = 1e-5;
  return (Activate(activation, x + kStep, slope) - Activate(activation, x - kStep, slope)) / (2 * kStep);
}

Row Softmax(const Row& x) {
  const double max = *std::max_element(x.begin(), x.end());
  Row y;
  double sum = 0;
  for (const double v : x) sum += y.emplace_back(std::exp(v - max));
  for (double& v : y) v /= sum;
  return y;
}

double RowLoss(Loss loss, const Row& output, std::span<const float> target) {
  if (loss == Loss::kSoftmaxCrossEntropy) {
    const std::size_t classes = output.size() / target.size();
    double losses = 0;
    for (std::size_t t = 0; t < target.size(); ++t) {
      double sum = 0;
      for (std::size_t j = 0; j < classes; ++j) sum += std::exp(output[t * classes + j]);
      losses += std::log(sum) - output[t * classes + static_cast<std::size_t>(target[t])];
    }
    return losses / static_cast<double>(target.size());
  }
  double sum = 0;
  for (std::size_t j = 0; j < output.size(); ++j) {
    const double x = output[j], y = target[j];
    if (loss == Loss::kMeanSquaredError) {
      sum += (x - y) * (x - y);
    } else {
      // -log sigmoid(x) = log(1 + exp(-x))
      sum += y * std::log1p(std::exp(-x)) + (1 - y) * (std::log1p(std::exp(-x)) + x);
    }
  }
  return sum / static_cast<double>(output.size());
}

Network::Network(Model& model) {
  for (const NamedParameter& named : model.parameters()) {
    const auto values = named.parameter->value.values();
    parameters.emplace_back(values.begin(), values.end());
  }
  at_start_ = parameters;
  std::istringstream list(model.Layers());
  for (std::string entry; std::getline(list, entry, ',');) {
    labels_.push_back(entry.find('@') == std::string::npos ? "" : entry.substr(entry.find('@') + 1));
  }
  const std::vector<NamedParameter> named = model.parameters();
  std::map<std::string, Shape> labelled = {{"input", model.input_shape()}};
  Shape shape = model.input_shape();
  std::size_t end = 0;
  weight_.push_back(0);
  for (const LayerInfo& layer : model.layer_info()) {
    const std::string prefix = std::to_string(specs_.size()) + '.';
    const std::string kind = Field(layer.spec, 0);
    if (kind == "from" || kind == "input") shape = labelled.at(kind == "from" ? Field(layer.spec, 1) : "input");
    specs_.push_back(layer.spec);
    inputs_.push_back(shape);
    outputs_.push_back(layer.output);
    while (end < named.size() && named[end].name.starts_with(prefix)) ++end;
    weight_.push_back(end);
    shape = layer.output;
    if (!labels_[specs_.size() - 1].empty()) labelled[labels_[specs_.size() - 1]] = shape;
  }
}

Row Network::Forward(Pass pass, std::size_t row, const Row& input) const {
  pass.first_row += row;
  return Forward(pass, Batch{input})[0];
}

std::vector<Row> Network::Forward(const Pass& pass, const std::vector<Row>& input, double* penalty) const {
  Batch x = input;
  std::map<std::string, Batch> labelled = {{"input", input}};
  double added = 0;
  std::size_t taken = 0;  // Of the input, by its parts.
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    const std::string kind = Field(specs_[i], 0);
    const std::string field = Field(specs_[i], 1);
    if (kind == "from") {
      x = labelled.at(field);
    } else if (kind == "input") {
      const std::size_t elements = outputs_[i].elements();
      for (std::size_t r = 0; r < x.size(); ++r) {
        x[r].assign(input[r].begin() + taken, input[r].begin() + taken + elements);
      }
      taken += elements;
    } else {
      const Batch* other = kind == "add" || kind == "concat" ? &labelled.at(field) : nullptr;
      RunLayer(i, pass, other, x, added);
    }
    if (!labels_[i].empty()) labelled[labels_[i]] = x;
  }
  if (penalty != nullptr) *penalty += added;
  return x;
}

void Network::RunLayer(std::size_t i, const Pass& pass, const std::vector<Row>* other, std::vector<Row>& x,
                       double& penalty) const {
  const std::size_t end = weight_[i + 1];
  LayerContext context{specs_[i],
                       i,
                       inputs_[i],
                       outputs_[i],
                       std::span(parameters).subspan(weight_[i], end - weight_[i]),
                       pass,
                       0,
                       end < at_start_.size() ? &at_start_[end] : nullptr,
                       penalty};
  const std::string kind = context.Field(0);
  if (const auto of_batch = kOfBatches.find(kind); of_batch != kOfBatches.end()) return of_batch->second(context, x);
  const auto of_rows = kOfRows.find(kind);
  for (std::size_t r = 0; r < x.size(); ++r) {
    context.row = r;
    x[r] = of_rows != kOfRows.end() ? of_rows->second(context, x[r]) : Plain(context, x[r], other);
  }
}

double Network::MeanLoss(const Pass& pass, const std::vector<Row>& x, Loss loss, const Tensor& target) const {
  double sum = 0;
  for (std::size_t r = 0; r < x.size(); ++r) sum += RowLoss(loss, Forward(pass, r, x[r]), target.row(r));
  return sum / static_cast<double>(x.size());
}

std::vector<Row> Rows(const Tensor& x) {
  std::vector<Row> rows;
  for (std::size_t r = 0; r < x.rows(); ++r) rows.emplace_back(x.row(r).begin(), x.row(r).end());
  return rows;
}

}  // namespace fallow::nn::reference
