#include "bench/buffers.h"

#include <cstdlib>
#include <new>

namespace fallow::bench {
namespace {

template <class T>
T* Allocate(std::size_t n) {
  const std::size_t bytes = (n * sizeof(T) + 63) / 64 * 64;
  void* p = std::aligned_alloc(64, bytes);
  if (p == nullptr) throw std::bad_alloc();
  return static_cast<T*>(p);
}

}  // namespace

void Buffers::Free::operator()(void* p) const { std::free(p); }

Buffers::Buffers(std::size_t n)
    : n_(n), x_(Allocate<float>(n)), y_(Allocate<float>(n)), mask_(Allocate<std::uint8_t>(n / 8)) {
  for (std::size_t i = 0; i < n; ++i) {
    x_[i] = static_cast<float>(i % 1000) * 0.01f - 5.0f;
    y_[i] = 0.0f;
  }
  for (std::size_t i = 0; i < n / 8; ++i) mask_[i] = static_cast<std::uint8_t>(i * 167 >> 3);
}

Buffers& Buffers::OfSize(std::size_t n) {
  static std::unique_ptr<Buffers> current;
  if (current == nullptr || current->size() != n) {
    current.reset();
    current.reset(new Buffers(n));
  }
  return *current;
}

}  // namespace fallow::bench
