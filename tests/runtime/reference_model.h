// A model in plain double-precision loops, for tests to hold the runtime against. Reads layer lists, and shares no code
// with runtime/.
#ifndef FALLOW_TESTS_RUNTIME_REFERENCE_MODEL_H_
#define FALLOW_TESTS_RUNTIME_REFERENCE_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fallow/nn/loss.h"
#include "fallow/nn/model.h"
#include "fallow/nn/tensor.h"

namespace fallow::nn::reference {

using Row = std::vector<double>;

// `activation`: a name as in layer lists. `slope`: of leaky_relu.
double Activate(const std::string& activation, double x, double slope = 0.01);
// The derivative of Activate.
double Differentiate(const std::string& activation, double x, double slope = 0.01);
Row Softmax(const Row& x);

// One row's loss, as runtime/include/fallow/nn/loss.h defines it.
double RowLoss(Loss loss, const Row& output, std::span<const float> target);

// A copy of a model, its parameters in double and free to change.
class Network {
 public:
  explicit Network(Model& model);

  // parameters[p][i]: element i of model.parameters()[p].
  std::vector<Row> parameters;

  // Of a whole batch. Masks are those of the pass. Adds to `penalty`, unless it is null, what layers add to the
  // objective in training.
  std::vector<Row> Forward(const Pass& pass, const std::vector<Row>& x, double* penalty = nullptr) const;
  // Of row `row` of a batch, alone, with `x` its input.
  Row Forward(Pass pass, std::size_t row, const Row& x) const;

  // Mean loss over the batch.
  double MeanLoss(const Pass& pass, const std::vector<Row>& x, Loss loss, const Tensor& target) const;

 private:
  void RunLayer(std::size_t i, const Pass& pass, const std::vector<Row>* other, std::vector<Row>& x,
                double& penalty) const;

  std::vector<Row> at_start_;  // The parameters.
  std::vector<std::string> specs_;
  std::vector<std::string> labels_;      // Empty if a layer has none.
  std::vector<std::size_t> weight_;      // Of each layer, and of the end: where its parameters begin in `parameters`.
  std::vector<Shape> inputs_, outputs_;  // Of each layer.
};

std::vector<Row> Rows(const Tensor& x);

}  // namespace fallow::nn::reference

#endif  // FALLOW_TESTS_RUNTIME_REFERENCE_MODEL_H_
