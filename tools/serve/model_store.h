// The models of a server, each with its batcher; read again when their files change.
#ifndef FALLOW_TOOLS_SERVE_MODEL_STORE_H_
#define FALLOW_TOOLS_SERVE_MODEL_STORE_H_

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tools/serve/batcher.h"
#include "tools/serve/metrics.h"
#include "tools/serve/served_model.h"

namespace fallow::serve {

struct ModelFile {
  std::string name;
  std::filesystem::path path;
};

// "NAME=PATH", or "PATH" with the file's name as name, or its folder's for a "model.*". Throws tools::UsageError for
// a name that no URL segment can hold: other characters than letters, digits, '.', '-' and '_'.
ModelFile ParseModelFile(const std::string& argument);

class ModelStore {
 public:
  // Called with what happened to a model. From the thread that calls Reload.
  using Report = std::function<void(const std::string& model, const std::string& what, bool error)>;

  // Reads all files. Throws nn::Error or tools::UsageError if one cannot be read, or two have one name.
  ModelStore(const std::vector<ModelFile>& files, const BatchOptions& options, Metrics& metrics, Report report);
  ~ModelStore();

  // One of the models. Any number of threads may call anything but Reload at once.
  class Entry;
  Entry* Find(const std::string& name) const;  // Null if there is none.
  const std::vector<std::unique_ptr<Entry>>& entries() const { return entries_; }

  // Reads files that have changed since they were read or refused. The old model serves until the new one is ready; a
  // file that cannot be read is reported and changes nothing.
  void Reload();

 private:
  Report report_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

class ModelStore::Entry {
 public:
  Entry(const ModelFile& file, const BatchOptions& options, ModelMetrics& metrics);

  const std::string& name() const { return file_.name; }
  std::shared_ptr<const ServedModel> model() const;
  Batcher& batcher() { return batcher_; }
  ModelMetrics& metrics() { return metrics_; }

  // Whether the file is another than the one that was read, or refused, last.
  bool changed() const;
  void Load();  // Throws what LoadServedModel throws.

 private:
  // What tells one state of a file from another.
  struct State {
    std::filesystem::file_time_type time;
    std::uintmax_t size = 0;
    bool operator==(const State&) const = default;
  };
  State CurrentState() const;

  ModelFile file_;
  ModelMetrics& metrics_;
  State state_;
  int version_ = 0;
  mutable std::mutex mutex_;
  std::shared_ptr<const ServedModel> model_;
  Batcher batcher_;  // Last: its threads end before the rest is gone.
};

}  // namespace fallow::serve

#endif  // FALLOW_TOOLS_SERVE_MODEL_STORE_H_
