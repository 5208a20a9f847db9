#include "bench/peers/keeping_allocator.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <cstddef>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>

namespace fallow::bench {
namespace {

constexpr std::size_t kAlignment = 64;  // That of PyTorch's own.

class KeepingAllocator : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) const override {
    void* memory = Take((bytes + kAlignment - 1) / kAlignment * kAlignment);
    return {memory, memory, &Keep, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &Keep; }

 private:
  struct Blocks {
    std::mutex mutex;
    std::multimap<std::size_t, void*> free;
    std::map<void*, std::size_t> sizes;
  };
  static Blocks& All() {
    static auto* blocks = new Blocks;  // Outlives every tensor.
    return *blocks;
  }

  static void* Take(std::size_t bytes) {
    if (bytes == 0) return nullptr;
    Blocks& all = All();
    const std::lock_guard lock(all.mutex);
    if (const auto kept = all.free.find(bytes); kept != all.free.end()) {
      return all.free.extract(kept).mapped();
    }
    void* memory = std::aligned_alloc(kAlignment, bytes);
    if (memory == nullptr) throw std::bad_alloc();
    all.sizes[memory] = bytes;
    return memory;
  }

  static void Keep(void* memory) {
    if (memory == nullptr) return;
    Blocks& all = All();
    const std::lock_guard lock(all.mutex);
    all.free.emplace(all.sizes.at(memory), memory);
  }
};

}  // namespace

void KeepFreedTensors() {
  static KeepingAllocator allocator;
  c10::SetCPUAllocator(&allocator, /*priority=*/1);
}

}  // namespace fallow::bench
