// fallow sweep: which dropout rates validation data prefer.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>

#include "fallow/nn/training.h"
#include "tools/command/command.h"
#include "tools/command/config.h"
#include "tools/command/files.h"
#include "tools/command/interrupt.h"
#include "tools/command/numbers.h"
#include "tools/command/pictures.h"
#include "tools/command/progress.h"
#include "tools/command/run.h"
#include "tools/command/sweep_plan.h"
#include "tools/command/sweep_results.h"
#include "tools/command/sweep_runner.h"
#include "tools/command/text.h"
#include "tools/command/train_options.h"
#include "tools/command/trained_model.h"
#include "tools/command/training_data.h"

namespace fallow::tools {
namespace {

constexpr std::uint64_t kMostSeeds = 1000;

struct SweepOptions {
  TrainOptions train;
  std::string rates = "0,0.1,0.2,0.3,0.4,0.5,0.6,0.7", search = "grid", score;
  std::uint64_t seeds = 3, share = 2;
};

void ParseSearch(const std::string& name) {
  if (name != "grid" && name != "halving") throw UsageError("got \"" + name + "\", expected grid or halving");
}

void ParseScore(const std::string& name) {
  if (!name.empty() && name != "accuracy" && name != "loss") {
    throw UsageError("got \"" + name + "\", expected accuracy or loss");
  }
}

// Of a folder's sweep, that goes on: nothing but the number of threads may be another.
void CheckSameConfig(const SweepFiles& files, const std::string& config) {
  const auto entries = [](const std::string& text) {
    std::vector<std::string> lines = Split(text, '\n');
    std::erase_if(lines, [](const std::string& line) { return line.starts_with("threads ="); });
    return lines;
  };
  std::ifstream file(files.config());
  const std::vector<std::string> old = entries(std::string(std::istreambuf_iterator<char>(file), {}));
  const std::vector<std::string> now = entries(config);
  for (std::size_t i = 0; i < std::max(old.size(), now.size()); ++i) {
    const std::string before = i < old.size() ? old[i] : "nothing", after = i < now.size() ? now[i] : "nothing";
    if (before != after) {
      throw UsageError(files.folder.string() + ": holds another sweep or run: it has " + before + ", this one " +
                       after);
    }
  }
}

// A sweep's folder, made ready. Destruction takes away again what it added, unless a run got as far as a checkpoint.
class SweepGuard {
 public:
  SweepGuard(const SweepFiles& files, const TrainOptions& options, const std::string& config) : files_(files) {
    const bool holds_one = std::filesystem::exists(files.config());
    if (holds_one && !options.resume && !options.force) {
      throw UsageError(files.folder.string() + ": already holds a sweep or run; --resume continues it, " +
                       "--force replaces it, --run FOLDER leaves it alone");
    }
    if (options.resume && holds_one) {
      CheckSameConfig(files, config);
    } else {
      std::error_code error;
      made_folder_ = std::filesystem::create_directories(files.folder, error);
      if (error) throw UsageError(files.folder.string() + ": cannot be made: " + error.message());
      WriteWhole(files.config(), config);
      for (const auto& path : {files.results(), files.picture(), files.model()}) std::filesystem::remove(path);
      if (holds_one) std::filesystem::remove_all(files.unfinished());
    }
    std::filesystem::create_directories(files.unfinished());
  }

  ~SweepGuard() {
    std::error_code ignored;
    const bool bare = std::filesystem::remove(files_.unfinished(), ignored);  // It is empty.
    if (!bare || std::filesystem::exists(files_.results(), ignored)) return;
    std::filesystem::remove(files_.config(), ignored);
    if (made_folder_) std::filesystem::remove(files_.folder, ignored);
  }

  SweepGuard(const SweepGuard&) = delete;
  SweepGuard& operator=(const SweepGuard&) = delete;

