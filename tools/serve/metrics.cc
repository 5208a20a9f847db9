#include "tools/serve/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>

namespace fallow::serve {
namespace {

using prometheus::Histogram;

double Seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

const Histogram::BucketBoundaries kSeconds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                              0.025,  0.05,    0.1,    0.25,  0.5,    1,     2.5};
const Histogram::BucketBoundaries kRequests = {1, 2, 4, 8, 16, 32, 64, 128};
const Histogram::BucketBoundaries kPasses = {1, 4, 16, 64, 256, 1024, 4096};

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;

  prometheus::Family<prometheus::Counter>& requests = prometheus::BuildCounter()
                                                          .Name("fallow_requests_total")
                                                          .Help("Inference requests answered, by HTTP status")
                                                          .Register(registry);
  prometheus::Family<Histogram>& request_seconds = prometheus::BuildHistogram()
                                                       .Name("fallow_request_seconds")
                                                       .Help("From a request's last byte to its answer")
                                                       .Register(registry);
  prometheus::Family<Histogram>& batch_requests = prometheus::BuildHistogram()
                                                      .Name("fallow_batch_requests")
                                                      .Help("Requests that shared a batch")
                                                      .Register(registry);
  prometheus::Family<Histogram>& batch_passes = prometheus::BuildHistogram()
                                                    .Name("fallow_batch_passes")
                                                    .Help("Rows times Monte-Carlo samples of a batch")
                                                    .Register(registry);
  prometheus::Family<Histogram>& batch_seconds = prometheus::BuildHistogram()
                                                     .Name("fallow_batch_seconds")
                                                     .Help("Time that a batch took to compute")
                                                     .Register(registry);
  prometheus::Family<prometheus::Counter>& passes = prometheus::BuildCounter()
                                                        .Name("fallow_passes_total")
                                                        .Help("Rows times Monte-Carlo samples computed")
                                                        .Register(registry);
  prometheus::Family<prometheus::Gauge>& queue =
      prometheus::BuildGauge().Name("fallow_queue_requests").Help("Requests that wait").Register(registry);
  prometheus::Family<prometheus::Gauge>& version =
      prometheus::BuildGauge().Name("fallow_model_version").Help("The version that serves").Register(registry);
  prometheus::Family<prometheus::Counter>& loads = prometheus::BuildCounter()
                                                       .Name("fallow_model_loads_total")
                                                       .Help("Times that a model's file was read, by result")
                                                       .Register(registry);
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<ModelMetrics>> models;
};

namespace {

class PrometheusMetrics : public ModelMetrics {
 public:
  template <class Families>
  PrometheusMetrics(Families& families, const std::string& model)
      : model_(model),
        requests_(families.requests),
        request_seconds_(families.request_seconds.Add({{"model", model}}, kSeconds)),
        batch_requests_(families.batch_requests.Add({{"model", model}}, kRequests)),
        batch_passes_(families.batch_passes.Add({{"model", model}}, kPasses)),
        batch_seconds_(families.batch_seconds.Add({{"model", model}}, kSeconds)),
        passes_(families.passes.Add({{"model", model}})),
        queue_(families.queue.Add({{"model", model}})),
        version_(families.version.Add({{"model", model}})),
        loaded_(families.loads.Add({{"model", model}, {"result", "loaded"}})),
        failed_(families.loads.Add({{"model", model}, {"result", "failed"}})) {}

  void Request(int status, std::chrono::nanoseconds time) override {
    requests_.Add({{"model", model_}, {"status", std::to_string(status)}}).Increment();
    request_seconds_.Observe(Seconds(time));
  }
  void Batch(std::size_t requests, std::size_t passes, std::chrono::nanoseconds time) override {
    batch_requests_.Observe(static_cast<double>(requests));
    batch_passes_.Observe(static_cast<double>(passes));
    batch_seconds_.Observe(Seconds(time));
    passes_.Increment(static_cast<double>(passes));
  }
  void Queue(std::size_t requests) override { queue_.Set(static_cast<double>(requests)); }
  void Loaded(const std::string& version) override {
    version_.Set(std::stod(version));
    loaded_.Increment();
  }
  void LoadFailed() override { failed_.Increment(); }

 private:
  std::string model_;
  prometheus::Family<prometheus::Counter>& requests_;
  Histogram& request_seconds_;
  Histogram& batch_requests_;
  Histogram& batch_passes_;
  Histogram& batch_seconds_;
  prometheus::Counter& passes_;
  prometheus::Gauge& queue_;
  prometheus::Gauge& version_;
  prometheus::Counter& loaded_;
  prometheus::Counter& failed_;
};

}  // namespace

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

ModelMetrics& Metrics::Of(const std::string& model) {
  const std::lock_guard lock(impl_->mutex);
  std::unique_ptr<ModelMetrics>& metrics = impl_->models[model];
  if (metrics == nullptr) metrics = std::make_unique<PrometheusMetrics>(*impl_, model);
  return *metrics;
}

std::string Metrics::Text() const { return prometheus::TextSerializer().Serialize(impl_->registry.Collect()); }

}  // namespace fallow::serve
