#include "bench/buffers.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <utility>

namespace fallow::bench {
namespace {

template <class T>
T FromFloat(float value) {
  return static_cast<T>(value);
}
template <>
BFloat16 FromFloat(float value) {
  return ToBFloat16(value);
}
template <>
Float16 FromFloat(float value) {
  return ToFloat16(value);
}

template <class T>
void FillValuesOf(std::size_t n, std::uint8_t* bytes) {
  for (std::size_t i = 0; i < n; ++i) {
    const T value = FromFloat<T>(static_cast<float>(i % 1000) * 0.01f - 5.0f);
    std::memcpy(bytes + i * sizeof(T), &value, sizeof(T));
  }
}

void FillValues(DType type, std::size_t n, std::uint8_t* bytes) {
  switch (type) {
    case DType::kF32:
      return FillValuesOf<float>(n, bytes);
    case DType::kF64:
      return FillValuesOf<double>(n, bytes);
    case DType::kBF16:
      return FillValuesOf<BFloat16>(n, bytes);
    case DType::kF16:
      return FillValuesOf<Float16>(n, bytes);
  }
}

}  // namespace

void Buffers::Free::operator()(void* p) const { std::free(p); }

Buffers::Bytes Buffers::Allocate(std::size_t bytes) {
  void* p = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (p == nullptr) throw std::bad_alloc();
  return Bytes(static_cast<std::uint8_t*>(p));
}

Buffers::Buffers(DType type, std::size_t n)
    : type_(type), n_(n), x_(Allocate(bytes())), y_(Allocate(bytes())), mask_(Allocate(n / 8)) {
  FillValues(type, n, x_.get());
  Refill();
}

void Buffers::Refill() {
  std::memset(y_.get(), 0, bytes());
  if (z_ != nullptr) FillZ();
  for (std::size_t i = 0; i < n_ / 8; ++i) mask_[i] = static_cast<std::uint8_t>(i * 167 >> 3);
  if (mask_bytes_ == nullptr) return;
  for (std::size_t i = 0; i < n_; ++i) mask_bytes_[i] = static_cast<std::uint8_t>(i * 167 >> 6 & 1);
}

void Buffers::FillZ() {
  const std::size_t half = n_ / 2 * SizeOf(type_);
  std::memcpy(z_.get(), x_.get() + half, bytes() - half);
  std::memcpy(z_.get() + bytes() - half, x_.get(), half);
}

Array Buffers::z() {
  if (z_ == nullptr) {
    z_ = Allocate(bytes());
    FillZ();
  }
  return {z_.get(), type_, n_};
}

Array Buffers::w() {
  if (w_ == nullptr) {
    w_ = Allocate(bytes());
    std::memset(w_.get(), 0, bytes());
  }
  return {w_.get(), type_, n_};
}

std::span<std::uint8_t> Buffers::mask_bytes() {
  if (mask_bytes_ == nullptr) {
    mask_bytes_ = Allocate(n_);
    Refill();
  }
  return {mask_bytes_.get(), n_};
}

Buffers& Buffers::For(DType type, std::size_t n) {
  using Shared = std::unique_ptr<Buffers>;
  static std::map<std::pair<DType, std::size_t>, Shared> small;
  static Shared large;
  const bool is_small = n <= 1 << 20;
  Shared& shared = is_small ? small[{type, n}] : large;
  if (shared == nullptr || shared->n_ != n || shared->type_ != type) {
    shared.reset();  // Before the next ones, as memory may not hold both.
    shared.reset(new Buffers(type, n));
  }
  return *shared;
}

}  // namespace fallow::bench
