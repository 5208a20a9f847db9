// What became of the time of a training run: profile records, added up as they come.
#ifndef FALLOW_TOOLS_PROFILE_SUMS_H_
#define FALLOW_TOOLS_PROFILE_SUMS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "fallow/profile.h"

namespace fallow::tools {

// Nanoseconds, summed over threads.
struct Times {
  std::int64_t total = 0;
  std::int64_t gemm = 0;              // Matrix products,
  std::int64_t mask = 0;              // masks: generating them,
  std::int64_t apply = 0;             // and all else that kernels do.
  std::uint64_t multiplications = 0;  // Of the matrix products.

  std::int64_t other() const { return total - gemm - mask - apply; }
  Times& operator+=(const Times& times);
};

enum Direction { kForwards, kBackwards, kOfParameters };

struct LayerTimes {
  std::string spec;
  std::array<Times, 3> by_direction;
};

// A record, and which thread it came from.
struct TraceEvent {
  CallRecord record;
  std::size_t thread;
};

// The sink of a training run's Execution; any number of threads. Measures between Resume and Pause, which no record may
// straddle.
class ProfileSums {
 public:
  // Keeps the first `most_events` records, too, as far as they are of whole steps.
  ProfileSums(const std::vector<std::string>& layers, std::size_t most_events);

  const ProfileSink* sink() const { return &sink_; }

  void Resume();
  void Pause();
  void EndStep();
  // Forgets what there was.
  void Restart();

  // After Pause.
  std::int64_t wall() const { return wall_; }  // Nanoseconds between Resume and Pause.
  int threads() const { return threads_; }     // The most that the run may have used at once.
  const std::vector<LayerTimes>& layers() const { return layers_; }
  const Times& loss() const { return loss_; }
  const Times& optimizer() const { return optimizer_; }
  const Times& data() const { return data_; }
  Times all() const;  // The sum of all of these.
  std::size_t steps() const { return steps_; }
  std::span<const TraceEvent> events() const { return {events_.data(), traced_events_}; }
  std::size_t traced_steps() const { return traced_steps_; }  // Whose events those are.

 private:
  static void Record(void* context, const CallRecord& record) noexcept;
  void Add(const CallRecord& record);
  void AddToLayer(const CallRecord& record);
  std::size_t ThisThread();

  ProfileSink sink_;
  std::mutex mutex_;  // Of all that follows, while the run lasts.
  bool measuring_ = false;
  std::int64_t resumed_ = 0;
  std::int64_t wall_ = 0;
  int threads_ = 1;
  std::vector<std::thread::id> seen_;
  std::vector<LayerTimes> layers_;
  Times loss_, optimizer_, data_;
  std::size_t most_events_;
  std::vector<TraceEvent> events_;
  bool events_fit_ = true;
  std::size_t steps_ = 0, traced_steps_ = 0, traced_events_ = 0;
};

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_PROFILE_SUMS_H_
