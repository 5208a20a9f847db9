// Regions of the runtime's work that make profile records.
#ifndef FALLOW_RUNTIME_REGION_H_
#define FALLOW_RUNTIME_REGION_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "fallow/execution.h"
#include "fallow/nn/layer.h"
#include "fallow/nn/profile.h"
#include "kernels/parallel.h"

namespace fallow::nn {

// Records the time it lives, if there is a sink.
class Region {
 public:
  Region(const char* operation, std::size_t elements, const Execution& execution);
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  // ParallelFor, of work in the region.
  template <class Body>
  void Run(std::size_t count, const Body& body) {
    const int max_threads = execution_.max_threads;
    if (!profiled()) return ParallelFor(count, max_threads, body);
    AddInner(MostThreads(count, max_threads), TimedParallelFor(count, max_threads, body));
  }

 private:
  friend class LayerRegion;

  bool profiled() const { return execution_.profile != nullptr; }
  // From any thread: what all threads spent on something in the region, less what the region's own did.
  void AddInner(int threads, std::int64_t more);

  const Execution& execution_;
  const char* operation_;
  std::size_t elements_;
  const char* spec_ = nullptr;  // Of a layer's.
  std::size_t layer_ = 0;
  std::int64_t start_ = 0;
  std::atomic<std::int64_t> more_of_threads_ = 0;
  std::atomic<int> threads_ = 1;
};

// A layer in one of its passes. What is done with pass() says in its records which layer did it.
class LayerRegion {
 public:
  LayerRegion(const char* operation, std::size_t elements, const Pass& pass, std::size_t layer, const char* spec);
  LayerRegion(const LayerRegion&) = delete;
  LayerRegion& operator=(const LayerRegion&) = delete;

  const Pass& pass() const { return inner_; }

 private:
  static void Stamp(void* context, const CallRecord& record) noexcept;

  Region region_;
  ProfileSink stamp_;
  Pass inner_;
};

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_REGION_H_
