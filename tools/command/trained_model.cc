#include "tools/command/trained_model.h"

#include <utility>

#include "fallow/nn/model_file.h"
#include "tools/command/command.h"

namespace fallow::tools {
namespace {

constexpr const char* kLossKey = "fallow.loss";

Source ResolveSource(const ModelOptions& options, std::vector<std::string>* classes) {
  const bool idx = !options.source.images.empty();
  const bool csv = !options.source.csv.empty();
  if ((options.data.empty() ? 0 : 1) + (idx ? 1 : 0) + (csv ? 1 : 0) != 1) {
    throw UsageError("give the data by one of --data, --images and --csv");
  }
  if (!idx && !options.source.labels.empty()) throw UsageError("--labels goes with --images");
  if (!csv && !options.source.target.empty()) throw UsageError("--target goes with --csv");
  if (options.data.empty()) return options.source;
  KnownData known = FindKnownData(options.data);
  *classes = std::move(known.classes);
  return known.test;
}

}  // namespace

void AddModelOptions(Options& options, ModelOptions& model) {
  options.Text("model", model.model, "A model.safetensors that 'train' wrote").Required();
  options.Text("--data", model.data, "The test part of a data set by name: fashion-mnist");
  options.Text("--images", model.source.images, "Samples, an IDX file, plain or gzip");
  options.Text("--labels", model.source.labels, "Their labels, an IDX file");
  options.Text("--csv", model.source.csv, "Samples, a table of numbers, plain or gzip");
  options.Text("--target", model.source.target, "Its column to predict: a name or a number from 1");
  options.Whole("--threads", model.threads, 0, 4096, "Most threads to use; 0: all. Results do not depend on it");
}

ModelAndData LoadModelAndData(const ModelOptions& options) {
  std::vector<std::string> classes;
  const Source source = ResolveSource(options, &classes);
  nn::LoadedModel loaded = nn::LoadModel(options.model);
  const auto loss = loaded.metadata.find(kLossKey);
  if (loss == loaded.metadata.end()) throw UsageError(options.model + ": was not written by 'fallow train'");
  ModelAndData result{std::move(loaded.model), nn::ParseLoss(loss->second), ReadSamples(source).data, classes};

  const std::size_t takes = result.model.input_shape().elements(), has = result.data.x.cols();
  if (takes != has) {
    const bool target_left_in = !source.csv.empty() && source.target.empty() && has == takes + 1;
    throw UsageError((source.csv.empty() ? source.images : source.csv) + ": has samples of " + std::to_string(has) +
                     " numbers, the model takes " + std::to_string(takes) +
                     (target_left_in ? "; --target names the column to predict" : ""));
  }
  InputScaling::Load(loaded.metadata).Apply(result.data.x);
  if (result.data.y.rows() > 0) {
    nn::CheckTarget(result.loss, result.model.output_shape().elements(), result.data.y,
                    source.csv.empty() ? source.labels : source.csv);
  }
  return result;
}

void SaveTrainedModel(const std::filesystem::path& path, nn::Sequential& model, nn::Loss loss,
                      const InputScaling& scaling) {
  std::map<std::string, std::string> metadata = {{kLossKey, std::string(nn::Name(loss))}};
  scaling.Store(metadata);
  nn::SaveModel(path, model, metadata);
}

}  // namespace fallow::tools
