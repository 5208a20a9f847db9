// One public call: how it may use the machine, and what its profile record will say.
//
// A public function makes a Call first and ends with `return call.Done()` where it succeeds. Whatever it calls gets the
// Call instead of the Execution; so nothing but public functions records.
#ifndef FALLOW_KERNELS_CALL_H_
#define FALLOW_KERNELS_CALL_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "fallow/array.h"
#include "fallow/execution.h"
#include "fallow/profile.h"
#include "fallow/status.h"
#include "kernels/clock.h"
#include "kernels/parallel.h"

namespace fallow {

class Call {
 public:
  // `operation`: the function's __func__.
  Call(const char* operation, DType type, std::size_t elements, const Execution& execution)
      : execution_(execution), operation_(operation), elements_(elements), type_(type) {
    if (profiled()) [[unlikely]]
      start_ = NowNanoseconds();
  }
  Call(const char* operation, const ConstArray& array, const Execution& execution)
      : Call(operation, array.type(), array.size(), execution) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  int max_threads() const { return execution_.max_threads; }
  Target target() const { return execution_.target; }
  bool profiled() const { return execution_.profile != nullptr; }

  // The call has succeeded.
  Status Done() const {
    if (profiled()) [[unlikely]]
      Record();
    return {};
  }

  // The rest is only for calls that are profiled.

  // By the caller's thread: pieces that took `more` nanoseconds of all threads than of this one.
  void AddPieces(int threads, std::int64_t more) const {
    threads_ = std::max(threads_, threads);
    more_of_threads_ += more;
  }
  // By any.
  void AddMaskTime(std::int64_t nanoseconds) const {
    mask_nanoseconds_.fetch_add(nanoseconds, std::memory_order_relaxed);
  }

 private:
  void Record() const;

  const Execution& execution_;
  const char* operation_;
  std::size_t elements_;
  std::int64_t start_ = 0;
  mutable std::atomic<std::int64_t> mask_nanoseconds_ = 0;
  mutable std::int64_t more_of_threads_ = 0;
  mutable int threads_ = 1;
  DType type_;
};

// ParallelFor, on at most `max_threads` threads, which is at most what the call may use.
template <class Body>
void ParallelFor(std::size_t count, const Call& call, int max_threads, const Body& body) noexcept {
  if (!call.profiled()) return ParallelFor(count, max_threads, body);
  call.AddPieces(MostThreads(count, max_threads), TimedParallelFor(count, max_threads, body));
}

template <class Body>
void ParallelFor(std::size_t count, const Call& call, const Body& body) noexcept {
  ParallelFor(count, call, call.max_threads(), body);
}

// Calls get(), which gets a part of a mask or of random words.
template <class Get>
void TimeMask(const Call& call, const Get& get) {
  if (!call.profiled()) [[likely]]
    return get();
  const std::int64_t start = NowNanoseconds();
  get();
  call.AddMaskTime(NowNanoseconds() - start);
}

// source.Fill, where `source` is a MaskWords or its like.
template <class Source>
void FillWords(const Call& call, const Source& source, std::size_t first, std::size_t count, std::uint64_t* words) {
  TimeMask(call, [&] { source.Fill(first, count, words); });
}

}  // namespace fallow

#endif  // FALLOW_KERNELS_CALL_H_
