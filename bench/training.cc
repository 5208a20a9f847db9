// Rows of training steps and of whole epochs: TrainingStep/f32/784-1024-1024-10/dropout=on/batch=128/t=1. Those of
// PyTorch are in peers/torch_epochs.py.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/grid.h"
#include "bench/register.h"
#include "fallow/nn/data.h"
#include "fallow/nn/loss.h"
#include "fallow/nn/model.h"
#include "fallow/nn/optimizer.h"
#include "fallow/nn/training.h"

namespace fallow::bench {
namespace {

constexpr std::size_t kEpochs = 4;
const std::filesystem::path kData = "/usr/share/datasets/fashion-mnist";

struct Network {
  const char* name;
  nn::Shape input;
  const char* with_dropout;
  const char* without;
  std::size_t batch = 128;
  bool images = true;  // Whether it takes those of kData, and so has epochs.
};

const Network kNetworks[] = {
    {"784-1024-1024-10",
     {784},
     "dropout:0.2,dense:1024:relu,dropout:0.5,dense:1024:relu,dropout:0.5,dense:10",
     "dense:1024:relu,dense:1024:relu,dense:10"},
    {"784-128-64-10",
     {784},
     "dense:128:relu,dropout:0.5,dense:64:relu,dropout:0.3,dense:10",
     "dense:128:relu,dense:64:relu,dense:10"},
    {"cnn",
     {28, 28},
     "conv2d:32:3:relu,conv2d:32:3:relu,maxpool2d:2,dropout:0.25,conv2d:64:3:relu,conv2d:64:3:relu,maxpool2d:2,"
     "dropout:0.25,flatten,dense:128:relu,dropout:0.5,dense:10",
     "conv2d:32:3:relu,conv2d:32:3:relu,maxpool2d:2,conv2d:64:3:relu,conv2d:64:3:relu,maxpool2d:2,flatten,"
     "dense:128:relu,dense:10"},
    // An image is a sequence of its 28 rows.
    {"lstm",
     {28, 28},
     "lstm:128:sequences=1,dropout:0.3,lstm:128,dropout:0.5,dense:10",
     "lstm:128:sequences=1,lstm:128,dense:10"},
    {"transformer",
     {128, 256},
     "transformer:256:8:1024:dropout=0.1,transformer:256:8:1024:dropout=0.1,flatten,dense:10",
     "transformer:256:8:1024:dropout=0,transformer:256:8:1024:dropout=0,flatten,dense:10",
     16,
     false},
};

const char* Layers(const Network& network, bool dropout) { return dropout ? network.with_dropout : network.without; }

// Forward, loss, backward and Adam's update of one batch.
void TrainingStep(benchmark::State& state, const Network& network, bool dropout, int threads) {
  nn::Model model(network.input, Layers(network, dropout), /*seed=*/1);
  nn::Optimizer optimizer({}, model.parameters());
  nn::Tensor x(network.batch, network.input);
  nn::Tensor y(network.batch, nn::Shape{1});
  for (std::size_t i = 0; i < x.values().size(); ++i) x.values()[i] = static_cast<float>(i * 37 % 256) / 255.0f;
  for (std::size_t r = 0; r < y.rows(); ++r) y.values()[r] = static_cast<float>(r % 10);
  nn::Tensor gradient;
  nn::Pass pass{.mode = nn::Mode::kTrain, .seed = 1, .execution = {.max_threads = threads}};
  for (auto _ : state) {
    ++pass.step;
    const nn::Tensor& output = model.Forward(pass, x);
    nn::Evaluate(nn::Loss::kSoftmaxCrossEntropy, output, y, &gradient);
    model.Backward(pass, gradient);
    optimizer.Step(1e-3, pass.execution);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(network.batch));
}

nn::Dataset ReadImages(const std::string& prefix) {
  nn::Tensor images = nn::ReadIdx(kData / (prefix + "-images-idx3-ubyte.gz"));
  for (float& value : images.values()) value /= 255.0f;
  return {std::move(images), nn::ReadIdx(kData / (prefix + "-labels-idx1-ubyte.gz"))};
}

// Time is the median of all epochs but the first, without evaluation; the accuracy is that on the test images after the
// last. Each repetition has a seed of its own.
void TrainingEpoch(benchmark::State& state, const Network& network, bool dropout, int threads, std::uint64_t seed) {
  if (!std::filesystem::exists(kData)) return state.SkipWithError("dataset-fashion-mnist is not installed");
  static const nn::Dataset train = ReadImages("train"), test = ReadImages("t10k");
  const Execution execution{.max_threads = threads};
  nn::Model model(network.input, Layers(network, dropout), seed);
  nn::TrainingOptions options;
  options.epochs = kEpochs;
  options.batch_size = network.batch;
  options.seed = seed;
  options.execution = execution;
  const nn::TrainingResult result = nn::Train(model, train, nullptr, options);
  std::vector<double> seconds;
  for (const nn::EpochRecord& epoch : result.history) seconds.push_back(epoch.seconds);
  std::nth_element(seconds.begin() + 1, seconds.begin() + 1 + (kEpochs - 1) / 2, seconds.end());
  const double median = seconds[1 + (kEpochs - 1) / 2];
  for (auto _ : state) state.SetIterationTime(median);
  state.SetItemsProcessed(static_cast<std::int64_t>(train.rows()));
  state.counters["seconds"] = median;
  state.counters["images_per_second"] = static_cast<double>(train.rows()) / median;
  state.counters["epochs"] = static_cast<double>(kEpochs);
  state.counters["accuracy"] = nn::EvaluateModel(model, test, nn::Loss::kSoftmaxCrossEntropy, execution).accuracy();
}

benchmark::internal::Benchmark* Register(const char* operation, const Network& network, bool dropout, int threads,
                                         const std::function<void(benchmark::State&)>& run) {
  const std::string name = std::string(operation) + "/f32/" + network.name +
                           (dropout ? "/dropout=on" : "/dropout=off") + "/batch=" + std::to_string(network.batch) +
                           "/t=" + std::to_string(threads);
  return benchmark::RegisterBenchmark(name.c_str(), run)->Unit(benchmark::kMillisecond);
}

}  // namespace

void RegisterTraining() {
  for (const Network& network : kNetworks) {
    for (const bool dropout : {true, false}) {
      for (const int threads : ThreadCounts()) {
        Register("TrainingStep", network, dropout, threads, [=, &network](benchmark::State& state) {
          TrainingStep(state, network, dropout, threads);
        })->UseRealTime();
        if (!network.images) continue;
        Register("TrainingEpoch", network, dropout, threads,
                 [=, &network, seed = std::uint64_t{0}](benchmark::State& state) mutable {
                   TrainingEpoch(state, network, dropout, threads, ++seed);
                 })
            ->UseManualTime()
            ->Iterations(1);
      }
    }
  }
}

}  // namespace fallow::bench
