#include "bench/buffers.h"

#include <cstdlib>
#include <cstring>
#include <new>

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
void FillValues(std::uint8_t* bytes, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const T value = FromFloat<T>(static_cast<float>(i % 1000) * 0.01f - 5.0f);
    std::memcpy(bytes + i * sizeof(T), &value, sizeof(T));
  }
}

}  // namespace

void Buffers::Free::operator()(void* p) const { std::free(p); }

Buffers::Bytes Buffers::Allocate(std::size_t bytes) {
  void* p = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (p == nullptr) throw std::bad_alloc();
  return Bytes(static_cast<std::uint8_t*>(p));
}

Buffers::Bytes Buffers::Values() const {
  Bytes bytes = Allocate(n_ * SizeOf(type_));
  switch (type_) {
    case DType::kF32:
      FillValues<float>(bytes.get(), n_);
      break;
    case DType::kF64:
      FillValues<double>(bytes.get(), n_);
      break;
    case DType::kBF16:
      FillValues<BFloat16>(bytes.get(), n_);
      break;
    case DType::kF16:
      FillValues<Float16>(bytes.get(), n_);
      break;
  }
  return bytes;
}

Buffers::Buffers(DType type, std::size_t n)
    : type_(type), n_(n), x_(Values()), y_(Allocate(n * SizeOf(type))), mask_(Allocate(n / 8)) {
  std::memset(y_.get(), 0, n * SizeOf(type));
  for (std::size_t i = 0; i < n / 8; ++i) mask_[i] = static_cast<std::uint8_t>(i * 167 >> 3);
}

Array Buffers::z() {
  if (z_ == nullptr) z_ = Values();
  return {z_.get(), type_, n_};
}

Buffers& Buffers::For(DType type, std::size_t n) {
  static std::unique_ptr<Buffers> current;
  if (current == nullptr || current->n_ != n || current->type_ != type) {
    current.reset();
    current.reset(new Buffers(type, n));
  }
  return *current;
}

}  // namespace fallow::bench
