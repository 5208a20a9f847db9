#include "tests/runtime/gradient_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/runtime/reference_model.h"
#include "tests/runtime/tensors.h"

namespace fallow::nn {
namespace {

using reference::Network;
using reference::Row;

double Objective(const Network& model, const Pass& pass, const std::vector<Row>& x, const Tensor& dy) {
  double sum = 0;
  const std::vector<Row> y = model.Forward(pass, x, &sum);
  for (std::size_t r = 0; r < y.size(); ++r) {
    for (std::size_t j = 0; j < y[r].size(); ++j) sum += y[r][j] * dy.row(r)[j];
  }
  return sum;
}

double CentralDifference(Network& model, double& parameter, const Pass& pass, const std::vector<Row>& x,
                         const Tensor& dy) {
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

void ExpectGradients(const Shape& input, const std::string& layers, std::size_t rows) {
  SCOPED_TRACE(layers + ", " + std::to_string(rows) + " rows");
  const Pass pass{.mode = Mode::kTrain, .seed = 7, .step = 3};
  Model model(input, layers, 5);
  Disturb(model);
  Network expected(model);
  const Tensor x = RandomTensor(rows, input, 1);
  const std::vector<Row> x_rows = reference::Rows(x);
  const std::vector<Row> y_rows = expected.Forward(pass, x_rows);
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

}  // namespace fallow::nn
