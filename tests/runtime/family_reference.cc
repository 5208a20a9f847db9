#include "tests/runtime/family_reference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "tests/runtime/tensors.h"
#include "tests/support/noise_oracle.h"
#include "tests/support/oracle.h"
#include "tests/support/variants_oracle.h"

namespace fallow::nn::reference {
namespace {

using Batch = std::vector<Row>;

std::vector<std::string> Fields(const std::string& spec) {
  std::vector<std::string> fields;
  std::istringstream text(spec);
  for (std::string field; std::getline(text, field, ':');) fields.push_back(field);
  return fields;
}

// The number of option `name`, or the number `otherwise`.
double Option(const std::string& spec, const std::string& name, double otherwise) {
  const std::size_t at = spec.find(':' + name + '=');
  return at == std::string::npos ? otherwise : std::stod(spec.substr(at + name.size() + 2));
}

// Calls body(x[r][j], c) for the elements of each channel c.
template <class Body>
void ForEachOfChannels(Batch& x, const Shape& shape, const Body& body) {
  const std::size_t positions = shape.elements() / shape[0];
  for (Row& row : x) {
    for (std::size_t j = 0; j < row.size(); ++j) body(row[j], j / positions);
  }
}

void BatchNorm(const Shape& shape, double eps, const Row& weight, const Row& bias, Batch& x) {
  const double n = static_cast<double>(x.size() * shape.elements() / shape[0]);
  Row mean(shape[0]), variance(shape[0]);
  ForEachOfChannels(x, shape, [&](double v, std::size_t c) { mean[c] += v / n; });
  ForEachOfChannels(x, shape, [&](double v, std::size_t c) { variance[c] += (v - mean[c]) * (v - mean[c]) / n; });
  ForEachOfChannels(x, shape, [&](double& v, std::size_t c) {
    v = (v - mean[c]) / std::sqrt(variance[c] + eps) * weight[c] + bias[c];
  });
}

void LayerNorm(std::size_t size, double eps, const Row& weight, const Row& bias, Batch& x) {
  for (Row& row : x) {
    for (std::size_t begin = 0; begin < row.size(); begin += size) {
      double mean = 0, variance = 0;
      for (std::size_t j = 0; j < size; ++j) mean += row[begin + j] / static_cast<double>(size);
      for (std::size_t j = 0; j < size; ++j) {
        variance += (row[begin + j] - mean) * (row[begin + j] - mean) / static_cast<double>(size);
      }
      for (std::size_t j = 0; j < size; ++j) {
        row[begin + j] = (row[begin + j] - mean) / std::sqrt(variance + eps) * weight[j] + bias[j];
      }
    }
  }
}

void Dense(const Row& weight, const Row* bias, Batch& x) {
  for (Row& row : x) {
    Row y(weight.size() / row.size());
    for (std::size_t unit = 0; unit < y.size(); ++unit) {
      y[unit] = bias != nullptr ? (*bias)[unit] : 0.0;
      for (std::size_t j = 0; j < row.size(); ++j) y[unit] += weight[unit * row.size() + j] * row[j];
    }
    row = y;
  }
}

// Of row `row` of layer `layer`, whose masks have `elements` a row.
oracle::Key KeyOf(const Pass& pass, std::size_t layer, std::size_t row, std::size_t elements) {
  return {pass.seed, (std::uint64_t{layer} << 40) + pass.step, (pass.first_row + row) * elements};
}

// The shape that the mask of a sample has.
Shape NoiseShape(const std::string& spec, const Shape& input) {
  const std::size_t at = spec.find(":noise_shape=");
  if (at != std::string::npos) return ParseShape(spec.substr(at + 13));
  if (!spec.starts_with("spatial_dropout") && !spec.starts_with("feature_alpha")) return input;
  std::vector<std::size_t> dims(input.rank(), 1);
  dims[0] = input[0];
  return Shape(dims);
}

std::vector<std::size_t> Dims(const Shape& shape) {
  std::vector<std::size_t> dims;
  for (std::size_t d = 0; d < shape.rank(); ++d) dims.push_back(shape[d]);
  return dims;
}

void MaskDropout(const std::string& spec, const Shape& input, const Pass& pass, std::size_t layer, Batch& x) {
  const double rate = std::stod(Fields(spec)[1]);
  if (rate == 0) return;
  const Shape noise = NoiseShape(spec, input);
  const bool alpha = spec.find("alpha_dropout") != std::string::npos;
  for (std::size_t r = 0; r < x.size(); ++r) {
    const auto drawn = oracle::MaskBytes(rate, KeyOf(pass, layer, r, noise.elements()), noise.elements());
    const auto kept = oracle::Repeat(drawn, Dims(input), Dims(noise));
    for (std::size_t j = 0; j < x[r].size(); ++j) {
      if (alpha) {
        const oracle::AlphaConstants constants = oracle::AlphaOf(rate);
        x[r][j] = kept[j] != 0 ? constants.a * x[r][j] + constants.b : constants.dropped;
      } else {
        x[r][j] = kept[j] != 0 ? x[r][j] * oracle::ScaleF64(rate) : 0.0;
      }
    }
  }
}

std::vector<std::uint32_t> WordsOf(const Pass& pass, std::size_t layer, std::size_t row, std::size_t count) {
  return oracle::Words(KeyOf(pass, layer, row, count), count);
}

// Normal numbers come in pairs of elements 2 k and 2 k + 1.
Row Normals(oracle::Key key, std::size_t count) {
  const std::size_t odd = key.first_element % 2;
  key.first_element -= odd;
  const std::vector<std::uint32_t> words = oracle::Words(key, count + 2);
  Row normals;
  for (std::size_t j = odd; j < count + odd; ++j) {
    const oracle::NormalPair pair = oracle::BoxMuller(words[j / 2 * 2], words[j / 2 * 2 + 1]);
    normals.push_back(j % 2 == 0 ? pair.first : pair.second);
  }
  return normals;
}

void Gaussian(const std::string& spec, const Pass& pass, std::size_t layer, Batch& x) {
  const double argument = std::stod(Fields(spec)[1]);
  const bool multiplies = spec.starts_with("gaussian_dropout");
  const double stddev = multiplies ? std::sqrt(argument / (1 - argument)) : argument;
  for (std::size_t r = 0; r < x.size(); ++r) {
    const Row z = Normals(KeyOf(pass, layer, r, x[r].size()), x[r].size());
    for (std::size_t j = 0; j < x[r].size(); ++j) {
      x[r][j] = multiplies ? x[r][j] * (1 + stddev * z[j]) : x[r][j] + stddev * z[j];
    }
  }
}

void DropBlock(const std::string& spec, const Shape& input, const Pass& pass, std::size_t layer, Batch& x) {
  const double rate = std::stod(Fields(spec)[1]);
  const std::size_t block = std::stoul(Fields(spec)[2]);
  const oracle::BlockShape shape{1, input[0], input[1], input[2], block, block};
  const std::size_t places = input[0] * (input[1] - block + 1) * (input[2] - block + 1);
  for (std::size_t r = 0; r < x.size(); ++r) {
    const auto kept = oracle::DropBlockMask(shape, rate, KeyOf(pass, layer, r, places));
    const auto all = static_cast<double>(kept.size());
    const auto left = static_cast<double>(std::ranges::count_if(kept, [](auto byte) { return byte != 0; }));
    for (std::size_t j = 0; j < x[r].size(); ++j) x[r][j] = kept[j] != 0 ? x[r][j] * all / left : 0.0;
  }
}

// In training all rows share the mask.
Row DroppedWeight(const std::string& spec, const Pass& pass, std::size_t layer, Row weight) {
  const double rate = std::stod(Fields(spec)[2]);
  if (rate == 0) return weight;
  const auto kept = oracle::MaskBytes(rate, KeyOf(pass, layer, 0, 0), weight.size());
  for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = kept[i] != 0 ? weight[i] * oracle::ScaleF64(rate) : 0.0;
  return weight;
}

double Probability(double logit) { return 1 / (1 + std::exp(-logit)); }

void Concrete(const std::string& spec, double logit, const Pass& pass, std::size_t layer, Batch& x) {
  const double p = Probability(logit);
  for (std::size_t r = 0; r < x.size(); ++r) {
    const auto words = WordsOf(pass, layer, r, x[r].size());
    for (std::size_t j = 0; j < x[r].size(); ++j) {
      x[r][j] *= oracle::ConcreteMask(p, Option(spec, "temperature", 0.1), words[j]) / (1 - p);
    }
  }
}

double ActivityPenalty(double l1, double l2, const Batch& x) {
  double sum = 0;
  for (const Row& row : x) {
    for (const double v : row) sum += l1 * std::abs(v) + l2 * v * v;
  }
  return sum / static_cast<double>(x.size());
}

double Objective(const FamilyModel& model, const Pass& pass, const Batch& x, const Tensor& dy) {
  double sum = model.ConcretePenalty();
  const Batch y = model.Forward(pass, x, &sum);
  for (std::size_t r = 0; r < y.size(); ++r) {
    for (std::size_t j = 0; j < y[r].size(); ++j) sum += y[r][j] * dy.row(r)[j];
  }
  return sum;
}

double CentralDifference(FamilyModel& model, double& parameter, const Pass& pass, const Batch& x, const Tensor& dy) {
  constexpr double kStep = 1e-5;
  const double at = parameter;
  parameter = at + kStep;
  const double above = Objective(model, pass, x, dy);
  parameter = at - kStep;
  const double below = Objective(model, pass, x, dy);
  parameter = at;
  return (above - below) / (2 * kStep);
}

// Parameters that start at 0 or 1 would hide mistakes.
void Disturb(Model& model) {
  unsigned seed = 11;
  for (const NamedParameter& named : model.parameters()) {
    Tensor& value = named.parameter->value;
    if (value.rows() != 1 || !named.parameter->trained) continue;
    const Tensor change = RandomTensor(1, value.sample_shape(), seed++);
    for (std::size_t i = 0; i < value.cols(); ++i) value.data()[i] += 0.25f * change.data()[i];
  }
}

}  // namespace

FamilyModel::FamilyModel(Model& model) {
  for (const NamedParameter& named : model.parameters()) {
    const auto values = named.parameter->value.values();
    parameters.emplace_back(values.begin(), values.end());
  }
  Shape shape = model.input_shape();
  std::size_t next = 0;
  for (const LayerInfo& info : model.layer_info()) {
    layers_.push_back({info.spec, shape, next});
    for (std::size_t left = info.parameter_count; left > 0; ++next) left -= parameters[next].size();
    shape = info.output;
  }
  parameters_at_start_ = parameters;
}

double FamilyModel::ConcretePenalty() const {
  double penalty = 0;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::string& spec = layers_[i].spec;
    if (!spec.starts_with("concrete_dropout")) continue;
    const double p = Probability(parameters[layers_[i].first_parameter][0]);
    const double entropy = p * std::log(p) + (1 - p) * std::log(1 - p);
    penalty += Option(spec, "dropout_regularizer", 1e-5) * static_cast<double>(layers_[i].input.elements()) * entropy;
    double squares = 0;
    // What follows it is a dense layer.
    for (const double w : parameters_at_start_[layers_[i].first_parameter + 1]) squares += w * w;
    penalty += Option(spec, "weight_regularizer", 1e-6) * squares / (1 - p);
  }
  return penalty;
}

