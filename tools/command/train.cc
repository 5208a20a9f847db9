// fallow train: from a data set to a run folder.
#include <cstdio>
#include <memory>
#include <span>

#include "fallow/nn/training.h"
#include "tools/command/command.h"
#include "tools/command/config.h"
#include "tools/command/event_file.h"
#include "tools/command/files.h"
#include "tools/command/interrupt.h"
#include "tools/command/pictures.h"
#include "tools/command/progress.h"
#include "tools/command/run.h"
#include "tools/command/text.h"
#include "tools/command/train_options.h"
#include "tools/command/trained_model.h"
#include "tools/command/training_data.h"

namespace fallow::tools {
namespace {

// A run's folder, made ready. Destruction takes away again what it added, unless training got as far as a checkpoint.
class RunGuard {
 public:
  RunGuard(const RunFiles& files, const TrainOptions& options, const std::string& config) : files_(files) {
    const bool holds_run = std::filesystem::exists(files.config()) || std::filesystem::exists(files.checkpoint());
    if (holds_run && !options.resume && !options.force) {
      throw UsageError(files.folder.string() + ": already holds a run; --resume continues it, --force replaces it, " +
                       "--run FOLDER leaves it alone");
    }
    std::error_code error;
    made_folder_ = std::filesystem::create_directories(files.folder, error);
    if (error) throw UsageError(files.folder.string() + ": cannot be made: " + error.message());
    if (options.resume && holds_run) return;
    WriteWhole(files.config(), config);
    for (const std::filesystem::path& path : files.results()) std::filesystem::remove(path);
  }

  ~RunGuard() {
    std::error_code ignored;
    if (std::filesystem::exists(files_.checkpoint(), ignored)) return;
    std::filesystem::remove(files_.config(), ignored);
    if (made_folder_) std::filesystem::remove(files_.folder, ignored);
  }

  RunGuard(const RunGuard&) = delete;
  RunGuard& operator=(const RunGuard&) = delete;

