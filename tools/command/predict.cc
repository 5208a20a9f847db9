// fallow predict: what a model says of each sample and, by Monte-Carlo dropout, how sure it is.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <numeric>

#include "fallow/nn/monte_carlo.h"
#include "tools/command/command.h"
#include "tools/command/files.h"
#include "tools/command/pictures.h"
#include "tools/command/trained_model.h"

namespace fallow::tools {
namespace {

struct PredictOptions {
  ModelOptions common;
  std::uint64_t samples = 0, seed = 1, least_sure = 0;
  std::string output, picture;
};

void Check(const PredictOptions& options) {
  if (options.least_sure > 0 && options.samples == 0) throw UsageError("--least-sure needs --mc");
  if (!options.picture.empty() && options.least_sure == 0) throw UsageError("--picture needs --least-sure");
}

// Predictions, with the columns of uncertainty only after Monte-Carlo sampling, or where the model predicts variances.
nn::McPrediction PredictAll(ModelAndData& loaded, const PredictOptions& options) {
  const Execution execution = options.common.execution();
  if (options.samples == 0) {
    const nn::McRequest request{.x = &loaded.data.x};
    nn::McPrediction all = std::move(nn::PredictMonteCarlo(loaded.model, {&request, 1}, loaded.loss, {}, execution)[0]);
    nn::McPrediction plain;
    plain.mean = std::move(all.mean);
    if (loaded.loss == nn::Loss::kGaussianNegativeLogLikelihood) {
      plain.standard_deviation = std::move(all.standard_deviation);
    }
    return plain;
  }
  if (!loaded.model.random()) {
    throw UsageError("--mc needs a model with dropout layers; this one is " + loaded.model.Layers());
  }
  return nn::PredictMonteCarlo(loaded.model, loaded.data.x, options.samples, options.seed, loaded.loss, execution);
}

// The class that probabilities speak for.
std::size_t PredictedClass(std::span<const float> probabilities) {
  if (probabilities.size() == 1) return probabilities[0] >= 0.5f ? 1 : 0;
  return static_cast<std::size_t>(std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin());
}

// How the samples of a table come apart: their positions, each with its probabilities; or one, of numbers.
struct Columns {
  bool classes;
  std::size_t positions;

  // ",NAME", or ",NAME0,NAME1" for several.
  static std::string Numbered(const char* name, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += std::string(",") + name + (count > 1 ? std::to_string(i) : "");
    return text;
  }

  // ",NAME0,NAME1"; with the position before the number if there are several.
  std::string OfOutputs(const char* name, std::size_t outputs) const {
    std::string text;
    for (std::size_t t = 0; t < positions; ++t) {
      const std::string start = std::string(",") + name + (positions > 1 ? std::to_string(t) + "_" : "");
      for (std::size_t j = 0; j < outputs / positions; ++j) text += start + std::to_string(j);
    }
    return text;
  }
};

std::string Header(const nn::McPrediction& prediction, std::size_t answers, const Columns& columns) {
  std::string line = "row" + columns.Numbered("target", answers);
  if (columns.classes) line += columns.Numbered("predicted", columns.positions);
  line += columns.OfOutputs(columns.classes ? "p" : "y", prediction.mean.cols());
  if (prediction.standard_deviation.rows() > 0) line += columns.OfOutputs("sd", prediction.mean.cols());
  if (prediction.predictive_entropy.rows() > 0) {
    line += columns.Numbered("entropy", columns.positions) + columns.Numbered("mutual_information", columns.positions);
  }
  return line + "\n";
}

std::string FormatPredictions(const nn::McPrediction& prediction, const nn::Tensor& y, const Columns& columns) {
  std::string text = Header(prediction, y.rows() > 0 ? y.cols() : 0, columns);
  const auto add = [&](const nn::Tensor& tensor, std::size_t row) {
    if (tensor.rows() == 0) return;
    char cell[32];
    for (const float value : tensor.row(row)) {
      std::snprintf(cell, sizeof(cell), ",%.6g", static_cast<double>(value));
      text += cell;
    }
  };
  for (std::size_t r = 0; r < prediction.mean.rows(); ++r) {
    text += std::to_string(r);
    add(y, r);
    const std::size_t of_each = prediction.mean.cols() / columns.positions;
    for (std::size_t t = 0; columns.classes && t < columns.positions; ++t) {
      text += "," + std::to_string(PredictedClass(prediction.mean.row(r).subspan(t * of_each, of_each)));
    }
    for (const nn::Tensor* tensor : {&prediction.mean, &prediction.standard_deviation, &prediction.predictive_entropy,
                                     &prediction.mutual_information}) {
      add(*tensor, r);
    }
    text += "\n";
  }
  return text;
}

// One sample that the model is unsure about, in words.
struct Doubt {
  std::size_t row;
  std::string predicted, answer;  // `answer` is empty if it is not known.
  double probability, deviation, entropy, information;
};

std::vector<Doubt> LeastSure(const nn::McPrediction& prediction, const ModelAndData& loaded, std::size_t count) {
  if (prediction.predictive_entropy.rows() == 0) throw UsageError("--least-sure needs a model that predicts classes");
  const auto entropy = prediction.predictive_entropy.values();
  std::vector<std::size_t> order(entropy.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return entropy[a] > entropy[b]; });
  order.resize(std::min(count, order.size()));

