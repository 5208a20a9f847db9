// The dropout family, and layers that normalise, in plain double-precision loops over whole batches, for tests to hold
// the runtime against. Shares no code with runtime/.
#ifndef FALLOW_TESTS_RUNTIME_FAMILY_REFERENCE_H_
#define FALLOW_TESTS_RUNTIME_FAMILY_REFERENCE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "fallow/nn/model.h"
#include "tests/runtime/reference_model.h"

namespace fallow::nn::reference {

// A chain, in training: its parameters in double and free to change.
class FamilyModel {
 public:
  explicit FamilyModel(Model& model);

  // parameters[p][i]: element i of model.parameters()[p].
  std::vector<Row> parameters;

  // Adds what activity_regularization adds to the objective to `penalty`, if it is not null.
  std::vector<Row> Forward(const Pass& pass, std::vector<Row> x, double* penalty = nullptr) const;

  // What concrete dropout adds to the objective, for its rates: the weights are those at the start, as their share is a
  // penalty that the optimiser adds.
  double ConcretePenalty() const;

 private:
  struct Layer {
    std::string spec;
    Shape input;
    std::size_t first_parameter = 0;
  };
  std::vector<Layer> layers_;
  std::vector<Row> parameters_at_start_;
};

// Holds the gradients of sum(y dy) that the model computes to central differences of the reference. Samples of shape
// `input`; batches of `rows`.
void ExpectFamilyGradients(const Shape& input, const std::string& layers, std::size_t rows);

}  // namespace fallow::nn::reference

#endif  // FALLOW_TESTS_RUNTIME_FAMILY_REFERENCE_H_
