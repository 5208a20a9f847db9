#include "runtime/monte_carlo.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fallow/monte_carlo.h"
#include "fallow/nn/error.h"
#include "kernels/parallel.h"
#include "runtime/dataset.h"

namespace fallow::nn {
namespace {

constexpr std::size_t kBatchRows = 1024;
constexpr std::size_t kRowsAPiece = 64;  // A few microseconds of exponentials and logarithms a pass.

void Softmax(std::span<double> values) {
  const double largest = *std::ranges::max_element(values);
  double sum = 0;
  for (double& value : values) sum += value = std::exp(value - largest);
  for (double& value : values) value /= sum;
}

// Turns one sample's outputs into probabilities, as the loss would.
void ToProbabilities(Loss loss, std::span<const float> outputs, std::span<double> probabilities) {
  std::ranges::copy(outputs, probabilities.begin());
  if (loss == Loss::kSoftmaxCrossEntropy) Softmax(probabilities);
  if (loss == Loss::kBinaryCrossEntropy) {
    for (double& p : probabilities) p = 1 / (1 + std::exp(-p));
  }
}

double MinusPLogP(double p) { return p > 0 ? -p * std::log(p) : 0; }

double Entropy(Loss loss, std::span<const double> probabilities) {
  double entropy = 0;
  for (const double p : probabilities) {
    entropy += MinusPLogP(p);
    if (loss == Loss::kBinaryCrossEntropy) entropy += MinusPLogP(1 - p);
  }
  return entropy;
}

// Running sums over the passes of one batch. Rows are independent, so pieces of rows can be added by different threads.
class Statistics {
 public:
  Statistics(Loss loss, std::size_t most_rows, std::size_t outputs)
      : loss_(loss),
        outputs_(outputs),
        probabilities_(most_rows * outputs),
        mean_(most_rows * outputs),
        squares_(most_rows * outputs),
        entropy_(most_rows) {}

  void Clear() {
    passes_ = 0;
    std::ranges::fill(entropy_, 0.0);
  }

  void AddPass(const Tensor& output, const Execution& execution) {
    const std::size_t rows = output.rows();
    ParallelFor((rows + kRowsAPiece - 1) / kRowsAPiece, execution.max_threads, [&](std::size_t piece) {
      const std::size_t end = std::min((piece + 1) * kRowsAPiece, rows);
      for (std::size_t row = piece * kRowsAPiece; row < end; ++row) AddRow(row, output.row(row));
    });
    const std::size_t count = rows * outputs_;
    [[maybe_unused]] const Status status = WelfordUpdate({std::as_const(probabilities_).data(), count}, passes_++,
                                                         {mean_.data(), count}, {squares_.data(), count}, execution);
    assert(status.ok());
  }

  // Writes the statistics of the batch's `rows` rows to rows `first_row` and on.
  void Store(std::size_t first_row, std::size_t rows, McPrediction* prediction) const {
    const auto passes = static_cast<double>(passes_);
    for (std::size_t row = 0; row < rows; ++row) {
      const std::span<const double> mean(mean_.data() + row * outputs_, outputs_);
      const std::span<float> standard_deviation = prediction->standard_deviation.row(first_row + row);
      for (std::size_t j = 0; j < outputs_; ++j) {
        prediction->mean.row(first_row + row)[j] = static_cast<float>(mean[j]);
        standard_deviation[j] = static_cast<float>(std::sqrt(squares_[row * outputs_ + j] / passes));
      }
      if (loss_ == Loss::kMeanSquaredError) continue;
      const double entropy = Entropy(loss_, mean);
      prediction->predictive_entropy.row(first_row + row)[0] = static_cast<float>(entropy);
      // Never negative but for rounding.
      prediction->mutual_information.row(first_row + row)[0] =
          static_cast<float>(std::max(0.0, entropy - entropy_[row] / passes));
    }
  }

 private:
  void AddRow(std::size_t row, std::span<const float> outputs) {
    const std::span<double> probabilities(probabilities_.data() + row * outputs_, outputs_);
    ToProbabilities(loss_, outputs, probabilities);
    if (loss_ != Loss::kMeanSquaredError) entropy_[row] += Entropy(loss_, probabilities);
  }

  Loss loss_;
  std::size_t outputs_;
  std::size_t passes_ = 0;
  std::vector<double> probabilities_;
  std::vector<double> mean_;
  std::vector<double> squares_;  // Sum of squared differences from the mean.
  std::vector<double> entropy_;  // Sum over passes.
};

McPrediction EmptyPrediction(std::size_t rows, const Shape& outputs, Loss loss) {
  McPrediction prediction{Tensor(rows, outputs), Tensor(rows, outputs), Tensor(), Tensor()};
  if (loss == Loss::kMeanSquaredError) return prediction;
  prediction.predictive_entropy.Resize(rows, Shape{1});
  prediction.mutual_information.Resize(rows, Shape{1});
  return prediction;
}

}  // namespace

McPrediction PredictMonteCarloInBatches(Sequential& model, const Tensor& x, std::size_t samples, std::uint64_t seed,
                                        Loss loss, const Execution& execution, std::size_t batch_rows) {
  if (samples == 0) throw Error("samples: got 0, expected at least 1");
  const Shape& outputs = model.output_shape();
  McPrediction prediction = EmptyPrediction(x.rows(), outputs, loss);
  Statistics statistics(loss, std::min(batch_rows, x.rows()), outputs.elements());
  Tensor batch;
  for (std::size_t begin = 0; begin < x.rows(); begin += batch_rows) {
    const std::size_t rows = std::min(batch_rows, x.rows() - begin);
    CopyRows(x, begin, rows, &batch);
    statistics.Clear();
    for (std::size_t t = 0; t < samples; ++t) {
      const Pass pass{Mode::kMonteCarlo, seed, /*step=*/t, /*first_row=*/begin, execution};
      statistics.AddPass(model.Forward(pass, batch), execution);
    }
    statistics.Store(begin, rows, &prediction);
  }
  return prediction;
}

McPrediction PredictMonteCarlo(Sequential& model, const Tensor& x, std::size_t samples, std::uint64_t seed, Loss loss,
                               const Execution& execution) {
  return PredictMonteCarloInBatches(model, x, samples, seed, loss, execution, kBatchRows);
}

Tensor Predict(Sequential& model, const Tensor& x, Loss loss, const Execution& execution) {
  Tensor predictions(x.rows(), model.output_shape());
  std::vector<double> probabilities(predictions.cols());
  Tensor batch;
  for (std::size_t begin = 0; begin < x.rows(); begin += kBatchRows) {
    const std::size_t rows = std::min(kBatchRows, x.rows() - begin);
    CopyRows(x, begin, rows, &batch);
    const Pass pass{Mode::kInfer, /*seed=*/0, /*step=*/0, /*first_row=*/begin, execution};
    const Tensor& output = model.Forward(pass, batch);
    for (std::size_t row = 0; row < rows; ++row) {
      ToProbabilities(loss, output.row(row), probabilities);
      std::ranges::transform(probabilities, predictions.row(begin + row).begin(),
                             [](double p) { return static_cast<float>(p); });
    }
  }
  return predictions;
}

}  // namespace fallow::nn