  std::vector<Doubt> doubts;
  for (const std::size_t row : order) {
    const auto mean = prediction.mean.row(row);
    const std::size_t predicted = PredictedClass(mean);
    const std::size_t column = mean.size() == 1 ? 0 : predicted;
    const double p = mean[column];
    const auto answer =
        loaded.data.y.rows() == 0 ? "" : loaded.ClassName(static_cast<std::size_t>(loaded.data.y.row(row)[0]));
    doubts.push_back({row, loaded.ClassName(predicted), answer, mean.size() == 1 && predicted == 0 ? 1 - p : p,
                      prediction.standard_deviation.row(row)[column], entropy[row],
                      prediction.mutual_information.row(row)[0]});
  }
  return doubts;
}

void PrintDoubts(const std::vector<Doubt>& doubts) {
  std::printf("%8s  %-12s  %-12s  %11s  %9s  %8s  %11s\n", "row", "predicted", "true", "probability", "deviation",
              "entropy", "mutual info");
  for (const Doubt& doubt : doubts) {
    std::printf("%8zu  %-12s  %-12s  %11.3f  %9.3f  %8.3f  %11.3f\n", doubt.row, doubt.predicted.c_str(),
                doubt.answer.empty() ? "-" : doubt.answer.c_str(), doubt.probability, doubt.deviation, doubt.entropy,
                doubt.information);
  }
}

void DrawDoubts(const std::vector<Doubt>& doubts, const nn::Tensor& x, const PredictOptions& options) {
  std::vector<Tile> tiles;
  for (const Doubt& doubt : doubts) {
    char line[64];
    const bool wrong = !doubt.answer.empty() && doubt.answer != doubt.predicted;
    std::snprintf(line, sizeof(line), "p = %.2f, entropy %.2f", doubt.probability, doubt.entropy);
    Tile tile{.row = doubt.row, .heading = doubt.predicted + "?", .lines = {line}, .wrong = wrong};
    if (!doubt.answer.empty()) tile.lines.insert(tile.lines.begin(), wrong ? "no: " + doubt.answer : "yes");
    tiles.push_back(std::move(tile));
  }
  DrawTiles(x, tiles, "Least sure of all, over " + std::to_string(options.samples) + " dropout masks (entropy in nats)",
            options.picture);
}

void RunPredict(const PredictOptions& options) {
  Check(options);
  ModelAndData loaded = LoadModelAndData(options.common);
  const Columns columns{nn::HasAccuracy(loaded.loss), nn::Positions(loaded.loss, loaded.model.output_shape())};
  if (options.least_sure > 0 && columns.positions > 1) {
    throw UsageError("--least-sure needs a model with one prediction a sample; this one makes " +
                     std::to_string(columns.positions));
  }
  const nn::McPrediction prediction = PredictAll(loaded, options);
  if (options.least_sure > 0) {
    const std::vector<Doubt> doubts = LeastSure(prediction, loaded, options.least_sure);
    if (!options.picture.empty()) DrawDoubts(doubts, loaded.data.x, options);
    PrintDoubts(doubts);
  }
  if (options.least_sure > 0 && options.output.empty()) return;
  const std::string table = FormatPredictions(prediction, loaded.data.y, columns);
  if (options.output.empty()) {
    std::fwrite(table.data(), 1, table.size(), stdout);
  } else {
    WriteWhole(options.output, table);
  }
}

}  // namespace

void AddPredict(CLI::App& app, Context& context) {
  Options options(app, "predict", "Predict, with Monte-Carlo dropout if wanted, as a CSV table");
  const auto predict = std::make_shared<PredictOptions>();
  AddModelOptions(options, predict->common);
  options.Whole("--mc", predict->samples, 0, 1'000'000, "Average over N dropout masks; 0: no dropout");
  options.Whole("--seed", predict->seed, 0, kNoLimit, "Of these masks");
  options.Text("--output", predict->output, "Write the table to a file instead of standard output");
  options.Whole("--least-sure", predict->least_sure, 0, 1'000'000,
                "Print the N samples of highest predictive entropy instead of the table");
  options.Text("--picture", predict->picture, "And draw them, if they are images, as a PNG file");
  options.Footer(
      "The table has one line a sample: its row, its target if known, the predicted class, a probability for each\n"
      "class (a value for each output in regression) and, with --mc, the standard deviation of each over the masks,\n"
      "the entropy of the mean probabilities in nats, and the part of it that comes from the model not knowing\n"
      "(mutual information). Where the model predicts a class for each position of a sequence, columns are numbered\n"
      "by position, from 0, and probabilities p2_7: that of class 7 at position 2.\n\n"
      "Examples\n"
      "  " +
      context.program +
      " predict runs/flowers/model.safetensors --csv new-flowers.csv\n"
      "  " +
      context.program +
      " predict runs/fashion-6000-dropout/model.safetensors --data fashion-mnist --mc 50 "
      "--output unsure.csv\n"
      "  " +
      context.program +
      " predict runs/fashion-6000-dropout/model.safetensors --data fashion-mnist --mc 50 "
      "--least-sure 10 --picture unsure.png");
  options.Action([predict] { RunPredict(*predict); });
}

}  // namespace fallow::tools
