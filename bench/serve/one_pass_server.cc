// What `fallow serve` is held against: the same server, but each request computed by itself, one pass after the other,
// each through all layers. Usage: one_pass_server MODEL: serves at a free port, which it prints, until it is killed.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <span>
#include <vector>

#include "runtime/sample_statistics.h"
#include "tools/serve/access_log.h"
#include "tools/serve/metrics.h"
#include "tools/serve/model_store.h"
#include "tools/serve/server.h"

namespace fallow::serve {
namespace {

nn::McPrediction PredictPassByPass(const nn::Model& shared, const nn::McRequest& request, nn::Loss loss,
                                   const Execution& execution) {
  // One batcher thread alone has the model.
  auto& model = const_cast<nn::Model&>(shared);
  const std::size_t samples = std::max<std::size_t>(request.samples, 1), outputs = model.output_shape().elements();
  std::vector<float> values;
  for (std::uint64_t t = 0; t < samples; ++t) {
    const nn::Mode mode = request.samples == 0 ? nn::Mode::kInfer : nn::Mode::kMonteCarlo;
    const auto y = model.Forward({mode, request.seed, t, /*first_row=*/0, execution}, *request.x).values();
    values.insert(values.end(), y.begin(), y.end());
  }
  nn::McPrediction prediction{nn::Tensor(1, model.output_shape()), nn::Tensor(1, model.output_shape()), {}, {}, {}};
  prediction.predictive_entropy.Resize(1, nn::Shape{1});
  prediction.mutual_information.Resize(1, nn::Shape{1});
  nn::StoreStatistics({values.data(), samples, outputs}, loss, /*row=*/0, &prediction);
  return prediction;
}

std::vector<nn::McPrediction> PredictOneByOne(const nn::Model& model, std::span<const nn::McRequest> requests,
                                              nn::Loss loss, const std::optional<Rate>&, const Execution& execution) {
  std::vector<nn::McPrediction> predictions;
  for (const nn::McRequest& request : requests) {
    predictions.push_back(PredictPassByPass(model, request, loss, execution));
  }
  return predictions;
}

int Run(const char* path) {
  const BatchOptions options{.passes = 1, .execution = {.max_threads = 1, .target = {}}, .predictor = PredictOneByOne};
  Metrics metrics;
  AccessLog log(nullptr);
  ModelStore models({{"model", path}}, options, metrics, [](const auto&, const auto&, bool) {});
  ServerOptions at_any_port;
  at_any_port.port = 0;
  Server server(at_any_port, models, metrics, log);
  std::printf("%d\n", server.Bind());
  std::fflush(stdout);
  server.Serve();
  return 0;
}

}  // namespace
}  // namespace fallow::serve

int main(int argc, char** argv) {
  if (argc == 2) return fallow::serve::Run(argv[1]);
  std::fputs("Usage: one_pass_server MODEL\n", stderr);
  return 2;
}
