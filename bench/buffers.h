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
  // Of what was asked for last; 64-byte aligned.
  static Buffers& For(DType type, std::size_t n);

  std::size_t size() const { return n_; }
  ConstArray x() const { return {x_.get(), type_, n_}; }  // From -5 to 5.
  Array y() { return {y_.get(), type_, n_}; }
  Array z();  // A third one, as x at first, made when first asked for.
  std::span<std::uint8_t> mask() { return {mask_.get(), n_ / 8}; }

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
  Bytes Values() const;

  DType type_;
  std::size_t n_;
  Bytes x_, y_, z_, mask_;
};

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_BUFFERS_H_
