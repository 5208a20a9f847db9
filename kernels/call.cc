#include "kernels/call.h"

#include "kernels/dispatch.h"

namespace fallow {

void Call::Record() const {
  CallRecord record;
  record.nanoseconds = NowNanoseconds() - start_;  // Before the rest costs time.
  record.operation = operation_;
  record.dtype = type_;
  record.elements = elements_;
  record.target = UsedTarget(execution_.target);
  record.threads = threads_;
  record.start = start_;
  record.thread_nanoseconds = record.nanoseconds + more_of_threads_;
  record.mask_nanoseconds = mask_nanoseconds_.load(std::memory_order_relaxed);
  execution_.profile->record(execution_.profile->context, record);
}

}  // namespace fallow
