// Inference in the Open Inference Protocol (KServe v2) over HTTP, with its binary tensor extension.
// https://github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md
#ifndef FALLOW_TOOLS_SERVE_INFER_MESSAGE_H_
#define FALLOW_TOOLS_SERVE_INFER_MESSAGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fallow/nn/monte_carlo.h"
#include "fallow/nn/tensor.h"
#include "tools/serve/limits.h"
#include "tools/serve/served_model.h"

namespace fallow::serve {

enum class Statistic : std::uint8_t { kMean, kStandardDeviation, kPredictiveEntropy, kMutualInformation, kQuantile };

// A tensor that the answer shall hold. Its name is the model's output for the mean, or "standard_deviation",
// "predictive_entropy", "mutual_information", "quantile_0.05".
struct WantedOutput {
  std::string name;
  Statistic statistic = Statistic::kMean;
  std::size_t quantile = 0;  // Index in `quantiles`.
  bool binary = false;
};

struct InferRequest {
  std::string id;
  nn::Tensor x;                // Scaled as the model expects it.
  std::uint64_t samples = 0;   // Parameter mc_samples; 0: one pass, dropout off.
  std::uint64_t seed = 0;      // Parameter seed.
  std::optional<double> rate;  // Parameter rate.
  std::vector<double> quantiles;
  std::vector<WantedOutput> outputs;  // The mean alone if the request names none.
};

// A body. With the binary extension, `json_bytes` of JSON and behind them tensors.
struct Message {
  std::string body;
  std::optional<std::size_t> json_bytes;
};

// Throws RequestError, 400 or 413, naming what is wrong.
InferRequest ParseInferRequest(const ServedModel& model, const Limits& limits, std::string_view body,
                               std::optional<std::size_t> json_bytes);

// The same bytes for the same arguments. Throws RequestError, 422, if JSON cannot hold a result: an infinity or a NaN.
Message FormatInferResponse(const ServedModel& model, const InferRequest& request, const nn::McPrediction& prediction);

// Names, types and shapes of what the model takes and gives; as parameters its layers, the names of its outputs, what
// makes them probabilities, and how inputs are scaled, under the names that these have in files of `fallow train`.
std::string FormatModelMetadata(const ServedModel& model);

}  // namespace fallow::serve

#endif  // FALLOW_TOOLS_SERVE_INFER_MESSAGE_H_
