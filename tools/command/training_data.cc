#include "tools/command/training_data.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "fallow/nn/training.h"
#include "tools/command/command.h"

namespace fallow::tools {
namespace {

void Limit(nn::Dataset& data, std::size_t rows) {
  if (rows == 0 || rows >= data.rows()) return;
  std::vector<std::uint32_t> first(rows);
  std::iota(first.begin(), first.end(), 0u);
  data = nn::Select(data, first);
}

// Several outputs: classes. One output: yes or no if the targets are 0 and 1, a quantity otherwise.
nn::Loss LossByTask(std::size_t outputs, const nn::Tensor& y) {
  if (outputs > 1) return nn::Loss::kSoftmaxCrossEntropy;
  const auto values = y.values();
  const bool binary = std::all_of(values.begin(), values.end(), [](float v) { return v == 0.0f || v == 1.0f; });
  return binary ? nn::Loss::kBinaryCrossEntropy : nn::Loss::kMeanSquaredError;
}

void CheckTargets(nn::Loss loss, const nn::Shape& outputs, const TrainingData& data) {
  nn::CheckTarget(loss, outputs, data.train.y, "training data");
  if (data.validation) nn::CheckTarget(loss, outputs, data.validation->y, "validation data");
  if (data.test) nn::CheckTarget(loss, outputs, data.test->y, "test data");
}

// Tokens are numbers that stay as they are.
bool TakesTokens(const std::string& layers) {
  const std::size_t first = layers.find_first_not_of(' ');
  return first != std::string::npos && layers.compare(first, 10, "embedding:") == 0;
}

}  // namespace

TrainingData LoadData(const TrainOptions& options) {
  const auto known = options.data.empty() ? std::nullopt : std::optional(FindKnownData(options.data));
  Samples samples = ReadSamples(known ? known->train : options.train);
  const Source test = known ? known->test : options.test;
  Limit(samples.data, options.limit);

  TrainingData data;
  if (known) data.classes = known->classes;
  if (!test.images.empty() || !test.csv.empty()) {
    Samples read = ReadSamples(test);
    if (read.data.x.cols() != samples.data.x.cols() || read.columns != samples.columns) {
      throw UsageError((test.csv.empty() ? test.images : test.csv) + ": has other columns than the training data");
    }
    data.test = std::move(read.data);
  }
  if (options.validation > 0) {
    nn::Split split = nn::SplitValidation(samples.data, options.validation, options.seed);
    samples.data = std::move(split.train);
    data.validation = std::move(split.validation);
  }
  if (!TakesTokens(options.layers)) data.scaling = MakeScaling(samples);
  data.train = std::move(samples.data);
  data.scaling.Apply(data.train.x);
  if (data.validation) data.scaling.Apply(data.validation->x);
  if (data.test) data.scaling.Apply(data.test->x);
  return data;
}

nn::Loss ChooseLoss(const TrainOptions& options, const nn::Shape& outputs, const TrainingData& data) {
  const nn::Loss loss =
      options.loss.empty() ? LossByTask(outputs.elements(), data.train.y) : nn::ParseLoss(options.loss);
  CheckTargets(loss, outputs, data);
  return loss;
}

}  // namespace fallow::tools
