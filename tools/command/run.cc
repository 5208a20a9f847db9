#include "tools/command/run.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "fallow/nn/data.h"
#include "tools/command/command.h"
#include "tools/command/config.h"
#include "tools/command/numbers.h"

namespace fallow::tools {
namespace {

constexpr char kRateColumn[] = "dropout_rate_";  // And the layer's index.

// The rates in a row of history.csv.
std::vector<nn::LayerRate> RatesOf(const nn::CsvTable& table, std::size_t row) {
  std::vector<nn::LayerRate> rates;
  const std::string name = kRateColumn;
  for (std::size_t i = 0; i < table.header.size(); ++i) {
    std::uint64_t layer = 0;
    if (!table.header[i].starts_with(name) || !ParseWhole(table.header[i].substr(name.size()), &layer)) continue;
    rates.push_back({layer, static_cast<double>(table.values.row(row)[i])});
  }
  return rates;
}

// One column of history.csv.
class Column {
 public:
  Column(const nn::CsvTable& table, const std::string& name) : table_(table) {
    const auto found = std::find(table.header.begin(), table.header.end(), name);
    present_ = found != table.header.end();
    index_ = static_cast<std::size_t>(found - table.header.begin());
  }

  bool present() const { return present_; }
  double at(std::size_t row) const { return present_ ? static_cast<double>(table_.values.row(row)[index_]) : 0; }
  std::optional<double> find(std::size_t row) const { return present_ ? std::optional(at(row)) : std::nullopt; }

 private:
  const nn::CsvTable& table_;
  bool present_;
  std::size_t index_;
};

void ReadHistory(const std::filesystem::path& path, Run& run) {
  const nn::CsvTable table = nn::ReadCsv(path);
  for (const char* name : {"test", "validation"}) {
    if (Column(table, name + std::string("_loss")).present()) run.held_out = name;
  }
  const Column epoch(table, "epoch"), seconds(table, "seconds"), learning_rate(table, "learning_rate");
  const Column train_loss(table, "train_loss"), train_accuracy(table, "train_accuracy");
  const Column loss(table, run.held_out + "_loss"), accuracy(table, run.held_out + "_accuracy");
  if (!epoch.present() || !train_loss.present() || table.values.rows() == 0) {
    throw UsageError(path.string() + ": is not the history of a run");
  }
  for (std::size_t r = 0; r < table.values.rows(); ++r) {
    run.history.push_back({.epoch = static_cast<std::size_t>(epoch.at(r)),
                           .train_loss = train_loss.at(r),
                           .train_accuracy = train_accuracy.at(r),
                           .validation_loss = loss.find(r),
                           .validation_accuracy = accuracy.find(r),
                           .learning_rate = learning_rate.at(r),
                           .seconds = seconds.at(r),
                           .dropout_rates = RatesOf(table, r)});
  }
}

std::string Cell(std::optional<double> value) {
  if (!value) return "        -";
  char text[32];
  std::snprintf(text, sizeof(text), " %8.4f", *value);
  return text;
}

// Losses, accuracies and their gap: of accuracies where there are any.
std::string Figures(const Run& run) {
  const nn::EpochRecord& record = run.model_epoch();
  const auto accuracy = nn::HasAccuracy(run.loss) ? std::optional(record.train_accuracy) : std::nullopt;
  std::optional<double> gap;
  if (record.validation_loss) {
    gap = accuracy ? *accuracy - *record.validation_accuracy : *record.validation_loss - record.train_loss;
  }
  return " " + Cell(record.train_loss) + Cell(accuracy) + " " + Cell(record.validation_loss) +
         Cell(accuracy ? record.validation_accuracy : std::nullopt) + " " + Cell(gap);
}

}  // namespace

std::string RunName(const std::filesystem::path& folder) {
  return std::filesystem::absolute(folder / ".").lexically_normal().parent_path().filename();
}

const nn::EpochRecord& Run::model_epoch() const {
  if (!keeps_best) return history.back();
  return *std::min_element(history.begin(), history.end(), [](const auto& a, const auto& b) {
    return a.validation_loss.value_or(INFINITY) < b.validation_loss.value_or(INFINITY);
  });
}

double Run::seconds_per_epoch() const {
  double sum = 0;
  for (const nn::EpochRecord& record : history) sum += record.seconds;
  return sum / static_cast<double>(history.size());
}

bool RatesMove(const Run& run) {
  const auto other = [&](const nn::EpochRecord& record) {
    return record.dropout_rates != run.history.front().dropout_rates;
  };
  return std::any_of(run.history.begin(), run.history.end(), other);
}

std::string FormatHistory(const Run& run) {
  const bool accuracy = nn::HasAccuracy(run.loss), held_out = !run.held_out.empty();
  std::string text = "epoch,train_loss";
  if (accuracy) text += ",train_accuracy";
  if (held_out) text.append(",").append(run.held_out).append("_loss");
  if (held_out && accuracy) text.append(",").append(run.held_out).append("_accuracy");
  text += ",learning_rate";
  for (const nn::LayerRate& rate : run.history.front().dropout_rates) {
    text.append(",").append(kRateColumn).append(std::to_string(rate.layer));
  }
  text += ",seconds\n";
  for (const nn::EpochRecord& record : run.history) {
    std::vector<double> cells = {record.train_loss};
    if (accuracy) cells.push_back(record.train_accuracy);
    if (held_out) cells.push_back(record.validation_loss.value_or(NAN));
    if (held_out && accuracy) cells.push_back(record.validation_accuracy.value_or(NAN));
    cells.push_back(record.learning_rate);
    for (const nn::LayerRate& rate : record.dropout_rates) cells.push_back(rate.rate);
    cells.push_back(record.seconds);
    text += std::to_string(record.epoch);
    for (const double cell : cells) text.append(",").append(FormatReal(cell));
    text += '\n';
  }
  return text;
}

Run ReadRun(const std::filesystem::path& folder) {
  const RunFiles files{folder};
  Run run;
  run.name = RunName(folder);
  if (!std::filesystem::exists(files.history())) throw UsageError(folder.string() + ": holds no run (no history.csv)");
  for (const ConfigEntry& entry : ReadConfig(files.config())) {
    if (entry.name == "loss") run.loss = nn::ParseLoss(entry.value);
    if (entry.name == "patience") run.keeps_best = entry.value != "0";
  }
  ReadHistory(files.history(), run);
  return run;
}

void PrintRuns(const std::vector<Run>& runs) {
  std::size_t width = 3;
  std::string held_out = runs.front().held_out;
  for (const Run& run : runs) {
    width = std::max(width, run.name.size());
    if (run.held_out != held_out) held_out = "held out";
  }
  const int w = static_cast<int>(width);
  std::printf("%-*s  %8s %8s  %8s %8s  %8s  %8s\n", w, "", "train", "train", held_out.c_str(), held_out.c_str(), "",
              "seconds");
  std::printf("%-*s  %8s %8s  %8s %8s  %8s  %8s\n", w, "run", "loss", "accuracy", "loss", "accuracy", "gap",
              "an epoch");
  for (const Run& run : runs) {
    std::printf("%-*s%s  %8.3g\n", w, run.name.c_str(), Figures(run).c_str(), run.seconds_per_epoch());
  }
}

}  // namespace fallow::tools
