// What a request may ask for.
#ifndef FALLOW_TOOLS_SERVE_LIMITS_H_
#define FALLOW_TOOLS_SERVE_LIMITS_H_

#include <chrono>
#include <cstddef>

namespace fallow::serve {

struct Limits {
  std::size_t body_bytes = std::size_t{16} << 20;  // Of a request, decompressed. More: 413.
  std::size_t elements = std::size_t{1} << 22;     // Of its tensors. More: 413.
  std::size_t samples = 1000;                      // mc_samples. More: 400.
  std::size_t passes = 100'000;                    // Rows times samples. More: 413.
  std::chrono::milliseconds time{10'000};          // From the first byte to the answer. More: 504, or 408 for the body.
};

}  // namespace fallow::serve

#endif  // FALLOW_TOOLS_SERVE_LIMITS_H_
