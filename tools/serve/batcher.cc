#include "tools/serve/batcher.h"

#include <algorithm>
#include <exception>
#include <future>
#include <optional>
#include <string>
#include <utility>

#include "fallow/rate.h"
#include "tools/serve/request_error.h"

namespace fallow::serve {
namespace {

RequestError TooLate() { return {504, "the request took longer than it may"}; }

}  // namespace

struct Batcher::Job {
  std::shared_ptr<const ServedModel> model;
  std::shared_ptr<const InferRequest> request;
  Clock::time_point arrival;
  Clock::time_point deadline;
  std::promise<nn::McPrediction> promise;

  std::size_t passes() const { return request->x.rows() * std::max<std::size_t>(request->samples, 1); }
  bool SharesBatchWith(const Job& other) const { return model == other.model && request->rate == other.request->rate; }
};

Batcher::Batcher(const BatchOptions& options, ModelMetrics& metrics) : options_(options), metrics_(metrics) {
  for (std::size_t i = 0; i < options.concurrency; ++i) threads_.emplace_back([this] { Work(); });
}

Batcher::~Batcher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

nn::McPrediction Batcher::Predict(std::shared_ptr<const ServedModel> model, std::shared_ptr<const InferRequest> request,
                                  Clock::time_point deadline) {
  const auto job = std::make_shared<Job>(Job{std::move(model), std::move(request), Clock::now(), deadline, {}});
  std::future<nn::McPrediction> prediction = job->promise.get_future();
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= options_.queue) {
      throw RequestError(503, std::to_string(queue_.size()) + " requests wait already; try again later");
    }
    queue_.push_back(job);
    queued_passes_ += job->passes();
    metrics_.Queue(queue_.size());
  }
  changed_.notify_one();
  if (prediction.wait_until(deadline) == std::future_status::timeout) {
    throw TooLate();
  }
  return prediction.get();
}

Batcher::Jobs Batcher::TakeBatch() {
  Jobs batch;
  std::size_t passes = 0;
  for (auto job = queue_.begin(); job != queue_.end();) {
    const bool fits =
        batch.empty() || ((*job)->SharesBatchWith(*batch.front()) && passes + (*job)->passes() <= options_.passes);
    if (!fits) {
      ++job;
      continue;
    }
    passes += (*job)->passes();
    batch.push_back(std::move(*job));
    job = queue_.erase(job);
  }
  queued_passes_ -= passes;
  metrics_.Queue(queue_.size());
  return batch;
}

void Batcher::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const Clock::time_point enough = queue_.front()->arrival + options_.wait;
    changed_.wait_until(lock, enough, [&] { return stopping_ || queued_passes_ >= options_.passes; });
    if (queue_.empty()) continue;  // Another thread was faster.
    const Jobs batch = TakeBatch();
    lock.unlock();
    Compute(batch);
    lock.lock();
  }
}

void Batcher::Compute(const Jobs& taken) {
  const Clock::time_point start = Clock::now();
  Jobs batch;
  for (const std::shared_ptr<Job>& job : taken) {
    if (job->deadline > start) {
      batch.push_back(job);
    } else {
      job->promise.set_exception(std::make_exception_ptr(TooLate()));
    }
  }
  if (batch.empty()) return;
  std::vector<nn::McRequest> requests;
  std::size_t passes = 0;
  for (const std::shared_ptr<Job>& job : batch) {
    const InferRequest& request = *job->request;
    requests.push_back({&request.x, request.samples, request.seed, request.quantiles});
    passes += job->passes();
  }
  const ServedModel& model = *batch.front()->model;
  std::optional<Rate> rate;
  if (batch.front()->request->rate) rate.emplace(*batch.front()->request->rate);
  try {
    std::vector<nn::McPrediction> predictions =
        options_.predictor(model.model, requests, model.loss, rate, options_.execution);
    metrics_.Batch(batch.size(), passes, Clock::now() - start);
    for (std::size_t i = 0; i < batch.size(); ++i) batch[i]->promise.set_value(std::move(predictions[i]));
  } catch (...) {
    for (const std::shared_ptr<Job>& job : batch) job->promise.set_exception(std::current_exception());
  }
}

}  // namespace fallow::serve
