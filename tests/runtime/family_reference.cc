#include "tests/runtime/family_reference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "tests/runtime/tensors.h"

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

double Objective(const FamilyModel& model, const Pass& pass, const Batch& x, const Tensor& dy) {
  const Batch y = model.Forward(pass, x);
  double sum = 0;
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
void Disturb(Sequential& model) {
  unsigned seed = 11;
  for (const NamedParameter& named : model.parameters()) {
    Tensor& value = named.parameter->value;
    if (value.rows() != 1 || !named.parameter->trained) continue;
    const Tensor change = RandomTensor(1, value.sample_shape(), seed++);
    for (std::size_t i = 0; i < value.cols(); ++i) value.data()[i] += 0.25f * change.data()[i];
  }
}

}  // namespace

FamilyModel::FamilyModel(Sequential& model) {
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
}

std::vector<Row> FamilyModel::Forward(const Pass& /*pass*/, std::vector<Row> x) const {
  for (const Layer& layer : layers_) {
    const std::vector<std::string> fields = Fields(layer.spec);
    const std::string& kind = fields[0];
    const Row* own = layer.first_parameter < parameters.size() ? &parameters[layer.first_parameter] : nullptr;
    if (kind == "flatten") {
    } else if (kind == "dense") {
      Dense(own[0], Option(layer.spec, "bias", 1) != 0 ? own + 1 : nullptr, x);
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
  Sequential model(input, layers, 5);
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
