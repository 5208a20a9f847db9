// Runs the protocol on one data set, with dropout and without, and compares with what is published.
#include <CLI/CLI.hpp>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/error.h"
#include "recipes/uci/protocol.h"

namespace fallow::uci {
namespace {

constexpr std::size_t kSplits = 20;

// Mean over the splits, and its standard error. Of Gal and Ghahramani, 2018.
struct Published {
  std::vector<double> precisions;
  double rmse, rmse_error, likelihood, likelihood_error;
};
const std::map<std::string, Published> kPublished = {{"energy", {{0.25, 0.5, 0.75}, 0.54, 0.01, -1.21, 0.01}},
                                                     {"concrete", {{0.025, 0.05, 0.075}, 4.83, 0.16, -2.94, 0.02}}};
const std::vector<double> kRates = {0.005, 0.01, 0.05, 0.1};

struct Options {
  std::string data, results;
  std::size_t splits = kSplits;
  Settings settings;
};

// The file of results: a line a split and way, written as each is done, so that nothing is lost. A line begins with
// what it is of; those of other settings are left alone.
class Results {
 public:
  explicit Results(const std::string& path) : path_(path) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      cut_ = file.eof();
      if (cut_) break;  // By a kill: the number it ends with may be half.
      std::istringstream cells(line);
      std::string split, way, epochs, samples;
      Outcome o;
      cells >> split >> way >> epochs >> samples >> o.rate >> o.precision >> o.score.rmse >> o.score.likelihood;
      if (cells) done_[split + ' ' + way + ' ' + epochs + ' ' + samples] = o;
    }
  }

  static std::string Key(std::size_t split, const std::string& way, const Settings& settings) {
    return std::to_string(split) + ' ' + way + ' ' + std::to_string(settings.epochs) + ' ' +
           std::to_string(settings.samples);
  }

  const Outcome* Find(const std::string& key) const {
    const auto found = done_.find(key);
    return found == done_.end() ? nullptr : &found->second;
  }

  void Add(const std::string& key, const Outcome& o) {
    done_[key] = o;
    std::ofstream file(path_, std::ios::app);
    if (std::exchange(cut_, false)) file << '\n';
    file << key << ' ' << o.rate << ' ' << o.precision << ' ' << o.score.rmse << ' ' << o.score.likelihood << std::endl;
    if (!file) throw nn::Error(path_ + ": cannot be written");
  }

 private:
  std::string path_;
  bool cut_ = false;  // Whether the file ends within a line.
  std::map<std::string, Outcome> done_;
};

// Mean and standard error of one figure over the splits.
struct Summary {
  double mean = 0, error = 0;

  Summary(const std::vector<Outcome>& outcomes, double Score::*figure) {
    const auto n = static_cast<double>(outcomes.size());
    for (const Outcome& o : outcomes) mean += o.score.*figure / n;
    for (const Outcome& o : outcomes) error += std::pow(o.score.*figure - mean, 2) / n;
    error = std::sqrt(error / n);
  }
};

std::vector<Outcome> RunSplits(const Options& options, const std::string& way, const Settings& settings,
                               Results* results) {
  std::vector<Outcome> outcomes;
  const auto start = std::chrono::steady_clock::now();
  std::size_t run = 0;
  for (std::size_t split = 0; split < options.splits; ++split) {
    const std::string key = Results::Key(split, way, settings);
    if (const Outcome* known = results->Find(key)) {
      outcomes.push_back(*known);
      continue;
    }
    outcomes.push_back(Run(ReadSplit(options.data, split), settings));
    results->Add(key, outcomes.back());
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const double left = seconds.count() / static_cast<double>(++run) * static_cast<double>(options.splits - split - 1);
    std::fprintf(stderr, "%s, split %2zu: RMSE %.3f, log-likelihood %.3f (rate %g, precision %g); %.0f s left\n",
                 way.c_str(), split, outcomes.back().score.rmse, outcomes.back().score.likelihood, outcomes.back().rate,
                 outcomes.back().precision, left);
  }
  return outcomes;
}

// Whether both figures are within one published standard error, or better.
bool Compare(const Options& options) {
  const Published& published = kPublished.at(std::filesystem::path(options.data).filename());
  Results results(options.results);
  Settings settings = options.settings;
  settings.precisions = published.precisions;
  settings.rates = kRates;
  const std::vector<Outcome> with = RunSplits(options, "dropout", settings, &results);
  settings.rates = {0};
  settings.samples = 1;
  const std::vector<Outcome> without = RunSplits(options, "plain", settings, &results);

  const Summary rmse(with, &Score::rmse), likelihood(with, &Score::likelihood);
  const Summary plain_rmse(without, &Score::rmse), plain_likelihood(without, &Score::likelihood);
  std::printf("| %s, %zu splits | RMSE | log-likelihood |\n|---|---|---|\n", options.data.c_str(), options.splits);
  std::printf("| with dropout | %.3f ± %.3f | %.3f ± %.3f |\n", rmse.mean, rmse.error, likelihood.mean,
              likelihood.error);
  std::printf("| without | %.3f ± %.3f | %.3f ± %.3f |\n", plain_rmse.mean, plain_rmse.error, plain_likelihood.mean,
              plain_likelihood.error);
  std::printf("| published, with | %.2f ± %.2f | %.2f ± %.2f |\n", published.rmse, published.rmse_error,
              published.likelihood, published.likelihood_error);
  return rmse.mean <= published.rmse + published.rmse_error &&
         likelihood.mean >= published.likelihood - published.likelihood_error;
}

}  // namespace
}  // namespace fallow::uci

int main(int argc, char** argv) {
  using namespace fallow;
  uci::Options options;
  CLI::App app(
      "Monte-Carlo dropout on UCI regression sets, by the protocol of Gal and Ghahramani (2016), against what they "
      "publish.");
  app.add_option("data", options.data, "recipes/uci/data/energy or recipes/uci/data/concrete")->required();
  app.add_option("--results", options.results,
                 "File of results, a line a split; splits that are in it are not run again")
      ->required();
  app.add_option("--splits", options.splits, "Run the first so many")->check(CLI::Range(1, 20))->capture_default_str();
  app.add_option("--epochs", options.settings.epochs, "Passes over the training rows")->capture_default_str();
  app.add_option("--samples", options.settings.samples, "Masks a test row")->capture_default_str();
  app.footer(
      "Prints a table. Exit code 1 if a figure is worse than the published one by more than its standard error.");
  CLI11_PARSE(app, argc, argv);
  try {
    if (!uci::kPublished.contains(std::filesystem::path(options.data).filename())) {
      throw nn::Error("data: got " + options.data + ", expected a folder named energy or concrete");
    }
    return uci::Compare(options) ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "uci: %s\n", error.what());
    return 2;
  }
}
