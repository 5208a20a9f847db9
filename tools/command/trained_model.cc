#include "tools/command/trained_model.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "fallow/nn/onnx_file.h"
#include "tools/command/command.h"
#include "tools/command/text.h"

namespace fallow::tools {
namespace {

constexpr const char* kLossKey = "fallow.loss";
constexpr const char* kClassesKey = "fallow.classes";

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

// A model that ends in the function with which `loss` makes probabilities of logits.
bool EndsIn(const nn::Model& model, nn::Loss loss) {
  const std::vector<nn::LayerInfo> layers = model.layer_info();
  if (layers.size() < 2 || model.output_shape().rank() > 2) return false;
  return (loss == nn::Loss::kSoftmaxCrossEntropy && layers.back().spec == "softmax") ||
         (loss == nn::Loss::kBinaryCrossEntropy && layers.back().spec == "sigmoid");
}

nn::Model WithoutLastLayer(nn::Model& model) {
  std::string layers = model.Layers();
  layers.resize(layers.rfind(','));
  nn::Model shorter(model.input_shape(), layers, /*seed=*/0);
  const std::vector<nn::NamedParameter> from = model.parameters(), to = shorter.parameters();
  for (std::size_t i = 0; i < to.size(); ++i)
    std::ranges::copy(from[i].parameter->value.values(), to[i].parameter->value.data());
  return shorter;
}

// What a softmax or sigmoid at the end makes of its outputs.
std::optional<nn::Loss> LossOfLastLayer(const nn::Model& model) {
  for (const nn::Loss loss : {nn::Loss::kSoftmaxCrossEntropy, nn::Loss::kBinaryCrossEntropy}) {
    if (EndsIn(model, loss)) return loss;
  }
  return {};
}

std::vector<std::string> ClassesOf(const nn::LoadedModel& loaded) {
  const auto names = loaded.metadata.find(kClassesKey);
  if (names == loaded.metadata.end()) return {};
  return Split(names->second, ',');
}

}  // namespace

bool IsOnnx(const std::filesystem::path& path) { return path.extension() == ".onnx"; }

nn::LoadedModel ReadModel(const std::filesystem::path& path) {
  if (!IsOnnx(path)) return nn::LoadModel(path);
  nn::OnnxModel onnx = nn::LoadOnnx(path);
  return {std::move(onnx.model), std::move(onnx.metadata)};
}

TrainedModel MakeTrainedModel(nn::LoadedModel loaded, std::optional<nn::Loss> loss) {
  const auto said = loaded.metadata.find(kLossKey);
  if (said != loaded.metadata.end()) {
    nn::CheckOutputs(nn::ParseLoss(said->second), loaded.model.output_shape());
    return {std::move(loaded.model), nn::ParseLoss(said->second), InputScaling::Load(loaded.metadata),
            ClassesOf(loaded)};
  }
  if (!loss) loss = LossOfLastLayer(loaded.model);
  if (loss && EndsIn(loaded.model, *loss)) loaded.model = WithoutLastLayer(loaded.model);
  return {std::move(loaded.model), loss, {}, ClassesOf(loaded)};
}

void AddModelOptions(Options& options, ModelOptions& model) {
  options.Text("model", model.model, "A model.safetensors that 'train' wrote, or an ONNX file").Required();
  options.Text("--data", model.data, "The test part of a data set by name: fashion-mnist");
  options.Text("--images", model.source.images, "Samples, an IDX file, plain or gzip");
  options.Text("--labels", model.source.labels, "Their labels, an IDX file");
  options.Text("--csv", model.source.csv, "Samples, a table of numbers, plain or gzip");
  options.Text("--target", model.source.target, "Its column to predict: a name or a number from 1");
  options
      .Text("--loss", model.loss,
            "Of a file that does not say: softmax_cross_entropy, binary_cross_entropy or mean_squared_error")
      .KnownBy(nn::ParseLoss);
  options.Whole("--threads", model.threads, 0, 4096, "Most threads to use; 0: all. Results do not depend on it");
}

ModelAndData LoadModelAndData(const ModelOptions& options) {
  std::vector<std::string> classes;
  const Source source = ResolveSource(options, &classes);
  std::optional<nn::Loss> loss;
  if (!options.loss.empty()) loss = nn::ParseLoss(options.loss);
  TrainedModel trained = MakeTrainedModel(ReadModel(options.model), loss);
  if (!trained.loss) {
    throw UsageError(options.model + ": does not say what its outputs mean; give its loss by --loss");
  }
  if (loss && *loss != *trained.loss) {
    throw UsageError(options.model + ": its loss is " + std::string(nn::Name(*trained.loss)) + ", not " + options.loss);
  }
  Samples samples = ReadSamples(source);
  if (samples.bytes && !trained.scaling) trained.scaling.emplace().divisor = {255.0f};
  ModelAndData result{std::move(trained.model), *trained.loss, std::move(samples.data), classes};

  const std::size_t takes = result.model.input_shape().elements(), has = result.data.x.cols();
  if (takes != has) {
    const bool target_left_in = !source.csv.empty() && source.target.empty() && has == takes + 1;
    throw UsageError((source.csv.empty() ? source.images : source.csv) + ": has samples of " + std::to_string(has) +
                     " numbers, the model takes " + std::to_string(takes) +
                     (target_left_in ? "; --target names the column to predict" : ""));
  }
  if (trained.scaling) trained.scaling->Apply(result.data.x);
  if (result.data.y.rows() > 0) {
    nn::CheckTarget(result.loss, result.model.output_shape(), result.data.y,
                    source.csv.empty() ? source.labels : source.csv);
  }
  return result;
}

void SaveTrainedModel(const std::filesystem::path& path, nn::Model& model, nn::Loss loss, const InputScaling& scaling,
                      const std::vector<std::string>& classes) {
  std::map<std::string, std::string> metadata = {{kLossKey, std::string(nn::Name(loss))}};
  if (!classes.empty()) metadata[kClassesKey] = Join(classes, ',');
  scaling.Store(metadata);
  nn::SaveModel(path, model, metadata);
}

}  // namespace fallow::tools
