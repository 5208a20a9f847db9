#include "tests/runtime/allocations.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

namespace fallow::nn {
namespace {

std::atomic<std::size_t> count{0};
std::atomic<std::size_t> largest{0};
std::atomic<std::size_t> current{0};
std::atomic<std::size_t> peak{0};
std::atomic<std::size_t> base{0};

void RaiseTo(std::atomic<std::size_t>& maximum, std::size_t value) {
  std::size_t before = maximum.load();
  while (before < value && !maximum.compare_exchange_weak(before, value)) {
  }
}

void* Allocate(std::size_t size, std::size_t alignment) {
  const std::size_t rounded = (std::max<std::size_t>(size, 1) + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) throw std::bad_alloc();
  ++count;
  RaiseTo(largest, size);
  RaiseTo(peak, current += malloc_usable_size(memory));
  return memory;
}

void Free(void* memory) {
  if (memory != nullptr) current -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

std::size_t AllocationCount() { return count; }

void ResetPeaks() {
  base = current.load();
  peak = current.load();
  largest = 0;
}

std::size_t LargestAllocation() { return largest; }
std::size_t PeakBytes() { return peak - base; }

}  // namespace fallow::nn

void* operator new(std::size_t size) { return fallow::nn::Allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return fallow::nn::Allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { fallow::nn::Free(memory); }
void operator delete(void* memory, std::size_t) noexcept { fallow::nn::Free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { fallow::nn::Free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { fallow::nn::Free(memory); }
