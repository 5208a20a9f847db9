#include "fallow/nn/monte_carlo.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/error.h"
#include "kernels/parallel.h"
#include "runtime/activation_kernels.h"
#include "runtime/inference.h"
#include "runtime/numbers.h"
#include "runtime/row_blocks.h"
#include "runtime/row_kernels.h"
#include "runtime/sample_statistics.h"
#include "runtime/softmax.h"

namespace fallow::nn {
namespace {

constexpr std::size_t kBlocksAtOnce = 8;
constexpr std::size_t kRowsAtOnce = kBlocksAtOnce * RowBlocks::kMaxRows;
constexpr std::uint64_t kMaxSamples = std::uint64_t{1} << 40;

// Outputs of `shape` become probabilities, as the loss would make them, or means and variances.
void ToProbabilities(Loss loss, std::size_t rows, const Shape& shape, float* y, const Execution& execution) {
  const std::size_t outputs = shape.elements();
  if (loss == Loss::kSoftmaxCrossEntropy) {
    const std::size_t positions = Positions(loss, shape);
    SoftmaxRows(rows * positions, outputs / positions, y, y, execution);
  }
  if (loss == Loss::kBinaryCrossEntropy) {
    ActivationKernelsFor(Activation::kSigmoid, execution.target).forward(y, rows * outputs, /*slope=*/0, y);
  }
  if (loss == Loss::kGaussianNegativeLogLikelihood) {
    const RowKernels& kernels = RowKernelsFor(execution.target);
    for (float* variances = y + outputs / 2; rows > 0; --rows, variances += outputs) {
      kernels.exp(variances, outputs / 2, variances);
    }
  }
}

void CheckRequest(const Inference& inference, const Model& model, const McRequest& request) {
  if (request.x->cols() != model.input_shape().elements()) {
    throw Error("model: got samples of shape " + request.x->sample_shape().ToString() + ", expected " +
                model.input_shape().ToString());
  }
  inference.CheckInput(*request.x);
  if (request.samples > kMaxSamples) {
    throw Error("samples: got " + std::to_string(request.samples) + ", expected at most 2^40");
  }
  for (const double quantile : request.quantiles) {
    if (quantile >= 0 && quantile <= 1) continue;
    throw Error("quantiles: got " + FormatNumber(quantile) + ", expected numbers in [0, 1]");
  }
}

McPrediction EmptyPrediction(const McRequest& request, const Shape& outputs, Loss loss) {
  const std::size_t rows = request.x->rows();
  const Shape shape = PredictionShape(loss, outputs);
  McPrediction prediction{Tensor(rows, shape), Tensor(rows, shape), {}, {}, {}};
  for (std::size_t q = 0; q < request.quantiles.size(); ++q) prediction.quantiles.emplace_back(rows, shape);
  if (!HasAccuracy(loss)) return prediction;
  prediction.predictive_entropy.Resize(rows, Shape{Positions(loss, outputs)});
  prediction.mutual_information.Resize(rows, Shape{Positions(loss, outputs)});
  return prediction;
}

// Scratch memory for kBlocksAtOnce blocks.
class Blocks {
 public:
  // For batches of `rows` rows.
  void Reserve(const Inference& inference, std::size_t rows) {
    of_block_ = inference.scratch(std::min(rows, RowBlocks::kMaxRows));
    const std::size_t needed = std::min(RowBlocks(rows).count(), kBlocksAtOnce) * of_block_;
    if (needed <= size_) return;
    memory_ = std::make_unique_for_overwrite<float[]>(needed);
    size_ = needed;
  }

  float* operator[](std::size_t block) const { return memory_.get() + block * of_block_; }

 private:
  std::size_t of_block_ = 0;
  std::size_t size_ = 0;
  std::unique_ptr<float[]> memory_;
};

// Rows of requests of one mode, kInfer or kMonteCarlo, until there are kRowsAtOnce samples; computed; and filled again.
class Batch {
 public:
  // The model's outputs have the shape `outputs`.
  Batch(const Inference& inference, const Shape& outputs, Mode mode, Loss loss, const Execution& execution)
      : inference_(inference),
        shape_(outputs),
        loss_(loss),
        execution_(execution),
        random_(mode == Mode::kInfer ? inference.layers() : inference.first_of_samples()),
        outputs_(outputs.elements()) {}

  void Add(const McRequest& request, std::size_t row, McPrediction* prediction) {
    // Without a layer that drops, all samples are the same.
    const std::size_t samples = random_ == inference_.layers() ? 1 : request.samples;
    if (!rows_.empty() && samples_.size() + samples > kRowsAtOnce) Compute();
    rows_.push_back({&request, row, prediction, samples_.size(), samples});
    for (std::size_t t = 0; t < samples; ++t) {
      masks_.push_back({request.seed, t, row});
      samples_.push_back(rows_.size() - 1);
    }
  }

