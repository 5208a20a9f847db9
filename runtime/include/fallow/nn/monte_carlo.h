// Monte-Carlo dropout: predictions with a measure of how sure the model is.
#ifndef FALLOW_NN_MONTE_CARLO_H_
#define FALLOW_NN_MONTE_CARLO_H_

#include <cstddef>
#include <cstdint>

#include "fallow/nn/loss.h"
#include "fallow/nn/model.h"
#include "fallow/nn/tensor.h"

namespace fallow::nn {

// Over T passes with dropout on. Outputs become probabilities first, as `loss` says: softmax, sigmoid, or as they are.
struct McPrediction {
  Tensor mean;                // rows x outputs
  Tensor standard_deviation;  // rows x outputs; of the T samples (divided by T)
  // rows x 1, in nats; empty for kMeanSquaredError. Predictive entropy: of the mean; for kBinaryCrossEntropy the sum
  // over outputs. Mutual information: predictive entropy minus the mean of the T entropies, the part that comes from
  // the model not knowing.
  Tensor predictive_entropy;
  Tensor mutual_information;
};

// Mask t of row r depends on (seed, t, r) alone, r counted in `x`: not on batches or threads. The same holds for the
// results but for their last bits, which may depend on how many rows `x` has: a BLAS may round a row by its place in a
// block.
//
// Memory beyond the result does not grow with rows or samples. Throws Error for no samples, or rows that do not fit the
// model.
//
// Source: Gal, Ghahramani, "Dropout as a Bayesian approximation", ICML 2016.
McPrediction PredictMonteCarlo(Sequential& model, const Tensor& x, std::size_t samples, std::uint64_t seed, Loss loss,
                               const Execution& execution = {});

// One pass in kInfer, batch by batch, turned into probabilities the same way.
Tensor Predict(Sequential& model, const Tensor& x, Loss loss, const Execution& execution = {});

}  // namespace fallow::nn

#endif  // FALLOW_NN_MONTE_CARLO_H_
