// Where time goes: a record of each call, handed to a sink of the caller's.
#ifndef FALLOW_PROFILE_H_
#define FALLOW_PROFILE_H_

#include <cstddef>
#include <cstdint>

#include "fallow/target.h"
#include "fallow/types.h"

namespace fallow {

// The `dtype` of calls without elements: GenerateMask, GenerateDropBlockMask, CountKept, GenerateUniformBits.
inline constexpr DType kNoDType = static_cast<DType>(0xFF);

// What one call did. Strings are the library's; those of kernels are valid for ever.
struct CallRecord {
  const char* operation = "";  // The function's name, such as "DropoutForward".
  DType dtype = kNoDType;      // Of the first array in the declaration, or of y in MonteCarloForward.
  std::size_t elements = 0;    // Of the same array, or of the mask or the words where there is none.
  Target target = {};          // The one that was used: never the default value, nor one that this CPU lacks.
  // The most threads the call may have used: no more than Execution::max_threads, than the caller's arena has, or than
  // there were pieces of work.
  int threads = 1;
  std::int64_t start = 0;        // Nanoseconds since the epoch of std::chrono::steady_clock,
  std::int64_t nanoseconds = 0;  // and from there to the end, argument checks included.
  // What all threads spent working on the call, summed; `nanoseconds` if there was one.
  std::int64_t thread_nanoseconds = 0;
  // The part of it that generated, read and stored masks, or generated the random words of noise.
  std::int64_t mask_nanoseconds = 0;
  // The layer that made the call, if one did, and in which of its passes: fallow/nn/profile.h. Null: none did.
  const char* spec = nullptr;
  const char* pass = nullptr;
  std::size_t layer = 0;
};

// Receives records, through Execution::profile. A function and an address for it, rather than a virtual function, so
// that any language can bring one.
//
// Each public function that takes an Execution calls record(context, r) once if it succeeds, whatever the rate and the
// number of elements, and not at all if it fails, which its Status says. It does so on the caller's thread, when all
// outputs are complete, right before it returns. Calls that run at the same time record at the same time: `record` must
// be safe for that. It may call kernels itself. Nothing else changes: not a bit of a result, no allocation.
//
// Costs, of a call with a sink: what `record` does, two readings of the clock, and two more for each 32,768 or 65,536
// elements of a mask, or 2,048 of noise, and for each piece of work where there are several threads. Without: nothing
// but asking whether there is one.
struct ProfileSink {
  void (*record)(void* context, const CallRecord& record) noexcept = nullptr;
  void* context = nullptr;
};

}  // namespace fallow

#endif  // FALLOW_PROFILE_H_
