// A region of the runtime's work that makes a profile record.
#ifndef FALLOW_RUNTIME_REGION_H_
#define FALLOW_RUNTIME_REGION_H_

#include <cstddef>
#include <cstdint>

#include "fallow/execution.h"
#include "fallow/nn/profile.h"
#include "kernels/clock.h"
#include "kernels/dispatch.h"
#include "kernels/parallel.h"

namespace fallow::nn {

// Which layer a region is of, if any.
struct LayerName {
  std::size_t index = 0;
  const char* spec = nullptr;
};

// Records the time it lives, if there is a sink.
class Region {
 public:
  // `pieces`: how many the region's work is cut into, for as many threads as the execution allows.
  Region(const char* operation, std::size_t elements, const Execution& execution, std::size_t pieces = 1,
         LayerName layer = {})
      : execution_(execution), operation_(operation), elements_(elements), pieces_(pieces), layer_(layer) {
    if (execution.profile != nullptr) start_ = NowNanoseconds();
  }
  Region(const char* operation, std::size_t elements, const Execution& execution, LayerName layer)
      : Region(operation, elements, execution, 1, layer) {}
  ~Region() {
    if (execution_.profile != nullptr) Record(NowNanoseconds() - start_);
  }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

 private:
  void Record(std::int64_t nanoseconds) const {
    CallRecord record;
    record.operation = operation_;
    record.dtype = DType::kF32;
    record.elements = elements_;
    record.target = UsedTarget(execution_.target);
    record.threads = MostThreads(pieces_, execution_.max_threads);
    record.start = start_;
    record.nanoseconds = nanoseconds;
    record.layer = layer_.index;
    record.spec = layer_.spec;
    execution_.profile->record(execution_.profile->context, record);
  }

  const Execution& execution_;
  const char* operation_;
  std::size_t elements_;
  std::size_t pieces_;
  LayerName layer_;
  std::int64_t start_ = 0;
};

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_REGION_H_
