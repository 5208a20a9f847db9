// Counts what a test binary allocates: link allocations.cc.
#ifndef FALLOW_TESTS_RUNTIME_ALLOCATIONS_H_
#define FALLOW_TESTS_RUNTIME_ALLOCATIONS_H_

#include <cstddef>

namespace fallow::nn {

// Of operator new, in all its forms, on all threads, since the binary began.
std::size_t AllocationCount();
// The largest single allocation and the most bytes at once since ResetPeaks.
void ResetPeaks();
std::size_t LargestAllocation();
std::size_t PeakBytes();  // Above what was allocated at ResetPeaks.

}  // namespace fallow::nn

#endif  // FALLOW_TESTS_RUNTIME_ALLOCATIONS_H_
