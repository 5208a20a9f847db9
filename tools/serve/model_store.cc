#include "tools/serve/model_store.h"

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

#include "tools/command/command.h"

namespace fallow::serve {

ModelFile ParseModelFile(const std::string& argument) {
  ModelFile file;
  const std::size_t equals = argument.find('=');
  file.path = equals == argument.npos ? argument : argument.substr(equals + 1);
  file.name = equals == argument.npos ? file.path.stem().string() : argument.substr(0, equals);
  if (equals == argument.npos && file.name == "model") {
    const std::string folder = std::filesystem::absolute(file.path).parent_path().filename().string();
    if (!folder.empty()) file.name = folder;
  }
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  };
  if (file.name.empty() || !std::ranges::all_of(file.name, allowed)) {
    throw tools::UsageError("'" + argument + "': the name '" + file.name +
                            "' must be of letters, digits, '.', '-' and '_'; NAME=PATH gives another");
  }
  return file;
}

ModelStore::ModelStore(const std::vector<ModelFile>& files, const BatchOptions& options, Metrics& metrics,
                       Report report)
    : report_(std::move(report)) {
  for (const ModelFile& file : files) {
    if (Find(file.name) != nullptr) {
      throw tools::UsageError(file.path.string() + ": there is a model '" + file.name +
                              "' already; NAME=PATH gives another name");
    }
    entries_.push_back(std::make_unique<Entry>(file, options, metrics.Of(file.name)));
    entries_.back()->Load();
    report_(file.name, "version 1 is ready", false);
  }
}

ModelStore::~ModelStore() = default;

ModelStore::Entry* ModelStore::Find(const std::string& name) const {
  const auto found = std::ranges::find_if(entries_, [&](const auto& entry) { return entry->name() == name; });
  return found == entries_.end() ? nullptr : found->get();
}

void ModelStore::Reload() {
  for (const std::unique_ptr<Entry>& entry : entries_) {
    if (!entry->changed()) continue;
    try {
      entry->Load();
      report_(entry->name(), "version " + entry->model()->version + " is ready", false);
    } catch (const std::exception& error) {
      entry->metrics().LoadFailed();
      report_(entry->name(), "version " + entry->model()->version + " stays: " + error.what(), true);
    }
  }
}

ModelStore::Entry::Entry(const ModelFile& file, const BatchOptions& options, ModelMetrics& metrics)
    : file_(file), metrics_(metrics), batcher_(options, metrics) {}

std::shared_ptr<const ServedModel> ModelStore::Entry::model() const {
  const std::lock_guard lock(mutex_);
  return model_;
}

ModelStore::Entry::State ModelStore::Entry::CurrentState() const {
  std::error_code error;
  State state;
  state.time = std::filesystem::last_write_time(file_.path, error);
  state.size = std::filesystem::file_size(file_.path, error);
  return state;
}

bool ModelStore::Entry::changed() const { return CurrentState() != state_; }

void ModelStore::Entry::Load() {
  state_ = CurrentState();  // Before it is read: what is written meanwhile is read next time.
  auto model =
      std::make_shared<const ServedModel>(LoadServedModel(file_.name, std::to_string(version_ + 1), file_.path));
  ++version_;
  metrics_.Loaded(model->version);
  const std::lock_guard lock(mutex_);
  model_ = std::move(model);
}

}  // namespace fallow::serve
