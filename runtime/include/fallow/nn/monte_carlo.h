// Monte-Carlo dropout: predictions with a measure of how sure the model is.
#ifndef FALLOW_NN_MONTE_CARLO_H_
#define FALLOW_NN_MONTE_CARLO_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fallow/nn/loss.h"
#include "fallow/nn/model.h"
#include "fallow/nn/tensor.h"
#include "fallow/rate.h"

namespace fallow::nn {

// Over T passes with dropout on. Outputs become probabilities first, as `loss` says: softmax, sigmoid, or as they are.
//
// With kGaussianNegativeLogLikelihood a sample is a normal distribution, and the prediction the mixture of all T: half
// as many numbers as outputs, its mean, and its deviation, the root of the variance of the T means and the mean of the
// T variances together (law of total variance). That of one sample, or without dropout, is the model's own. Quantiles
// are of the T means.
struct McPrediction {
  Tensor mean;                // rows x outputs
  Tensor standard_deviation;  // rows x outputs; of the T samples (divided by T)
  // rows x Positions, in nats; empty without classes (see HasAccuracy). Predictive entropy: of the mean; for
  // kBinaryCrossEntropy the sum over outputs. Mutual information: predictive entropy minus the mean of the T entropies,
  // the part that comes from the model not knowing.
  Tensor predictive_entropy;
  Tensor mutual_information;
  // One for each quantile that the request asks for, rows x outputs: of the T samples, with linear interpolation
  // between the two nearest, as numpy's. NaN where a sample is.
  std::vector<Tensor> quantiles;
};

// Rows to predict. Mask t of row r depends on (seed, t, r) alone, r counted in `x`.
struct McRequest {
  const Tensor* x = nullptr;
  std::size_t samples = 0;  // T. 0: one pass with dropout off, which has no spread.
  std::uint64_t seed = 0;
  std::span<const double> quantiles = {};  // Each in [0, 1].
};

// Predictions of several requests, whose rows share batches. A prediction is a pure function of the model, its request
// and the rate: the same bits whatever other requests there are, for any number of threads, and on every CPU.
//
// The layers before the first that drops run once a row; the T masks then go through the others as rows of one batch.
// `rate`, if there is one, replaces every dropout layer's own.
//
// Changes nothing of the model: any number of threads may call at once with the same one. Memory beyond the result:
// that of the samples of 1,024 rows, or of one row if it has more than 1,024. Throws Error for rows that do not fit the
// model, more than 2^40 samples, a rate or a quantile that is none.
//
// Source: Gal, Ghahramani, "Dropout as a Bayesian approximation", ICML 2016.
std::vector<McPrediction> PredictMonteCarlo(const Model& model, std::span<const McRequest> requests, Loss loss,
                                            const std::optional<Rate>& rate = {}, const Execution& execution = {});

// One request, of at least one sample.
McPrediction PredictMonteCarlo(const Model& model, const Tensor& x, std::size_t samples, std::uint64_t seed, Loss loss,
                               const Execution& execution = {});

// One pass in kInfer, turned into probabilities the same way.
Tensor Predict(const Model& model, const Tensor& x, Loss loss, const Execution& execution = {});

}  // namespace fallow::nn

#endif  // FALLOW_NN_MONTE_CARLO_H_
