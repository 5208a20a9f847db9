// Monte-Carlo prediction with the internal batch size open, for tests.
#ifndef FALLOW_RUNTIME_MONTE_CARLO_H_
#define FALLOW_RUNTIME_MONTE_CARLO_H_

#include <cstddef>
#include <cstdint>

#include "fallow/nn/monte_carlo.h"

namespace fallow::nn {

// PredictMonteCarlo with batches of `batch_rows` rows.
McPrediction PredictMonteCarloInBatches(Sequential& model, const Tensor& x, std::size_t samples, std::uint64_t seed,
                                        Loss loss, const Execution& execution, std::size_t batch_rows);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_MONTE_CARLO_H_
