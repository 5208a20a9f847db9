#include "recipes/uci/protocol.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <numbers>
#include <span>
#include <string>
#include <utility>

#include "fallow/nn/error.h"
#include "fallow/nn/training.h"
#include "fallow/random.h"

namespace fallow::uci {
namespace {

using nn::Shape;
using nn::Tensor;

constexpr double kLengthScale = 0.01;
constexpr std::size_t kHidden = 50;

// Numbers separated by any white space.
std::vector<double> ReadNumbers(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<double> numbers;
  for (double number = 0; file >> number;) numbers.push_back(number);
  if (numbers.empty() || !file.eof()) throw nn::Error(path.string() + ": expected numbers and nothing else");
  return numbers;
}

std::vector<std::size_t> ReadIndices(const std::filesystem::path& path, std::size_t limit) {
  std::vector<std::size_t> indices;
  for (const double number : ReadNumbers(path)) {
    if (!(number >= 0 && number < static_cast<double>(limit))) {
      throw nn::Error(path.string() + ": got " + std::to_string(number) + ", expected less than " +
                      std::to_string(limit));
    }
    indices.push_back(static_cast<std::size_t>(number));
  }
  return indices;
}

Tensor Rows(const Tensor& from, std::size_t first, std::size_t count) {
  Tensor rows(count, from.sample_shape());
  std::copy_n(from.data() + first * from.cols(), count * from.cols(), rows.data());
  return rows;
}

// Of each column: how the training rows become numbers of mean 0 and deviation 1.
class Standard {
 public:
  explicit Standard(const Tensor& of) : mean_(of.cols()), deviation_(of.cols()) {
    const auto n = static_cast<double>(of.rows());
    for (std::size_t j = 0; j < of.cols(); ++j) {
      for (std::size_t r = 0; r < of.rows(); ++r) mean_[j] += of.row(r)[j] / n;
      for (std::size_t r = 0; r < of.rows(); ++r) deviation_[j] += std::pow(of.row(r)[j] - mean_[j], 2) / n;
      deviation_[j] = deviation_[j] > 0 ? std::sqrt(deviation_[j]) : 1;
    }
  }

  Tensor Apply(const Tensor& x) const {
    Tensor y(x.rows(), x.sample_shape());
    for (std::size_t r = 0; r < x.rows(); ++r) {
      for (std::size_t j = 0; j < x.cols(); ++j)
        y.row(r)[j] = static_cast<float>((x.row(r)[j] - mean_[j]) / deviation_[j]);
    }
    return y;
  }

  double Undo(float y) const { return mean_[0] + deviation_[0] * y; }