 private:
  SweepFiles files_;
  bool made_folder_ = false;
};

void CheckSweepOptions(const TrainOptions& options) {
  if (options.validation == 0) {
    throw UsageError("--validation is missing: rates chosen by the test data would make the test too kind");
  }
  if (options.rate_control == "gap") {
    throw UsageError("--rate-control gap moves the rates that a sweep would compare");
  }
}

SweepPlan MakePlan(const SweepOptions& options, const TrainingData& data) {
  const TrainOptions& train = options.train;
  nn::Model model(data.train.x.sample_shape(), train.layers, train.seed);
  SweepPlan plan;
  plan.loss = ChooseLoss(train, model.output_shape(), data);
  plan.by_accuracy = options.score.empty() ? nn::HasAccuracy(plan.loss) : options.score == "accuracy";
  if (plan.by_accuracy && !nn::HasAccuracy(plan.loss)) throw UsageError("--score accuracy: the loss has none");
  for (const auto& [layer, rate] : model.dropout_rates()) {
    if (model.set_dropout_rate(layer, rate)) plan.layers.push_back(layer);
  }
  if (plan.layers.empty()) throw UsageError("--layers has no dropout rate to try others for");
  const std::vector<Rates> lists = ParseRateLists(options.rates);
  plan.shared = lists.size() == 1;
  plan.candidates = Candidates(lists, plan.layers.size());
  plan.rungs = PlanRungs(plan.candidates.size(), train.epochs, options.search == "halving" ? options.share : 1);
  for (std::uint64_t i = 0; i < options.seeds; ++i) plan.seeds.push_back(train.seed + i);
  return plan;
}

// The last rung that a candidate was in.
std::size_t LastRung(const SweepPlan& plan, const SweepResults& results, std::size_t candidate) {
  std::size_t rung = 0;
  while (rung + 1 < plan.rungs.size() && std::ranges::count(results.CandidatesOf(rung + 1), candidate) > 0) ++rung;
  return rung;
}

void PrintResults(const SweepPlan& plan, const SweepResults& results) {
  const std::size_t winner = results.Winner();
  std::size_t width = 4;
  for (std::size_t i = 0; i < plan.candidates.size(); ++i) width = std::max(width, plan.Label(i).size());
  const int w = static_cast<int>(width);
  const char* score = plan.by_accuracy ? "accuracy" : "loss";
  std::printf("%-*s          validation           train\n", w, "");
  std::printf("%-*s  epochs  %8s       sd  %8s      gap\n", w, "rate", score, score);
  for (std::size_t i = 0; i < plan.candidates.size(); ++i) {
    const std::size_t rung = LastRung(plan, results, i);
    const Summary summary = results.Summarize(rung, i);
    std::printf("%-*s  %6zu  ", w, plan.Label(i).c_str(), plan.rungs[rung].epochs);
    if (summary.diverged) {
      std::printf("diverged\n");
      continue;
    }
    std::printf("%8.4f %8.4f  %8.4f %8.4f%s\n", summary.mean, summary.deviation, summary.train_mean,
                std::abs(summary.mean - summary.train_mean), i == winner ? "  <- best" : "");
  }
}

// Those that the winner is not clearly better than: less than one standard error of the difference of two means.
void PrintClose(const SweepPlan& plan, const SweepResults& results) {
  const std::size_t last = plan.rungs.size() - 1, winner = results.Winner();
  const Summary best = results.Summarize(last, winner);
  std::string close;
  for (const std::size_t i : results.CandidatesOf(last)) {
    const Summary other = results.Summarize(last, i);
    const double error = std::sqrt((best.deviation * best.deviation + other.deviation * other.deviation) /
                                   static_cast<double>(plan.seeds.size()));
    if (i == winner || other.diverged || std::abs(other.mean - best.mean) > error) continue;
    close += (close.empty() ? "" : ", ") + plan.Label(i);
  }
  if (!close.empty()) std::printf("Within one standard error of the best: %s\n", close.c_str());
}

// As many epochs as the winner's models had on average.
std::size_t EpochsOfWinner(const SweepPlan& plan, const SweepResults& results, const TrainOptions& options) {
  if (options.patience == 0) return options.epochs;
  const Summary summary = results.Summarize(plan.rungs.size() - 1, results.Winner());
  return std::max<std::size_t>(1, static_cast<std::size_t>(std::llround(summary.epoch_mean)));
}

// Trains with the winner's rates on all training data, validation data included. Returns false if interrupted.
bool Refit(const SweepPlan& plan, const SweepResults& results, TrainOptions options, const SweepFiles& files) {
  options.epochs = EpochsOfWinner(plan, results, options);
  options.validation = 0;
  options.patience = 0;
  const TrainingData data = LoadData(options);
  nn::Model model(data.train.x.sample_shape(), options.layers, options.seed);
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    model.set_dropout_rate(plan.layers[i], plan.candidates[results.Winner()][i]);
  }
  nn::TrainingOptions training = ToTrainingOptions(options);
  training.checkpoint = files.unfinished() / "winner.safetensors";
  ProgressBar bar(nn::HasAccuracy(plan.loss));
  nn::TrainingCallbacks callbacks;
  callbacks.on_step = [&](const nn::Progress& progress) { bar.Show(progress); };
  callbacks.should_stop = [] { return InterruptGuard::signal() != 0; };
  if (nn::Train(model, data.train, nullptr, training, callbacks, /*resume=*/true).interrupted) return false;
  bar.Clear();
  SaveTrainedModel(files.model(), model, plan.loss, data.scaling, data.classes);
  std::filesystem::remove(training.checkpoint);

