// fallow profile: where the time of training goes.
#include <cstdio>
#include <memory>

#include "fallow/nn/training.h"
#include "tools/command/command.h"
#include "tools/command/interrupt.h"
#include "tools/command/profile_sums.h"
#include "tools/command/profile_table.h"
#include "tools/command/progress.h"
#include "tools/command/text.h"
#include "tools/command/trace_file.h"
#include "tools/command/train_options.h"
#include "tools/command/training_data.h"

namespace fallow::tools {
namespace {

// Some 25 MB, and a file of 40.
constexpr std::size_t kMostEvents = 200'000;

struct ProfileOptions {
  TrainOptions train;
  std::uint64_t steps = 100;
  std::string trace;
};

// Early: a run may take long.
void CheckTrace(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.parent_path();
  if (std::filesystem::is_directory(path)) throw UsageError("--trace: " + path.string() + " is a folder");
  if (!folder.empty() && !std::filesystem::is_directory(folder)) {
    throw UsageError("--trace: there is no folder " + folder.string());
  }
}

// Returns how many samples were trained on. Measures steps alone: neither the evaluation after an epoch nor the first
// step, which allocates buffers and starts threads, if there are others.
std::size_t MeasureSteps(nn::Model& model, const TrainingData& data, const nn::TrainingOptions& training,
                         std::uint64_t most_steps, ProfileSums& sums) {
  std::size_t samples = 0;
  const std::size_t rows = data.train.rows();
  const auto done = [&] { return most_steps != 0 && sums.steps() >= most_steps; };
  ProgressBar bar(nn::HasAccuracy(training.loss));
  nn::TrainingCallbacks callbacks;
  callbacks.on_step = [&](const nn::Progress& progress) {
    const bool last = progress.step == progress.steps_per_epoch;
    if (progress.epoch == 1 && progress.step == 1 && progress.epochs * progress.steps_per_epoch > 1) {
      sums.Restart();
    } else {
      sums.EndStep();
      samples += last ? rows - (progress.step - 1) * training.batch_size : training.batch_size;
    }
    if (last || done()) sums.Pause();
    bar.Show(progress);
  };
  callbacks.on_epoch = [&](const nn::EpochRecord&) { sums.Resume(); };
  callbacks.should_stop = [&] { return InterruptGuard::signal() != 0 || done(); };
  sums.Resume();
  nn::Train(model, data.train, data.validation ? &*data.validation : nullptr, training, callbacks);
  sums.Pause();
  return samples;
}

void WriteTraceOf(const ProfileSums& sums, const std::string& layers, const std::string& path) {
  WriteTrace(path, "fallow profile " + layers, {sums.events().begin(), sums.events().end()});
  std::printf("\n%s: %zu events; open it in chrome://tracing or https://ui.perfetto.dev\n", path.c_str(),
              sums.events().size());
  if (sums.traced_steps() == sums.steps()) return;
  std::printf("It holds the first %zu steps, as it may have no more than %zu events. The table has all steps.\n",
              sums.traced_steps(), kMostEvents);
}

int RunProfile(const Options& command_line, ProfileOptions& options) {
  ResolveTrainOptions(command_line, options.train);
  if (!options.trace.empty()) CheckTrace(options.trace);
  const TrainingData data = LoadData(options.train);
  nn::Model model(data.train.x.sample_shape(), options.train.layers, options.train.seed);
  options.train.loss = nn::Name(ChooseLoss(options.train, model.output_shape(), data));

  std::vector<std::string> layers;
  for (const nn::LayerInfo& info : model.layer_info()) layers.push_back(info.spec);
  ProfileSums sums(layers, options.trace.empty() ? 0 : kMostEvents);
  nn::TrainingOptions training = ToTrainingOptions(options.train);
  training.execution.profile = sums.sink();
  const InterruptGuard guard;
  const std::size_t samples = MeasureSteps(model, data, training, options.steps, sums);
  if (InterruptGuard::signal() != 0)
    std::fprintf(stderr, "fallow profile: interrupted after %zu steps\n", sums.steps());
  if (sums.steps() > 0) {
    PrintProfile(sums, samples);
    if (!options.trace.empty()) WriteTraceOf(sums, model.Layers(), options.trace);
  }
  return InterruptGuard::signal() != 0 ? 128 + InterruptGuard::signal() : kSuccess;
}

}  // namespace

void AddProfile(CLI::App& app, Context& context) {
  Options options(app, "profile", "Show where the time of training goes: layer by layer, and as a trace");
  const auto profile = std::make_shared<ProfileOptions>();
  profile->train.epochs = 1;
  options
      .Whole("--steps", profile->steps, 0, kNoLimit,
             "Stop after N steps, or after --epochs if that comes first; 0: after --epochs")
      .NotInConfig();
  options.Text("--trace", profile->trace, "A file for chrome://tracing or ui.perfetto.dev: every call on every thread")
      .NotInConfig();
  AddTrainOptions(options, profile->train);
  options.Footer(
      std::string(kLayersHelp) +
      "\n\n"
      "The table\n"
      "  Trains as 'train' does with the same options, keeps nothing, and prints what each layer took: forward,\n"
      "  backward (the gradient of its input) and gradients (those of its weights). Times are summed over threads;\n"
      "  shares are of the wall time times the threads, so that 'waiting' is what threads did nothing useful in.\n"
      "  GEMM is time in the BLAS; mask and apply split what Fallow's kernels took: generating masks, and the rest.\n"
      "  The first step, which allocates, is not measured, nor is the evaluation after an epoch.\n\n"
      "The trace\n"
      "  One row a thread, one bar a layer and row block, with the products and kernels inside. It holds the first\n"
      "  200,000 events, some 1,000 steps of a few layers.\n\n"
      "Examples\n"
      "  " +
      context.program +
      " profile --data fashion-mnist --layers dense:1024:relu,dropout:0.5,dense:10\n"
      "  " +
      context.program +
      " profile --config recipes/fashion-6000-dropout.toml --steps 20 --trace trace.json\n"
      "  " +
      context.program +
      " profile --csv flowers.csv --target kind --layers dense:32:relu,dense:3 --threads 1 --steps 0");
  options.Action([options, profile, &context] { context.exit_code = RunProfile(options, *profile); });
}

}  // namespace fallow::tools
