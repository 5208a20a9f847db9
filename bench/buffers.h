// The buffers that all rows of a size share, touched before anything is timed.
#ifndef FALLOW_BENCH_BUFFERS_H_
#define FALLOW_BENCH_BUFFERS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace fallow::bench {

class Buffers {
 public:
  // Of the size asked for last; 64-byte aligned.
  static Buffers& OfSize(std::size_t n);

  std::size_t size() const { return n_; }
  std::span<const float> x() const { return {x_.get(), n_}; }
  std::span<float> y() { return {y_.get(), n_}; }
  std::span<std::uint8_t> mask() { return {mask_.get(), n_ / 8}; }

 private:
  explicit Buffers(std::size_t n);
  struct Free {
    void operator()(void* p) const;
  };
  std::size_t n_;
  std::unique_ptr<float[], Free> x_, y_;
  std::unique_ptr<std::uint8_t[], Free> mask_;
};

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_BUFFERS_H_
