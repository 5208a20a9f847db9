// The clock of profile records.
#ifndef FALLOW_KERNELS_CLOCK_H_
#define FALLOW_KERNELS_CLOCK_H_

#include <chrono>
#include <cstdint>

namespace fallow {

inline std::int64_t NowNanoseconds() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace fallow

#endif  // FALLOW_KERNELS_CLOCK_H_