  std::printf("\nThe best, trained again on all %zu training samples for %zu epochs: %s\n", data.train.rows(),
              static_cast<std::size_t>(options.epochs), model.Layers().c_str());
  if (!data.test) return true;
  const nn::LossSum sum = nn::EvaluateModel(model, *data.test, plan.loss, training.execution);
  std::printf("Test data, measured once, at the end: loss %.4f", sum.mean_loss());
  if (nn::HasAccuracy(plan.loss)) std::printf(", accuracy %.4f", sum.accuracy());
  std::printf("\n");
  return true;
}

// The results are worth more than their picture.
void TryDrawSweep(const SweepPlan& plan, const SweepResults& results, const SweepFiles& files) {
  try {
    DrawSweep(plan, results, RunName(files.folder), files.picture());
  } catch (const UsageError& error) {
    std::fprintf(stderr, "fallow sweep: %s\n", error.what());
  }
}

int ReportInterrupt(const Context& context, const SweepFiles& files) {
  const bool kept = std::filesystem::exists(files.results()) || !std::filesystem::is_empty(files.unfinished());
  const std::string next =
      kept ? "continue with: " + context.program + " sweep --resume --run " + ShellQuote(files.folder)
           : "nothing was kept";
  std::fprintf(stderr, "fallow sweep: interrupted; %s\n", next.c_str());
  return 128 + InterruptGuard::signal();
}

// Returns false if interrupted.
bool Search(const SweepPlan& plan, const TrainOptions& options, const TrainingData& data, const SweepFiles& files,
            SweepResults& results) {
  SweepRunner runner(plan, options, data, files, results);
  for (std::size_t rung = 0; rung < plan.rungs.size(); ++rung) {
    if (!runner.RunRung(rung)) return false;
  }
  return true;
}

int RunSweep(const Options& command_line, SweepOptions& options, const Context& context) {
  TrainOptions& train = options.train;
  const bool named = !train.run.empty();
  ResolveTrainOptions(command_line, train);
  const bool own_config = std::filesystem::path(train.config).filename() == "config.toml";
  if (!named && !own_config) train.run += "-sweep";
  CheckSweepOptions(train);
  const SweepFiles files{train.run};

  std::optional<TrainingData> data = LoadData(train);
  const SweepPlan plan = MakePlan(options, *data);
  train.loss = nn::Name(plan.loss);
  options.score = plan.by_accuracy ? "accuracy" : "loss";

  const SweepGuard folder(files, train, FormatConfig(command_line));
  const InterruptGuard interrupt;
  SweepResults results(plan);
  if (std::filesystem::exists(files.results())) results.Read(files.results());
  if (!Search(plan, train, *data, files, results)) return ReportInterrupt(context, files);
  data.reset();  // Refit reads it once more, not split.
  if (results.Summarize(plan.rungs.size() - 1, results.Winner()).diverged) {
    throw UsageError("training diverged at every rate; try a smaller --learning-rate, or --warmup");
  }
  PrintResults(plan, results);
  PrintClose(plan, results);
  TryDrawSweep(plan, results, files);
  std::fflush(stdout);
  if (!std::filesystem::exists(files.model()) && !Refit(plan, results, train, files)) {
    return ReportInterrupt(context, files);
  }
  std::printf("\nIn %s: model.safetensors, results.csv, sweep.png, config.toml\n", files.folder.c_str());
  return kSuccess;
}

}  // namespace