 private:
  RunFiles files_;
  bool made_folder_ = false;
};

nn::TrainingResult TrainWithBar(nn::Model& model, const TrainingData& data, const nn::TrainingOptions& options,
                                Run& run, const RunFiles& files, bool resume) {
  ProgressBar bar(nn::HasAccuracy(run.loss));
  nn::TrainingCallbacks callbacks;
  callbacks.on_step = [&](const nn::Progress& progress) { bar.Show(progress); };
  callbacks.should_stop = [] { return InterruptGuard::signal() != 0; };
  callbacks.on_resume = [&](std::span<const nn::EpochRecord> past) {
    run.history = {past.begin(), past.end()};
    ContinueEvents(files.events(), run);
  };
  callbacks.on_epoch = [&](const nn::EpochRecord& record) {
    run.history.push_back(record);
    WriteWhole(files.history(), FormatHistory(run));
    AppendEvent(files.events(), run);
  };
  const InterruptGuard guard;
  return nn::Train(model, data.train, data.held_out(), options, callbacks, resume);
}

int ReportInterrupt(const Context& context, const Run& run, const TrainOptions& options) {
  const std::string next =
      run.history.empty() ? "; nothing was kept"
                          : "; continue with: " + context.program + " train --resume --run " + ShellQuote(options.run);
  std::fprintf(stderr, "fallow train: interrupted after %zu of %zu epochs%s\n", run.history.size(),
               static_cast<std::size_t>(options.epochs), next.c_str());
  return 128 + InterruptGuard::signal();
}

void PrintNextSteps(const Context& context, const TrainOptions& options, const RunFiles& files) {
  const bool test = !options.test.images.empty() || !options.test.csv.empty();
  const Source& source = test ? options.test : options.train;
  const std::string data = !options.data.empty() ? " --data " + options.data
                           : !source.csv.empty()
                               ? " --csv " + ShellQuote(source.csv) + " --target " + ShellQuote(options.train.target)
                               : " --images " + ShellQuote(source.images) + " --labels " + ShellQuote(source.labels);
  const std::string model = ShellQuote(files.model()) + data;
  std::printf("\nTry next:\n  %s eval %s\n  %s predict %s --mc 50 --least-sure 10\n", context.program.c_str(),
              model.c_str(), context.program.c_str(), model.c_str());
}

// Where rates moved, those that the model keeps.
void PrintRates(const Run& run) {
  if (!RatesMove(run)) return;
  std::printf("Its dropout rates:");
  for (const auto& [layer, rate] : run.model_epoch().dropout_rates) std::printf(" %.3g (layer %zu)", rate, layer);
  std::printf("\n");
}

void PrintSummary(const Run& run, const RunFiles& files, const std::string& picture) {
  PrintRuns({run});
  std::printf("\nThe model is that of epoch %zu.\n", run.model_epoch().epoch);
  PrintRates(run);
  std::printf(
      "In %s: model.safetensors, history.csv, %sconfig.toml, checkpoint.safetensors,\n"
      "events.out.tfevents.fallow (for TensorBoard)\n",
      files.folder.c_str(), picture.c_str());
}

void PrintTest(nn::Model& model, const nn::Dataset& test, const Run& run, const nn::TrainingOptions& options) {
  const nn::LossSum sum = nn::EvaluateModel(model, test, run.loss, options.execution, options.loss_options);
  std::printf("\nTest data, measured once, at the end: loss %.4f", sum.mean_loss());
  if (nn::HasAccuracy(run.loss)) std::printf(", accuracy %.4f", sum.accuracy());
  std::printf("\n");
}

// A model is worth more than its picture: a picture that cannot be drawn is reported, no more.
bool TryDrawCurves(const Run& run, const RunFiles& files) {
  try {
    DrawCurves({run}, files.curves());
    return true;
  } catch (const UsageError& error) {
    std::fprintf(stderr, "fallow train: %s\n", error.what());
    return false;
  }
}

int RunTrain(const Options& command_line, TrainOptions& options, const Context& context) {
  ResolveTrainOptions(command_line, options);
  const RunFiles files{options.run};
  const TrainingData data = LoadData(options);
  nn::Model model(data.train.x.sample_shape(), options.layers, options.seed);

  Run run{.name = RunName(files.folder), .loss = {}, .keeps_best = options.patience > 0, .held_out = "", .history = {}};
  run.loss = ChooseLoss(options, model.output_shape(), data);
  run.held_out = data.validation ? "validation" : data.test ? "test" : "";
  options.loss = nn::Name(run.loss);

  nn::TrainingOptions training = ToTrainingOptions(options);
  training.checkpoint = files.checkpoint();
  const std::string config = FormatConfig(command_line);
  const RunGuard guard(files, options, config);
  const nn::TrainingResult result = TrainWithBar(model, data, training, run, files, options.resume);
  run.history = result.history;
  if (result.interrupted) return ReportInterrupt(context, run, options);

  WriteWhole(files.config(), config);  // A resumed run may have been given more epochs.
  WriteWhole(files.history(), FormatHistory(run));
  SaveTrainedModel(files.model(), model, run.loss, data.scaling, data.classes);
  const bool drawn = TryDrawCurves(run, files);
  PrintSummary(run, files, drawn ? "curves.png, " : "");
  if (data.validation && data.test) PrintTest(model, *data.test, run, training);
  PrintNextSteps(context, options, files);
  return kSuccess;
}

}  // namespace

void AddTrain(CLI::App& app, Context& context) {
  Options options(app, "train", "Train a network; the results go into a run folder");
  const auto train = std::make_shared<TrainOptions>();
  AddRunOptions(options, *train);
  AddTrainOptions(options, *train);
  options.Footer(std::string(kLayersHelp) + "\n\n" + kRateControlHelp +
                 "\n\n"
                 "Examples\n"
                 "  " +
                 context.program +
                 " train --data fashion-mnist --layers dense:128:relu,dropout:0.5,dense:10 --epochs 5\n"
                 "  " +
                 context.program +
                 " train --config recipes/fashion-6000-dropout.toml --seed 2 --run runs/second\n"
                 "  " +
                 context.program +
                 " train --data fashion-mnist --validation 0.1 --rate-control gap --run runs/followed "
                 "--layers dense:256:relu,dropout:0.2,dense:10\n"
                 "  " +
                 context.program +
                 " train --csv flowers.csv --target kind --layers dense:32:relu,dropout:0.2,dense:3\n"
                 "  " +
                 context.program + " train --resume --run runs/second");
  options.Action([options, train, &context] { context.exit_code = RunTrain(options, *train, context); });
}

}  // namespace fallow::tools
