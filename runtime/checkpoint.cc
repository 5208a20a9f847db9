#include "runtime/checkpoint.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <span>

#include "fallow/nn/model_file.h"
#include "runtime/file_error.h"
#include "runtime/numbers.h"
#include "runtime/rate_moves.h"
#include "runtime/tensor_file.h"

namespace fallow::nn {
namespace {

using nlohmann::json;

// Names in the metadata, all behind kPrefix.
constexpr char kPrefix[] = "fallow.";
constexpr char kVersion[] = "checkpoint";
constexpr char kVersionValue[] = "2";
constexpr char kEpochs[] = "epochs";
constexpr char kHistory[] = "history";

constexpr char kBestPrefix[] = "best.";
constexpr char kNoData[] = "none";

std::uint32_t Checksum(const Tensor& tensor) {
  const std::span<const std::byte> bytes = std::as_bytes(tensor.values());
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string DescribeData(const Dataset* data) {
  if (data == nullptr) return kNoData;
  return FormatNumber(data->rows()) + " rows of " + data->x.sample_shape().ToString() + " and " +
         data->y.sample_shape().ToString() + ", checksums " + FormatNumber(Checksum(data->x)) + " and " +
         FormatNumber(Checksum(data->y));
}

json ToJson(const EpochRecord& record) {
  json object = {{"epoch", record.epoch},
                 {"train_loss", record.train_loss},
                 {"train_accuracy", record.train_accuracy},
                 {"learning_rate", record.learning_rate},
                 {"seconds", record.seconds}};
  if (record.validation_loss) object["validation_loss"] = *record.validation_loss;
  if (record.validation_accuracy) object["validation_accuracy"] = *record.validation_accuracy;
  object["dropout_rates"] = json::array();
  for (const auto& [layer, rate] : record.dropout_rates) object["dropout_rates"].push_back({layer, rate});
  return object;
}

EpochRecord FromJson(const json& object) {
  EpochRecord record;
  record.epoch = object.at("epoch").get<std::size_t>();
  record.train_loss = object.at("train_loss").get<double>();
  record.train_accuracy = object.at("train_accuracy").get<double>();
  record.learning_rate = object.at("learning_rate").get<double>();
  record.seconds = object.at("seconds").get<double>();
  if (object.contains("validation_loss")) record.validation_loss = object["validation_loss"].get<double>();
  if (object.contains("validation_accuracy")) record.validation_accuracy = object["validation_accuracy"].get<double>();
  for (const json& pair : object.at("dropout_rates")) {
    record.dropout_rates.push_back({pair.at(0).get<std::size_t>(), pair.at(1).get<double>()});
  }
  return record;
}

// And rates that are good.
bool SameLayers(const std::vector<LayerRate>& read, const std::vector<LayerRate>& of_model) {
  return std::ranges::equal(read, of_model, {}, &LayerRate::layer, &LayerRate::layer) &&
         std::ranges::all_of(
             read, [](double rate) { return rate >= 0 && rate <= 1; }, &LayerRate::rate);
}

class Reader {
 public:
  Reader(const std::filesystem::path& path, const TensorFile& file) : path_(path), file_(file), tensors_(path, file) {}

  void CheckSettings(const RunSettings& settings, const TrainingOptions& options) const {
    if (Text(kVersion) != kVersionValue) throw FileError(path_, "a checkpoint of another version of this library");
    for (const auto& [name, value] : settings) CheckSetting(name, value);
    // An epoch is the same whatever the number of epochs, unless the schedule stretches over all of them.
    if (options.schedule.schedule == Schedule::kCosine || RateMoves::StretchesOverAllEpochs(options.rate_control)) {
      CheckSetting(kEpochs, FormatNumber(options.epochs));
    }
  }

  std::vector<EpochRecord> ReadHistory(const TrainingOptions& options, bool validated, const Model& model) const {
    std::vector<EpochRecord> history;
    try {
      for (const json& object : json::parse(Text(kHistory))) history.push_back(FromJson(object));
    } catch (const json::exception&) {
      throw FileError(path_, "the checkpoint's history is damaged");
    }
    bool good = !history.empty();
    for (std::size_t i = 0; i < history.size(); ++i) {
      good = good && history[i].epoch == i + 1 && history[i].validation_loss.has_value() == validated &&
             SameLayers(history[i].dropout_rates, model.dropout_rates());
    }
    if (!good) throw FileError(path_, "the checkpoint's history is damaged");
    if (history.size() > options.epochs) {
      throw FileError(path_, "the checkpoint is of epoch " + FormatNumber(history.size()) + ", this run has " +
                                 kEpochs + " " + FormatNumber(options.epochs));
    }
    return history;
  }

  void Plan(const std::string& name, std::span<const std::size_t> shape, Tensor* target) {
    copies_.emplace_back(&tensors_.Get(name, shape), target);
  }

  void CopyPlanned() const {
    if (copies_.size() != file_.entries.size()) throw FileError(path_, "the checkpoint holds tensors of another run");
    for (const auto& [from, to] : copies_) std::ranges::copy(from->values(), to->data());
  }

 private:
  const std::string& Text(const std::string& name) const {
    const auto found = file_.metadata.find(kPrefix + name);
    if (found == file_.metadata.end()) {
      throw FileError(path_, std::string("not a checkpoint: no '") + kPrefix + name + "' in its metadata");
    }
    return found->second;
  }

  void CheckSetting(const std::string& name, const std::string& value) const {
    const std::string& found = Text(name);
    if (found == value) return;
    throw FileError(path_, "the checkpoint's run had " + name + " " + found + ", this one has " + value);
  }

  const std::filesystem::path& path_;
  const TensorFile& file_;
  TensorIndex tensors_;
  std::vector<std::pair<const Tensor*, Tensor*>> copies_;
};

std::vector<std::size_t> FileShape(const Tensor& tensor) { return {tensor.rows(), tensor.cols()}; }

}  // namespace

RunSettings DescribeRun(const Model& model, const Dataset& train, const Dataset* validation,
                        const TrainingOptions& options, const std::string& rate_control) {
  const OptimizerOptions& optimizer = options.optimizer;
  const ScheduleOptions& schedule = options.schedule;
  return {{"layers", model.Layers()},
          {"input_shape", model.input_shape().ToString()},
          {"loss", std::string(Name(options.loss))},
          {"label_smoothing", FormatNumber(options.loss_options.label_smoothing)},
          {"delta", FormatNumber(options.loss_options.delta)},
          {"algorithm", std::string(Name(optimizer.algorithm))},
          {"learning_rate", FormatNumber(optimizer.learning_rate)},
          {"momentum", FormatNumber(optimizer.momentum)},
          {"nesterov", optimizer.nesterov ? "true" : "false"},
          {"beta1", FormatNumber(optimizer.beta1)},
          {"beta2", FormatNumber(optimizer.beta2)},
          {"epsilon", FormatNumber(optimizer.epsilon)},
          {"weight_decay", FormatNumber(optimizer.weight_decay)},
          {"clip_norm", FormatNumber(optimizer.clip_norm)},
          {"clip_value", FormatNumber(optimizer.clip_value)},
          {"schedule", std::string(Name(schedule.schedule))},
          {"warmup_steps", FormatNumber(schedule.warmup_steps)},
          {"step_epochs", FormatNumber(schedule.step_epochs)},
          {"step_factor", FormatNumber(schedule.step_factor)},
          {"rate_control", rate_control},
          {"batch_size", FormatNumber(options.batch_size)},
          {"seed", FormatNumber(options.seed)},
          {"early_stopping_patience", FormatNumber(options.early_stopping_patience)},
          {"train", DescribeData(&train)},
          {"validation", DescribeData(validation)}};
}

void WriteCheckpoint(const std::filesystem::path& path, const RunSettings& settings, const TrainingOptions& options,
                     const TrainingState& state, Model& model, Optimizer& optimizer) {
  std::vector<TensorView> tensors;
  const std::vector<NamedParameter> parameters = model.parameters();
  for (const auto& [name, parameter] : parameters) {
    tensors.push_back({name, FileShape(*parameter), std::as_const(parameter->value).values()});
  }
  for (const auto& [name, value] : optimizer.slots()) {
    tensors.push_back({name, FileShape(*value), std::as_const(*value).values()});
  }
  for (std::size_t i = 0; i < state.best_weights.size(); ++i) {
    tensors.push_back(
        {kBestPrefix + parameters[i].name, FileShape(*parameters[i].parameter), state.best_weights[i].values()});
  }
  json history = json::array();
  for (const EpochRecord& record : state.history) history.push_back(ToJson(record));

  std::map<std::string, std::string> metadata;
  for (const auto& [name, value] : settings) metadata[kPrefix + name] = value;
  metadata[kPrefix + std::string(kVersion)] = kVersionValue;
  metadata[kPrefix + std::string(kEpochs)] = FormatNumber(options.epochs);
  metadata[kPrefix + std::string(kHistory)] = history.dump();
  WriteTensors(path, tensors, metadata);
}

void ReadCheckpoint(const std::filesystem::path& path, const RunSettings& settings, const TrainingOptions& options,
                    TrainingState* state, Model& model, Optimizer& optimizer) {
  const TensorFile file = ReadTensorFile(path);
  Reader reader(path, file);
  reader.CheckSettings(settings, options);

  TrainingState read;
  read.history = reader.ReadHistory(options, /*validated=*/settings.back().second != kNoData, model);
  const std::vector<NamedParameter> parameters = model.parameters();
  for (const auto& [name, parameter] : parameters) reader.Plan(name, FileShape(*parameter), &parameter->value);
  for (const auto& [name, value] : optimizer.slots()) reader.Plan(name, FileShape(*value), value);
  if (options.early_stopping_patience > 0) {
    read.best_weights.reserve(parameters.size());
    for (const auto& [name, parameter] : parameters) {
      reader.Plan(kBestPrefix + name, FileShape(*parameter), &read.best_weights.emplace_back(parameter->value.Clone()));
    }
  }
  reader.CopyPlanned();
  *state = std::move(read);
}

}  // namespace fallow::nn