std::vector<Row> FamilyModel::Forward(const Pass& pass, std::vector<Row> x, double* penalty) const {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const std::vector<std::string> fields = Fields(layer.spec);
    const std::string& kind = fields[0];
    const Row* own = layer.first_parameter < parameters.size() ? &parameters[layer.first_parameter] : nullptr;
    if (kind == "flatten") {
    } else if (kind == "dense") {
      Dense(own[0], Option(layer.spec, "bias", 1) != 0 ? own + 1 : nullptr, x);
    } else if (kind == "dropconnect") {
      Dense(DroppedWeight(layer.spec, pass, i, own[0]), Option(layer.spec, "bias", 1) != 0 ? own + 1 : nullptr, x);
    } else if (kind == "activity_regularization") {
      if (penalty != nullptr) *penalty += ActivityPenalty(Option(layer.spec, "l1", 0), Option(layer.spec, "l2", 0), x);
    } else if (kind == "concrete_dropout") {
      Concrete(layer.spec, own[0][0], pass, i, x);
    } else if (kind.starts_with("gaussian")) {
      Gaussian(layer.spec, pass, i, x);
    } else if (kind == "drop_block2d") {
      DropBlock(layer.spec, layer.input, pass, i, x);
    } else if (kind.find("dropout") != std::string::npos) {
      MaskDropout(layer.spec, layer.input, pass, i, x);
    } else if (kind == "batch_norm") {
      BatchNorm(layer.input, Option(layer.spec, "eps", 1e-5), own[0], own[1], x);
    } else if (kind == "layer_norm") {
      LayerNorm(layer.input[layer.input.rank() - 1], Option(layer.spec, "eps", 1e-5), own[0], own[1], x);
    } else {
      for (Row& row : x) {
        for (double& v : row) v = Activate(kind, v);
      }
    }
  }
  return x;
}

