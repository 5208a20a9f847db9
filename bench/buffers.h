// The buffers that all rows of a type and size share, touched before anything is timed.
#ifndef FALLOW_BENCH_BUFFERS_H_
#define FALLOW_BENCH_BUFFERS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "fallow/array.h"

namespace fallow::bench {

class Buffers {
 public:
  // Of what was asked for last if they are large; small ones stay. 64-byte aligned.
  static Buffers& For(DType type, std::size_t n);

  // Makes the outputs what they were at first: y zeros, z the halves of x swapped, the mask a pattern.
  void Refill();

  std::size_t size() const { return n_; }
  ConstArray x() const { return {x_.get(), type_, n_}; }  // From -5 to 5.
  Array y() { return {y_.get(), type_, n_}; }
  Array z();  // A third and a fourth one, made when first asked for.
  Array w();
  std::span<std::uint8_t> mask() { return {mask_.get(), n_ / 8}; }
  std::span<std::uint8_t> mask_bytes();  // One byte an element, made when first asked for.

  // Of f32 buffers.
  const float* x_f32() const { return reinterpret_cast<const float*>(x_.get()); }
  float* y_f32() { return reinterpret_cast<float*>(y_.get()); }

 private:
  Buffers(DType type, std::size_t n);
  struct Free {
    void operator()(void* p) const;
  };
  using Bytes = std::unique_ptr<std::uint8_t[], Free>;
  static Bytes Allocate(std::size_t bytes);
  void FillZ();
  std::size_t bytes() const { return n_ * SizeOf(type_); }

  DType type_;
  std::size_t n_;
  Bytes x_, y_, z_, w_, mask_, mask_bytes_;
};

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_BUFFERS_H_
