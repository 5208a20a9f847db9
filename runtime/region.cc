#include "runtime/region.h"

#include "kernels/clock.h"
#include "kernels/dispatch.h"

namespace fallow::nn {

Region::Region(const char* operation, std::size_t elements, const Execution& execution)
    : execution_(execution), operation_(operation), elements_(elements) {
  if (profiled()) start_ = NowNanoseconds();
}

Region::~Region() {
  if (!profiled()) return;
  CallRecord record;
  record.nanoseconds = NowNanoseconds() - start_;  // Before the rest costs time.
  record.thread_nanoseconds = record.nanoseconds + more_of_threads_.load(std::memory_order_relaxed);
  record.operation = operation_;
  record.dtype = DType::kF32;
  record.elements = elements_;
  record.target = UsedTarget(execution_.target);
  record.threads = threads_.load(std::memory_order_relaxed);
  record.start = start_;
  record.spec = spec_;
  record.layer = layer_;
  if (spec_ != nullptr) record.pass = operation_;
  execution_.profile->record(execution_.profile->context, record);
}

void Region::AddInner(int threads, std::int64_t more) {
  more_of_threads_.fetch_add(more, std::memory_order_relaxed);
  int most = threads_.load(std::memory_order_relaxed);
  while (most < threads && !threads_.compare_exchange_weak(most, threads, std::memory_order_relaxed)) {
  }
}

LayerRegion::LayerRegion(const char* operation, std::size_t elements, const Pass& pass, std::size_t layer,
                         const char* spec)
    : region_(operation, elements, pass.execution), stamp_{&Stamp, this}, inner_(pass) {
  region_.spec_ = spec;
  region_.layer_ = layer;
  if (region_.profiled()) inner_.execution.profile = &stamp_;
}

void LayerRegion::Stamp(void* context, const CallRecord& record) noexcept {
  Region& region = static_cast<LayerRegion*>(context)->region_;
  region.AddInner(record.threads, record.thread_nanoseconds - record.nanoseconds);
  CallRecord stamped = record;
  stamped.spec = region.spec_;
  stamped.pass = region.operation_;
  stamped.layer = region.layer_;
  const ProfileSink& sink = *region.execution_.profile;
  sink.record(sink.context, stamped);
}

}  // namespace fallow::nn
