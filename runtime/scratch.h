// Scratch memory of a layer, handed out piece by piece.
#ifndef FALLOW_RUNTIME_SCRATCH_H_
#define FALLOW_RUNTIME_SCRATCH_H_

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace fallow::nn {

// Pieces begin at cache lines.
class Allotter {
 public:
  static constexpr std::size_t kCacheLine = 16;      // Of float.
  static constexpr std::size_t kSlack = kCacheLine;  // What may be lost in front of the first piece.

  // What a piece of `count` numbers takes.
  static constexpr std::size_t Lines(std::size_t count) { return (count + kCacheLine - 1) / kCacheLine * kCacheLine; }

  explicit Allotter(float* memory)
      : next_(memory + -(reinterpret_cast<std::uintptr_t>(memory) / sizeof(float)) % kCacheLine) {}

  float* Floats(std::size_t count) { return std::exchange(next_, next_ + Lines(count)); }
  std::uint32_t* Numbers(std::size_t count) { return new (Floats(count)) std::uint32_t[count]; }

 private:
  float* next_;
};

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_SCRATCH_H_