  void Compute() {
    if (rows_.empty()) return;
    blocks_.Reserve(inference_, samples_.size());
    shared_.resize(rows_.size() * inference_.elements(random_));
    values_.resize(samples_.size() * outputs_);
    sorted_.resize(samples_.size());
    RunLayers(
        {.mode = Mode::kInfer, .execution = execution_}, 0, random_, rows_.size(),
        [&](std::size_t i) { return rows_[i].request->x->row(rows_[i].row).data(); }, shared_.data());
    RunLayers(
        {.mode = Mode::kMonteCarlo, .execution = execution_, .row_masks = masks_}, random_, inference_.layers(),
        samples_.size(), [&](std::size_t i) { return shared_.data() + samples_[i] * inference_.elements(random_); },
        values_.data());
    ToProbabilities(loss_, samples_.size(), shape_, values_.data(), execution_);
    ParallelFor(rows_.size(), execution_.max_threads, [&](std::size_t i) { Store(rows_[i]); });
    rows_.clear();
    masks_.clear();
    samples_.clear();
  }

 private:
  struct Row {
    const McRequest* request;
    std::size_t row;
    McPrediction* prediction;
    std::size_t first_sample;
    std::size_t samples;
  };

  // Layers `first` to before `last` on `count` rows, of which row i comes from from(i).
  template <class From>
  void RunLayers(const Pass& pass, std::size_t first, std::size_t last, std::size_t count, const From& from, float* y) {
    for (std::size_t begin = 0; begin < count; begin += kRowsAtOnce) {
      const RowBlocks blocks(std::min(kRowsAtOnce, count - begin));
      const Pass inner = InTask(pass, blocks.count());
      ParallelFor(blocks.count(), pass.execution.max_threads, [&](std::size_t block) {
        const Rows rows{begin + blocks[block].begin, begin + blocks[block].end};
        float* gathered = inference_.Value(pass.mode, first, rows.count(), blocks_[block]);
        const std::size_t cols = inference_.elements(first);
        for (std::size_t i = 0; i < rows.count(); ++i) std::copy_n(from(rows.begin + i), cols, gathered + i * cols);
        inference_.Run(inner, first, last, rows, blocks_[block], y + rows.begin * inference_.elements(last));
      });
    }
  }

  void Store(const Row& row) {
    const RowSamples samples{values_.data() + row.first_sample * outputs_, row.samples, outputs_};
    StoreStatistics(samples, loss_, row.row, row.prediction);
    StoreQuantiles(samples, row.request->quantiles, row.row, sorted_.data() + row.first_sample, row.prediction);
  }

  const Inference& inference_;
  Shape shape_;
  Loss loss_;
  Execution execution_;
  std::size_t random_;  // Inference::first_of_samples.
  std::size_t outputs_;
  Blocks blocks_;
  std::vector<Row> rows_;
  std::vector<RowMasks> masks_;       // Of all samples of the rows.
  std::vector<std::size_t> samples_;  // The row that each is of.
  std::vector<float> shared_;         // What the layers before random_ make of the rows.
  std::vector<float> values_;         // The outputs of all samples.
  std::vector<float> sorted_;
};

}  // namespace

std::vector<McPrediction> PredictMonteCarlo(const Model& model, std::span<const McRequest> requests, Loss loss,
                                            const std::optional<Rate>& rate, const Execution& execution) {
  if (rate && !rate->valid()) {
    throw Error("rate: got " + FormatNumber(rate->drop_probability()) + ", expected a number in [0, 1]");
  }
  CheckOutputs(loss, model.output_shape());
  const Inference inference(model, rate);
  for (const McRequest& request : requests) CheckRequest(inference, model, request);
  std::vector<McPrediction> predictions;
  for (const McRequest& request : requests) predictions.push_back(EmptyPrediction(request, model.output_shape(), loss));
  for (const Mode mode : {Mode::kInfer, Mode::kMonteCarlo}) {
    Batch batch(inference, model.output_shape(), mode, loss, execution);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      if ((requests[i].samples == 0) != (mode == Mode::kInfer)) continue;
      for (std::size_t row = 0; row < requests[i].x->rows(); ++row) batch.Add(requests[i], row, &predictions[i]);
    }
    batch.Compute();
  }
  return predictions;
}

McPrediction PredictMonteCarlo(const Model& model, const Tensor& x, std::size_t samples, std::uint64_t seed, Loss loss,
                               const Execution& execution) {
  if (samples == 0) throw Error("samples: got 0, expected at least 1");
  const McRequest request{.x = &x, .samples = samples, .seed = seed};
  return std::move(PredictMonteCarlo(model, {&request, 1}, loss, {}, execution)[0]);
}

Tensor Predict(const Model& model, const Tensor& x, Loss loss, const Execution& execution) {
  const McRequest request{.x = &x};
  return std::move(PredictMonteCarlo(model, {&request, 1}, loss, {}, execution)[0].mean);
}

}  // namespace fallow::nn