 private:
  std::vector<double> mean_, deviation_;
};

// Of all masks of one test row, in units of the target: log of the mean of exp(-tau / 2 (y - y_t)^2) and so on.
double LogLikelihood(std::span<const double> predictions, double y, double precision) {
  double most = -std::numeric_limits<double>::infinity();
  const auto exponent = [&](double prediction) { return -precision / 2 * (y - prediction) * (y - prediction); };
  for (const double prediction : predictions) most = std::max(most, exponent(prediction));
  double sum = 0;
  for (const double prediction : predictions) sum += std::exp(exponent(prediction) - most);
  return most + std::log(sum / static_cast<double>(predictions.size())) +
         0.5 * std::log(precision / (2 * std::numbers::pi));
}

Score Evaluate(nn::Model& model, const Standard& of_y, const Tensor& x, const Tensor& y, double precision,
               const Settings& settings) {
  std::vector<std::vector<double>> predictions(x.rows());
  for (std::uint64_t t = 0; t < settings.samples; ++t) {
    const nn::Pass pass{
        .mode = nn::Mode::kMonteCarlo, .seed = settings.seed, .step = t, .execution = {.max_threads = 1, .target = {}}};
    const Tensor& output = model.Forward(pass, x);
    for (std::size_t r = 0; r < x.rows(); ++r) predictions[r].push_back(of_y.Undo(output.row(r)[0]));
  }
  Score score;
  const auto n = static_cast<double>(x.rows());
  for (std::size_t r = 0; r < x.rows(); ++r) {
    double mean = 0;
    for (const double prediction : predictions[r]) mean += prediction / static_cast<double>(settings.samples);
    score.rmse += std::pow(y.row(r)[0] - mean, 2) / n;
    score.likelihood += LogLikelihood(predictions[r], y.row(r)[0], precision) / n;
  }
  score.rmse = std::sqrt(score.rmse);
  return score;
}

// Glorot and Bengio's start, which is Keras's and so that of the published figures: weights uniform within
// sqrt(6 / (inputs + outputs)), biases 0. Layers start as PyTorch's, whose last one has less than half of that here.
void StartAsGlorot(nn::Model& model, std::uint64_t seed) {
  constexpr std::uint64_t kStream = 0xFFFF00;  // No layer's.
  const std::vector<nn::NamedParameter> parameters = model.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Tensor& value = parameters[i].parameter->value;
    if (parameters[i].parameter->name == "bias") {
      std::ranges::fill(value.values(), 0.0f);
      continue;
    }
    const MaskKey key{.seed = seed, .stream = StreamOf(kStream, i)};
    if (!GenerateUniforms(key, value.values()).ok()) throw nn::Error("the weights cannot be filled");
    const double limit = std::sqrt(6.0 / static_cast<double>(value.rows() + value.cols()));
    for (float& w : value.values()) w = static_cast<float>(limit * (2.0 * w - 1.0));
  }
}

// Trains on some rows and measures on others.
Score TrainAndEvaluate(const Tensor& train_x, const Tensor& train_y, const Tensor& x, const Tensor& y, double rate,
                       double precision, const Settings& settings) {
  const Standard of_x(train_x), of_y(train_y);
  const double l2 = kLengthScale * kLengthScale * (1 - rate) / (2 * static_cast<double>(train_x.rows()) * precision);
  const nn::DenseOptions dense{.l2 = static_cast<float>(l2)};
  std::vector<std::unique_ptr<nn::Layer>> layers;
  layers.push_back(nn::MakeDropout(rate));
  layers.push_back(nn::MakeDense(kHidden, dense));
  layers.push_back(nn::MakeActivation(nn::Activation::kReLU));
  layers.push_back(nn::MakeDropout(rate));
  layers.push_back(nn::MakeDense(1, dense));
  nn::Model model(train_x.sample_shape(), std::move(layers), settings.seed);
  StartAsGlorot(model, settings.seed);
  nn::TrainingOptions options;
  options.loss = nn::Loss::kMeanSquaredError;
  options.epochs = settings.epochs;
  options.seed = settings.seed;
  options.execution.max_threads = 1;
  nn::Train(model, {of_x.Apply(train_x), of_y.Apply(train_y)}, nullptr, options);
  return Evaluate(model, of_y, of_x.Apply(x), y, precision, settings);
}

}  // namespace

Split ReadSplit(const std::filesystem::path& folder, std::size_t split) {
  const auto at = [&](const std::string& name) { return folder / (name + ".txt"); };
  const std::vector<double> data = ReadNumbers(at("data"));
  std::vector<std::size_t> columns = ReadIndices(at("index_features"), data.size());
  const std::vector<std::size_t> target = ReadIndices(at("index_target"), data.size());
  columns.push_back(target[0]);
  const std::size_t cols = *std::ranges::max_element(columns) + 1;
  const auto select = [&](const char* part, Tensor* x, Tensor* y) {
    const std::vector<std::size_t> rows = ReadIndices(at(part + std::to_string(split)), data.size() / cols);
    *x = Tensor(rows.size(), Shape{columns.size() - 1});
    *y = Tensor(rows.size(), Shape{1});
    for (std::size_t r = 0; r < rows.size(); ++r) {
      for (std::size_t j = 0; j + 1 < columns.size(); ++j) {
        x->row(r)[j] = static_cast<float>(data[rows[r] * cols + columns[j]]);
      }
      y->row(r)[0] = static_cast<float>(data[rows[r] * cols + columns.back()]);
    }
  };
  Split result;
  select("index_train_", &result.train_x, &result.train_y);
  select("index_test_", &result.test_x, &result.test_y);
  return result;
}

Outcome Run(const Split& split, const Settings& settings) {
  const std::size_t most = split.train_x.rows() * 4 / 5, rest = split.train_x.rows() - most;
  const Tensor train_x = Rows(split.train_x, 0, most), train_y = Rows(split.train_y, 0, most);
  const Tensor held_x = Rows(split.train_x, most, rest), held_y = Rows(split.train_y, most, rest);
  std::vector<Outcome> grid;
  for (const double rate : settings.rates) {
    for (const double precision : settings.precisions) grid.push_back({rate, precision, {}});
  }
  tbb::parallel_for(std::size_t{0}, grid.size(), [&](std::size_t i) {
    grid[i].score = TrainAndEvaluate(train_x, train_y, held_x, held_y, grid[i].rate, grid[i].precision, settings);
  });
  Outcome best = *std::ranges::max_element(grid, {}, [](const Outcome& o) { return o.score.likelihood; });
  best.score =
      TrainAndEvaluate(split.train_x, split.train_y, split.test_x, split.test_y, best.rate, best.precision, settings);
  return best;
}

}  // namespace fallow::uci
