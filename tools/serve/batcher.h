// Requests of one model that arrive together are computed together.
#ifndef FALLOW_TOOLS_SERVE_BATCHER_H_
#define FALLOW_TOOLS_SERVE_BATCHER_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "fallow/execution.h"
#include "fallow/nn/monte_carlo.h"
#include "tools/serve/infer_message.h"
#include "tools/serve/metrics.h"
#include "tools/serve/served_model.h"

namespace fallow::serve {

// What computes a batch: nn::PredictMonteCarlo's form.
using Predictor = std::vector<nn::McPrediction> (*)(const nn::Model&, std::span<const nn::McRequest>, nn::Loss,
                                                    const std::optional<Rate>&, const Execution&);

struct BatchOptions {
  std::size_t passes = 4096;          // Rows times samples of a batch, at most, unless one request alone has more.
  std::chrono::microseconds wait{0};  // How long the first request of a batch waits for others while none is computed.
  std::size_t queue = 256;            // Requests that may wait. More: 503.
  std::size_t concurrency = 1;        // Batches computed at once.
  Execution execution = {};           // For one batch.
  Predictor predictor = nn::PredictMonteCarlo;
};

// Owns `concurrency` threads. While one batch is computed, what arrives becomes the next.
class Batcher {
 public:
  using Clock = std::chrono::steady_clock;

  Batcher(const BatchOptions& options, ModelMetrics& metrics);
  ~Batcher();  // Answers what is queued first.
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  // The prediction of one request, which depends on nothing else, `request` included but for what is not its input.
  // Blocks. Throws RequestError: 503 if the queue is full, 504 after `deadline`.
  nn::McPrediction Predict(std::shared_ptr<const ServedModel> model, std::shared_ptr<const InferRequest> request,
                           Clock::time_point deadline);

 private:
  struct Job;
  using Jobs = std::vector<std::shared_ptr<Job>>;

  void Work();
  Jobs TakeBatch();  // Under the lock.
  void Compute(const Jobs& batch);

  BatchOptions options_;
  ModelMetrics& metrics_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Job>> queue_;
  std::size_t queued_passes_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace fallow::serve

#endif  // FALLOW_TOOLS_SERVE_BATCHER_H_
