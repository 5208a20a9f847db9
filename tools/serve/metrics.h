// What a server counts, for Prometheus.
#ifndef FALLOW_TOOLS_SERVE_METRICS_H_
#define FALLOW_TOOLS_SERVE_METRICS_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace fallow::serve {

// Of one model. Any number of threads may call.
class ModelMetrics {
 public:
  virtual ~ModelMetrics() = default;
  virtual void Request(int status, std::chrono::nanoseconds time) = 0;
  virtual void Batch(std::size_t requests, std::size_t passes, std::chrono::nanoseconds time) = 0;
  virtual void Queue(std::size_t requests) = 0;
  virtual void Loaded(const std::string& version) = 0;
  virtual void LoadFailed() = 0;
};

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The same object for the same name, as long as this lives.
  ModelMetrics& Of(const std::string& model);
  // In Prometheus's text format.
  std::string Text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fallow::serve

#endif  // FALLOW_TOOLS_SERVE_METRICS_H_