void AddSweep(CLI::App& app, Context& context) {
  Options options(app, "sweep", "Find the dropout rates that validation data prefer");
  const auto sweep = std::make_shared<SweepOptions>();
  AddRunOptions(options, sweep->train);
  options.Group("Sweep");
  options
      .Text("--rates", sweep->rates,
            "Rates to try, for all dropout layers: 0,0.25,0.5; or a list for each: 0,0.2/0.3,0.5")
      .KnownBy(ParseRateLists);
  options.Whole("--seeds", sweep->seeds, 1, kMostSeeds, "Runs a choice of rates, with seeds from --seed on");
  options.Text("--search", sweep->search, "grid or halving").KnownBy(ParseSearch);
  options.Whole("--keep", sweep->share, 2, 100, "Of halving: one of so many goes on, and for so many times as long");
  options.Text("--score", sweep->score, "accuracy or loss, of the validation data; by the task if left out")
      .KnownBy(ParseScore);
  options.Group("");
  AddTrainOptions(options, sweep->train);
  options.Footer(
      std::string(kLayersHelp) +
      "\n\n"
      "What it does\n"
      "  A rate too low and the network learns its samples by heart; too high and it learns too little. Where the "
      "best\n"
      "  lies depends on network and data, and only data kept aside can tell: --validation. A sweep trains the "
      "network\n"
      "  of --layers with each choice of --rates in place of those written there, and prints the mean validation "
      "score\n"
      "  of its runs and their standard deviation. Less than that between two choices means little: more --seeds.\n\n"
      "  grid     trains every choice for all --epochs\n"
      "  halving  trains all choices briefly, keeps the better half (--keep), trains those twice as long, and so on;\n"
      "           the last have all --epochs. Cheaper, but a rate that pays late may be dropped early\n\n"
      "  Runs go on at once, one a thread (--threads), and results do not depend on how many. After Ctrl-C, or a "
      "kill,\n"
      "  --resume continues to the same results. At the end the best is trained again on all training samples, for\n"
      "  --epochs, or with --patience for as long as its runs needed, and measured on the test data, once.\n"
      "  The folder, runs/NAME-sweep if not given, gets results.csv, a line a run; sweep.png, the scores against the\n"
      "  rates; and model.safetensors.\n\n"
      "Examples\n"
      "  " +
      context.program +
      " sweep --config recipes/fashion-6000-dropout.toml --validation 0.2 --rates 0,0.1,0.2/0.3,0.5,0.7/0.5\n"
      "  " +
      context.program +
      " sweep --data fashion-mnist --limit 6000 --validation 0.2 --layers dense:256:relu,dropout:0.5,dense:10\n"
      "  " +
      context.program +
      " sweep --csv flowers.csv --target kind --layers dense:32:relu,dropout:0.2,dense:3 --validation 0.3 "
      "--search halving --epochs 80 --seeds 5\n"
      "  " +
      context.program + " sweep --resume --run runs/flowers-sweep");
  options.Action([options, sweep, &context] { context.exit_code = RunSweep(options, *sweep, context); });
}

}  // namespace fallow::tools
