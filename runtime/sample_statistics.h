// What is told of the samples of one row: their mean, spread and entropies.
#ifndef FALLOW_RUNTIME_SAMPLE_STATISTICS_H_
#define FALLOW_RUNTIME_SAMPLE_STATISTICS_H_

#include <cstddef>
#include <span>

#include "fallow/nn/loss.h"
#include "fallow/nn/monte_carlo.h"

namespace fallow::nn {

// `count` samples of `outputs` numbers, row-major: probabilities; means, then variances; or any numbers.
struct RowSamples {
  const float* values;
  std::size_t count;
  std::size_t outputs;
};

// Writes row `row` of everything in `prediction` but the quantiles. In double, with operations that IEEE 754 rounds, in
// one order: the same bits on every CPU. Throws and allocates nothing.
void StoreStatistics(const RowSamples& samples, Loss loss, std::size_t row, McPrediction* prediction);

// Writes row `row` of prediction->quantiles. `sorted` holds samples.count elements, for what is in between.
void StoreQuantiles(const RowSamples& samples, std::span<const double> quantiles, std::size_t row, float* sorted,
                    McPrediction* prediction);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_SAMPLE_STATISTICS_H_
