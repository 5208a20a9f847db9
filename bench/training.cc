// Rows of whole training steps: TrainingStep/f32/784-1024-1024-10/dropout=on/batch=128/t=1.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>

#include "bench/grid.h"
#include "bench/register.h"
#include "fallow/nn/loss.h"
#include "fallow/nn/model.h"
#include "fallow/nn/optimizer.h"

namespace fallow::bench {
namespace {

constexpr std::size_t kBatch = 128;

struct Network {
  const char* name;
  const char* with_dropout;
  const char* without;
};

constexpr Network kNetworks[] = {
    {"784-1024-1024-10", "dropout:0.2,dense:1024:relu,dropout:0.5,dense:1024:relu,dropout:0.5,dense:10",
     "dense:1024:relu,dense:1024:relu,dense:10"},
    {"784-128-64-10", "dense:128:relu,dropout:0.5,dense:64:relu,dropout:0.3,dense:10",
     "dense:128:relu,dense:64:relu,dense:10"},
};

// Forward, loss, backward and Adam's update of one batch.
void TrainingStep(benchmark::State& state, const char* layers, int threads) {
  nn::Sequential model(nn::Shape{784}, layers, /*seed=*/1);
  nn::Optimizer optimizer({}, model.parameters());
  nn::Tensor x(kBatch, nn::Shape{784});
  nn::Tensor y(kBatch, nn::Shape{1});
  for (std::size_t i = 0; i < x.values().size(); ++i) x.values()[i] = static_cast<float>(i * 37 % 256) / 255.0f;
  for (std::size_t r = 0; r < kBatch; ++r) y.values()[r] = static_cast<float>(r % 10);
  nn::Tensor gradient;
  nn::Pass pass{.mode = nn::Mode::kTrain, .seed = 1, .execution = {.max_threads = threads}};
  for (auto _ : state) {
    ++pass.step;
    const nn::Tensor& output = model.Forward(pass, x);
    nn::Evaluate(nn::Loss::kSoftmaxCrossEntropy, output, y, &gradient);
    model.Backward(pass, gradient);
    optimizer.Step(1e-3, pass.execution);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kBatch));
}

}  // namespace

void RegisterTraining() {
  for (const Network& network : kNetworks) {
    for (const bool dropout : {true, false}) {
      for (const int threads : ThreadCounts()) {
        const std::string name = std::string("TrainingStep/f32/") + network.name +
                                 (dropout ? "/dropout=on" : "/dropout=off") + "/batch=" + std::to_string(kBatch) +
                                 "/t=" + std::to_string(threads);
        const char* layers = dropout ? network.with_dropout : network.without;
        benchmark::RegisterBenchmark(name.c_str(),
                                     [=](benchmark::State& state) { TrainingStep(state, layers, threads); })
            ->UseRealTime()
            ->Unit(benchmark::kMillisecond);
      }
    }
  }
}

}  // namespace fallow::bench