void ExpectFamilyGradients(const Shape& input, const std::string& layers, std::size_t rows) {
  SCOPED_TRACE(layers + ", " + std::to_string(rows) + " rows");
  const Pass pass{.mode = Mode::kTrain, .seed = 7, .step = 3};
  Model model(input, layers, 5);
  Disturb(model);
  FamilyModel expected(model);
  const Tensor x = RandomTensor(rows, input, 1);
  const Batch x_rows = Rows(x);
  const Batch y_rows = expected.Forward(pass, x_rows);
  const Tensor& y = model.Forward(pass, x);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t j = 0; j < y.cols(); ++j) ASSERT_NEAR(y.row(r)[j], y_rows[r][j], 2e-5) << r << ' ' << j;
  }
  const Tensor dy = RandomTensor(rows, model.output_shape(), 2);
  model.Backward(pass, dy);

  const std::vector<NamedParameter> parameters = model.parameters();
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    if (!parameters[p].parameter->trained) continue;
    const auto gradient = parameters[p].parameter->gradient.values();
    float largest = 0;
    for (const float g : gradient) largest = std::max(largest, std::abs(g));
    EXPECT_GT(largest, 0.0f) << parameters[p].name;
    // Not all: a prime stride meets every unit and input.
    const std::size_t stride = gradient.size() > 100 ? 7 : 1;
    for (std::size_t i = 0; i < gradient.size(); i += stride) {
      ASSERT_NEAR(gradient[i], CentralDifference(expected, expected.parameters[p][i], pass, x_rows, dy),
                  1e-6 + 3e-5 * largest)
          << parameters[p].name << ' ' << i;
    }
  }
}

}  // namespace fallow::nn::reference
